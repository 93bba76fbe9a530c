"""Every allocation of every system call fails once: what the call says, what is left behind, who notices a leak."""
import conftest
import pytest
import qemu

GUEST = "pgctl=1 idle=poll userfaults=0 -- machine /bin/abitest pgctl=1 only=nomem"


@pytest.mark.parametrize("cpus, kernel", [(1, qemu.KERNEL), (4, qemu.DEBUG_KERNEL)])
def test_every_allocation_fails_once(ktap, cpus, kernel):
    """The debug kernel also finds what was written after it was freed (poison)."""
    parsed = ktap(GUEST, smp=cpus, icount=4, kernel=kernel)
    assert sorted(parsed.passed) == ["nomem.files", "nomem.growth", "nomem.handles", "nomem.huge_pages", "nomem.looks", "nomem.mappings", "nomem.processes", "nomem.touches"]


def test_a_leak_is_seen(boot):
    """A fork that keeps one object when it fails: the cache is named, and the allocation after which it happened."""
    assert conftest.make("all", "DEBUG=1", "MUTANT=fork_leaks_group")[0] == 0
    result = boot(GUEST, smp=1, icount=4, kernel="build/mutants/fork_leaks_group/freewalk.elf")
    assert result.verdict == "fail"
    assert result.find(r"^# thread_group: (\d+) objects, then \d+$")
    assert result.find(r"^# fork, allocation \d+ fails")
    assert conftest.parse_ktap(result.lines).failed == ["nomem.processes"]
