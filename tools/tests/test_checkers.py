"""The run-time checkers of the debug build: each is shown a mistake that it must find (kernel/selftest_checkers.c)."""
import re

import check_lib
import pytest
import qemu
from conftest import ROOT

# selftest=, what the PANIC line says, and what else must be in the report.
MISTAKES = {
    "lockrank": (r"lock order: pgd_lock \(rank 5\) is taken while zone \(rank 9\) is held",
                 [r"now, holds: zone .*take_both", r"takes: pgd_lock .*take_both"]),
    "lockcycle": (r"lock order: test_a is taken while test_c is held, and elsewhere the other way round",
                  [r"now, holds: test_c .*take_both", r"before, held: test_a .*take_both", r"took: test_b .*take_both",
                   r"before, held: test_b .*take_both", r"took: test_c .*take_both"]),
    "lockclass": (r"lock recursion: test_a 0x[0-9a-f]+ is taken while another 0x[0-9a-f]+ is held", [r"takes: test_a .*take_both"]),
    "locktwice": (r"lock recursion: test_a (?P<it>0x[0-9a-f]+) is taken while the same (?P=it) is held", []),
    "mutexrank": (r"lock order: mmap_lock \(rank 2\) is taken while memobj \(rank 3\) is held", [r"mutex memobj 0x"]),
    "unheld": (r"lock test_a 0x[0-9a-f]+ is given back by CPU \d+, which does not hold it", []),
    "unclassed": (r"lock 0x[0-9a-f]+ has no class \(0\): it was never initialised", []),
    "irqunsafe": (r"interrupt state: test_a is taken in an interrupt handler, and held with interrupts on",
                  [r"taken in an interrupt handler: test_a .*lock_a", r"held with interrupts on: test_a "]),
    "irqinside": (r"interrupt state: test_a is taken in an interrupt handler; test_b, taken inside of it, is held with interrupts on",
                  [r"before, held: test_a .*take_both", r"took: test_b .*take_both", r"held with interrupts on: test_b"]),
    "irqleak": (r"the handler of vector \d+ found 0 locks, .*leaves 1,", [r"spin lock test_a .*keep_a"]),
    "irqrestore": (r"lock test_a 0x[0-9a-f]+: interrupts are on before their flag is restored", []),
    "calllock": (r"interrupt state: test_a is waited for with interrupts off, and held while other CPUs are interrupted",
                 [r"waited for with interrupts off: test_a .*lock_a|test_a .*crash_calllock", r"waited for: test_a .*cpu_call_mask"]),
    "nmilock": (r"lock test_a 0x[0-9a-f]+ is waited for in an NMI", []),
    "sleeplocked": (r"sleeping with preemption off, depth 1, and 1 spin locks held", [r"spin lock test_a .*crash_sleeplocked"]),
    "sleepirqsoff": (r"sleeping with interrupts off", []),
    "sleepreading": (r"sleeping in an RCU read section, depth 1", []),
    "sleepirq": (r"sleeping in an interrupt handler", []),
    "copylocked": (r"sleeping with preemption off, depth 1, and 1 spin locks held", [r"get_user_u32", r"spin lock test_a"]),
    "rcuderef": (r"what RCU protects is looked at outside of a read section", [r"crash_rcuderef|selftest_run"]),
    "rcusync": (r"sleeping with preemption off, depth 1, and 0 spin locks held", [r"synchronize_rcu"]),
    "rcutwice": (r"call_rcu\(\) twice on 0x[0-9a-f]+", []),
    "rcuirq": (r"call_rcu\(\) in an interrupt handler", []),
    "rcuunlock": (r"rcu_read_unlock: assertion failed: r->nesting > 0", []),
    "exitreading": (r"a task leaves the kernel: .*1 read sections", [r"sched_exit|do_exit"]),
    "leavemutex": (r"a task leaves the kernel: preemption depth 0, 0 spin locks, 1 mutexes", [r"mutex memobj .*leave_mutex"]),
    "leavereading": (r"a task leaves the kernel: .*0 mutexes, 1 read sections", [r"syscall_entry|trap_common|ret_from_fork"]),
}


# Those whose check another one's test goes through as well.
LONG = {"locktwice", "mutexrank", "unclassed", "irqrestore", "sleepirqsoff", "sleepirq", "copylocked", "rcusync", "rcuirq", "rcuunlock",
        "exitreading", "leavereading"}


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=pytest.mark.more if kind in LONG else ()) for kind in MISTAKES])
def test_a_planted_mistake_is_found(boot, kind):
    headline, report = MISTAKES[kind]
    result = boot(f"selftest={kind} pgctl=1 -- /bin/abitest only=process", smp=2, timeout=120, kernel=qemu.DEBUG_KERNEL)
    assert result.verdict == "panic", f"{result.verdict}: {result.reason}"
    assert result.find(rf"PANIC cpu \d+ pid \d+: (\S+:\d+: )?.*{headline}"), [line for line in result.lines if "PANIC" in line]
    for line in report:
        assert result.find(line), (line, result.lines[-40:])


def test_every_planted_mistake_is_tried_here():
    source = check_lib.read(ROOT, "kernel/selftest_checkers.c")
    assert re.findall(r'\{"(\w+)", (?:crash|plant)_\1, ', source) == list(MISTAKES)


def test_a_release_build_knows_none_of_them(boot):
    result = boot("selftest=lockrank", smp=1, timeout=120)
    assert result.verdict == "panic" and result.find("selftest=lockrank is unknown; known:.* nullderef")


def test_the_order_that_was_seen_is_printed_when_asked(boot_ok):
    result = boot_ok("locks=1 pgctl=1 ktest=1 filter=slab,wait", smp=4, expect="^# ktest: PASS", kernel=qemu.DEBUG_KERNEL)
    assert result.find(r"^# locks: slab irqs-on.*: zone$")
    assert result.find(r"^# locks: wait_queue .*irqs-off: rq$")
