"""All roots are pinned under the running stress (PGCTL_PIN): the processes freeze, every CPU verifies, all go on."""
import re

import pytest


def pins(result):
    """How often the pinner of the measured run pinned, and the most roots that it has ever met at once."""
    found = [re.match(r"^pgstress: pinner 0: (\d+) times, up to (\d+) roots$", line) for line in result.lines]
    counts = [(int(m[1]), int(m[2])) for m in found if m]
    return counts[-1][0], max(roots for _, roots in counts)


@pytest.mark.parametrize("strategy", ["walk", "list"])
def test_pinned_under_stress(boot_ok, strategy):
    """The other strategies: the in-kernel tests (suite pin)."""
    result = boot_ok(f"pgsync={strategy} pgctl=1 -- /bin/pgstress pinners=1 ops=80 seed=3", smp=8, expect="^PGSTRESS: PASS")
    times, roots = pins(result)
    # A pin weighs as much as eight operations of a worker. The pinner, the starter, init, and whoever works.
    assert times == 10 and roots > 4


def test_64_cpus_freeze(boot_ok):
    result = boot_ok("pgctl=1 deadline=300 -- /bin/pgstress pinners=1 ops=4 seed=3", smp=64, timeout=550,
                     expect="^PGSTRESS: PASS")
    times, roots = pins(result)
    assert times == 4 and roots > 8


def test_who_does_not_freeze_is_named(boot_ok):
    result = boot_ok("ktest=1 filter=freezer.who_stays_awake", smp=2, expect="^# ktest: PASS")
    assert result.find(r"^freezer: process \d+ does not freeze: thread \d+ \(actor\) runs or wants to, CPU 1$")
    assert result.find(r"^freezer: gave up after 3 ms, 1 threads awake$")


def test_a_gigabyte_page_is_split(ktap):
    """The machine of the other tests is too small to have one."""
    result = ktap("ktest=1 filter=guard.i36", smp=4, mem="4G", expect="^# ktest: PASS")
    assert not result.skipped
