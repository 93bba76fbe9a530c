"""CPUs that come online while everything runs: maxcpus= at boot, then the system call cpu_online."""
import re

import pytest
import qemu

from test_stress import report

# Of a CPU that has come: its idle task and its worker, each with a stack of four pages, and their tables.
PAGES_A_CPU = 16


def brought(result):
    """How many CPUs the pluggers of warm-up and run have brought online."""
    return sum(int(m[1]) for m in (re.match(r"^pgstress: plugger 0: (\d+) CPUs brought online$", line) for line in result.lines) if m)


@pytest.mark.parametrize("strategy", ["walk", *(pytest.param(s, marks=pytest.mark.more) for s in ("loadwalk", "list", "fault", "prealloc"))])
def test_sixty_cpus_come_one_by_one_under_stress(boot_ok, strategy):
    result = boot_ok(f"pgsync={strategy} maxcpus=4 pgctl=1 -- /bin/pgstress plug=64 workers=24 threads=4 growers=2 duration=3"
                     f" seed=7 leak={64 + 60 * PAGES_A_CPU}", smp=64, expect="^PGSTRESS: PASS")
    assert result.find(r"^smp: 4 of 64 CPUs online")
    assert brought(result) == 60
    rows = report(result)
    assert rows["CPUs"] == 64
    assert rows["missing slots found"] == 0
    assert (rows["growths (slots installed)"] == 0) == (strategy == "prealloc")


def test_one_cpu_becomes_two(boot_ok):
    result = boot_ok("maxcpus=1 pgctl=1 -- /bin/pgstress plug=2 duration=1 seed=7 leak=64", smp=2, expect="^PGSTRESS: PASS")
    assert brought(result) == 1 and report(result)["CPUs"] == 2


def test_a_cpu_that_there_is_not(boot):
    result = boot("maxcpus=1 pgctl=1 -- /bin/pgstress plug=3 duration=1 seed=7", smp=2, expect="^PGSTRESS: PASS")
    assert result.verdict == "fail"
    assert result.find("^pgstress: plugger 0: CPU 2: Invalid argument$")


def test_the_way_online(ktap):
    """The schedules that matter, forced; none is left out for want of a CPU."""
    parsed = ktap("ktest=1 pgctl=1 idle=poll maxcpus=4 seed=1 filter=online,guard.i38", smp=11, icount=4, kernel=qemu.DEBUG_KERNEL)
    assert not parsed.skipped and len(parsed.passed) >= 8


@pytest.mark.more
def test_the_last_of_255(boot_ok):
    result = boot_ok("maxcpus=250 pgctl=1 -- /bin/pgstress plug=255 workers=8 threads=2 growers=1 ops=4 seed=1 leak=4200", smp=255,
                     expect="^PGSTRESS: PASS")
    assert brought(result) == 5 and report(result)["CPUs"] == 255
