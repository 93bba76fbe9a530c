"""The page-table stress: the strategies that propagate pass, the one that does not is caught, on 64 CPUs."""
import re

import pytest

VMALLOC_SLOTS = range(402, 402 + 64)


def number(result, label):
    """The number that the report gives for `label`."""
    match = result.find(rf"(?i)\b{label}\b\D*(\d[\d,]*)")
    assert match, f"the report has no {label!r}"
    return int(match[1].replace(",", ""))


@pytest.mark.parametrize("strategy", ["walk", "list"])
def test_nothing_is_missing_and_nothing_leaks(boot_ok, strategy):
    result = boot_ok(f"pgsync={strategy} pgctl=1 seed=11 -- /bin/pgstress duration=10 seed=11", smp=64,
                     expect="^PGSTRESS: PASS")
    assert number(result, "missing(?: slots)?(?: found)?") == 0
    # The stress has really done what it is for.
    for label in ("forks", "execs", "exits", "growths", "touches", "audits"):
        assert number(result, label) > 0, label


def test_the_bug_is_seen_without_propagation(boot):
    result = boot("pgsync=none pgctl=1 seed=11 -- /bin/pgstress duration=10 seed=11", smp=64, expect="^PGSTRESS: PASS")
    assert result.verdict == "fail", result.reason
    assert not result.find("^PGSTRESS: PASS") and result.find("^PGSTRESS: FAIL")
    assert number(result, "missing(?: slots)?(?: found)?") > 0
    first = result.find(r"(?i)first missing.*?slot\D*(\d+)")
    assert first and int(first[1]) in VMALLOC_SLOTS


def test_few_cpus_too(boot_ok):
    for cpus in (1, 2):
        boot_ok("pgctl=1 -- /bin/pgstress duration=3 seed=5", smp=cpus, expect="^PGSTRESS: PASS")


def test_refused_without_the_boot_option(boot):
    """Kernel-side controls are for test boots only: the stress must say that it was refused, and not pass."""
    def over(process, line):
        return re.search("cannot end the machine", line)
    result = boot("-- /bin/pgstress duration=1", smp=2, on_line=over, timeout=60)
    assert not result.find("^PGSTRESS: PASS")
    assert result.find(r"(?i)EPERM|not permitted|refused|pgctl=1"), "the refusal is not reported"
