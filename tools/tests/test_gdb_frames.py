"""Backtraces through every way into the kernel: from a program through a system call, a page fault and an interrupt,
out of an interrupt that came in the kernel, of a kernel thread; and at each instruction of the entry code itself."""
import os
import re

import pytest
import qemu
from gdb_session import session

STEPS = os.path.join(qemu.ROOT, "tools/tests/gdb_step_entry.py")
TIMER = "thbreak sched_timer_interrupt if user"


@pytest.fixture(scope="module")
def said():
    return session([
        "thbreak kernel_execve", "continue", "bt", "fw first-user", f"source {STEPS}",
        "thbreak trap_dispatch if regs->vector == 14 && (regs->cs & 3)", "continue", "bt 10",
        "thbreak sys_wait4", "continue", "bt 11",
        f"{TIMER} == 0", "continue", "bt 12",
        f"{TIMER} == 1", "continue", "bt 13",
        "thbreak wait_child", "continue", "set $pid = $fw_current()->pid",
        "thbreak sys_wait4 if $fw_current()->pid == $pid", "continue", "bt 3", "frame function wait_child", "print $cs",
    ], smp=1)


def names(lines):
    """The functions of a backtrace, frame 0 first."""
    return [m[1] for m in (re.match(r"#\d+ +(?:0x[0-9a-f]+ in )?(<[^>]*>|\w+)", line) for line in lines) if m]


def test_each_instruction_of_the_entry_code_knows_what_was_interrupted(said):
    counts = {}
    for line in said[f"source {STEPS}"]:
        if m := re.match(r"([a-z ]+): (\d+) right, 0 unknown, then back$", line):
            counts[m[1]] = int(m[2])
    assert set(counts) == {"system call", "page fault", "timer"}
    assert min(counts.values()) > 40, "15 registers are pushed, and popped or loaded again"


def test_a_kernel_thread_ends_where_it_began(said):
    assert names(said["bt"]) == ["kernel_execve", "init_thread", "kthread_start"]


def test_a_page_fault_leads_to_the_user_function(said):
    frames = names(said["bt 10"])
    assert frames[:2] == ["trap_dispatch", "<page fault from user mode>"] and len(frames) > 2


def test_a_system_call_leads_to_its_caller(said):
    frames = names(said["bt 11"])
    assert frames[0] == "sys_wait4" and frames[1] == "<system call 61 (wait4)>"
    assert names(said["bt 3"]) == ["sys_wait4", "<system call 61 (wait4)>", "wait_child"]
    assert re.match(r"#2 .* at user/lib/freewalk.c:\d+$", said["frame function wait_child"][0])
    assert said["print $cs"][0].endswith("= 35"), "the user's code segment, 0x23"


@pytest.mark.parametrize("command, came", [("bt 12", "from the kernel"), ("bt 13", "from user mode")])
def test_interrupts_say_what_they_interrupted(said, command, came):
    frames = names(said[command])
    assert frames[0] == "sched_timer_interrupt"
    interrupted = frames.index(f"<interrupt 0xf0 (timer) {came}>") + 1
    assert re.match(r"\w+$", frames[interrupted])
