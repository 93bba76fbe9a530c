"""Process information: whoever has the right is told, and nobody else."""
import pytest

GUEST = "pgctl=1 userfaults=0 -- machine /bin/abitest pgctl=1 only=procinfo"


@pytest.mark.parametrize("cpus", [1, 4])
def test_what_is_told(ktap, cpus):
    assert len(ktap(GUEST, smp=cpus).passed) >= 28


@pytest.mark.parametrize("strategy", ["list", "loadwalk", "fault", "prealloc", "none"])
@pytest.mark.more
def test_roots_under_each_strategy(ktap, strategy):
    assert ktap(f"pgsync={strategy} {GUEST}", smp=4).passed


def test_five_levels(ktap):
    """Where the upper levels of a process's tables are one more."""
    assert ktap(GUEST, smp=2, levels=5).passed
