"""Memory hot-plug: DIMMs come at 512 GiB and go while processes run, on QEMU's monitor."""
import os
import re
import tempfile
import threading

import pytest

from qmp import Qmp

MIB = 1 << 20
ADDR = 512 << 30  # the first address that needs a direct-map slot of its own, with four levels


class Hands:
    """Plugs and pulls by what the guest asks for; what happened is in `done`."""

    def __init__(self, path, size):
        self.path, self.size, self.done, self.qmp, self.thread, self.error = path, size, [], None, None, None

    def act(self, what):
        try:
            if self.qmp is None:
                self.qmp = Qmp(self.path)
            if what == "plug":
                self.qmp.plug("dimm", self.size, ADDR)
                self.done.append("plugged")
            else:
                self.done.append("pulled" if self.qmp.pull("dimm") else "refused")
        except (RuntimeError, OSError) as error:
            self.error = error

    def on_line(self, _process, line):
        """Acts in a thread: the guest's next words must be read meanwhile."""
        request = {"PGHOT: plug": "plug", "PGHOT: pull in vain": "pull", "PGHOT: pull": "pull"}.get(line)
        if request:
            if self.thread:
                self.thread.join()
            self.thread = threading.Thread(target=self.act, args=(request,))
            self.thread.start()

    def end(self):
        if self.thread:
            self.thread.join()
        assert self.error is None, self.error


@pytest.fixture
def hot(boot):
    """hot(append, smp, size=128 MiB, **machine): boots pghot and serves it; returns (result, hands)."""
    def run(append, smp, size=128 * MIB, **options):
        hands = Hands(os.path.join(tempfile.gettempdir(), f"freewalk-qmp-{os.getpid()}"), size)
        result = boot(append, smp, slots=4, qmp=hands.path, on_line=hands.on_line, expect="^PGHOT: PASS", **options)
        hands.end()
        return result, hands
    return run


def in_the_new_memory(result):
    """(processes, CPUs, pages there, pages) of each time that processes said it."""
    found = [re.match(r"PGHOT: (\d+) processes on (\d+) CPUs have (\d+) of (\d+) pages in the new memory", line)
             for line in result.lines]
    return [tuple(map(int, m.groups())) for m in found if m]


def stress_row(result, name):
    return int(result.find(rf"^  {name} +(-?\d+)")[1])


def test_memory_comes_and_goes_under_the_stress(hot):
    """64 CPUs: plugged in at 512 GiB, used on all of them, pulled out from under running processes; then once more."""
    result, hands = hot("pgctl=1 seed=3 -- /bin/pghot stress=6 rounds=2 seed=3", smp=64, mem="512M")
    assert result.verdict == "pass", result.reason
    assert hands.done == ["plugged", "pulled"] * 2
    assert in_the_new_memory(result) == [(64, 64, 2048, 2048)] * 2
    assert result.find("^PGSTRESS: PASS")
    assert stress_row(result, "missing slots found") == 0


@pytest.mark.parametrize("strategy", ["list", "fault", "prealloc", "loadwalk"])
def test_every_strategy(hot, strategy):
    result, hands = hot(f"pgsync={strategy} pgctl=1 -- /bin/pghot stress=4 rounds=1", smp=4, mem="256M")
    assert result.verdict == "pass", result.reason
    assert hands.done == ["plugged", "pulled"]
    assert result.find("^PGSTRESS: PASS")


def test_without_propagation_the_new_memory_is_a_crash(hot):
    """`none`: the direct map's new slot is in the reference root alone, and somebody's next page is behind it."""
    result, _ = hot("pgsync=none pgctl=1 -- /bin/pghot rounds=1", smp=4, mem="256M")
    assert result.verdict == "panic", result.reason
    assert result.find(r"PANIC.*missing slot 274: .*the reference root has it")


def test_memory_that_is_needed_stays(hot):
    """What one process has in the new memory has no room elsewhere: refused, and it still has it; then it goes."""
    result, hands = hot("pgctl=1 -- /bin/pghot rounds=0 hog=300", smp=4, mem="256M", size=512 * MIB)
    assert result.verdict == "pass", result.reason
    assert hands.done == ["plugged", "refused", "pulled"]
    assert result.find(r"memory: slot 0: 512 MiB at 0x8000000000 stay: \d+ pages are in use, and there is no room")


def test_memory_that_is_there_at_power_on(boot_ok):
    result = boot_ok("pgctl=1 -- /bin/pghot rounds=0", smp=2, dimms=["128M@0x8000000000"], expect="^PGHOT: PASS")
    assert result.find("memory: slot 0: 128 MiB at 0x8000000000 added")


def test_what_is_no_whole_section_is_not_added(boot_ok):
    result = boot_ok("pgctl=1 -- /bin/pghot rounds=0", smp=2, dimms=["64M@0x8000000000"], expect="^PGHOT: PASS")
    assert result.find("memory: slot 0: 64 MiB at 0x8000000000 not added: error -22")


def test_a_machine_without_slots_says_nothing(boot_ok):
    result = boot_ok("pgctl=1 -- /bin/pghot rounds=0", smp=2, expect="^PGHOT: PASS")
    assert not result.find("memory: slot|memory: no event")
