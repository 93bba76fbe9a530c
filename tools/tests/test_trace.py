"""Tracing: what it costs when it is off, and that the rings say what happened when it is on."""
import collections
import os
import re
import subprocess
import sys

import pytest
import qemu
from conftest import ROOT, STRESS_PASS

sys.path.insert(0, os.path.join(ROOT, "tools/trace"))
import rings  # noqa: E402 (its path is set above)


def code(kernel, function):
    """The function's instructions as objdump prints them, the bytes first."""
    done = subprocess.run(["objdump", "-d", f"--disassemble={function}", kernel], stdout=subprocess.PIPE, text=True, check=True)
    return re.findall(r"^[0-9a-f]+:\t(.*)$", done.stdout, re.M)


@pytest.mark.parametrize("kernel", [qemu.KERNEL, qemu.DEBUG_KERNEL])
def test_off_an_event_is_a_nop(kernel):
    """In the image, which is what a boot without trace= runs: NOPs of five bytes on the way, each call out of the way."""
    for function, least in (("copy_kernel_half", 3), ("kroot_install", 6), ("pgd_alloc", 1)):
        lines = code(kernel, function)
        nops = [i for i, line in enumerate(lines) if line.startswith("0f 1f 44 00 00 ")]
        calls = [i for i, line in enumerate(lines) if "<trace_call>" in line]
        assert len(nops) >= least and len(calls) >= least
        returns = next(i for i, line in enumerate(lines) if re.search(r"\tret\b", line))
        assert min(calls) > returns, f"{function} makes a call on its way"


@pytest.fixture
def traced(boot_ok, tmp_path):
    """traced(append, smp, ...): boots with tracing on; returns (qemu.Result, rings.Recording)."""
    def run(append, kernel=qemu.KERNEL, **machine):
        memory = str(tmp_path / "memory")
        result = boot_ok(append, kernel=kernel, mem="512M", memory_file=memory, **machine)
        recording = rings.read(memory, kernel)
        os.unlink(memory)
        return result, recording
    return run


def test_in_the_kernel(ktap):
    """Threads that move and interrupts that come meanwhile tear nothing and lose nothing."""
    options = "ktest=1 filter=trace seed=1 idle=poll"
    on = ktap(f"{options} trace=1 trace_events=16384", smp=4, icount=4)
    assert "trace.nothing_is_lost_or_torn" in on.passed
    off = ktap(options, smp=1, icount=4)
    assert "trace.off_nothing_is_written" in off.passed


def test_a_recording_is_what_the_kernel_counted(traced):
    """Each switch, growth and visit, and the steps of each root's life, on 16 CPUs."""
    result, recording = traced("trace=1 trace_events=65536 pgctl=1 seed=1 -- @servers /bin/pgstress ops=40 seed=1",
                               smp=16, expect=STRESS_PASS)
    assert recording.cpus == 16 and recording.lost == [0] * 16
    count = collections.Counter(e.name for e in recording.events)
    # A few more than it has printed: the other CPUs go on until the machine ends.
    assert 0 <= count["switched"] - int(result.find(r"^schedule hash: \w+, (\d+) switches")[1]) <= 32
    growths, visits = (int(result.find(rf"^  {text} +(\d+)$")[1]) for text in (r"growths \(slots installed\)", "roots visited by growth"))
    # The stress reports what has grown since it began to count, after it had warmed up.
    assert count["grow_ready"] == count["grow_slot"] == count["grow_gen"] >= growths > 0
    assert count["walk_found"] + count["loaded_found"] >= visits > 0
    assert count["root_new"] == count["late_begin"] == count["late_fence"] == count["late_end"] > 100
    assert count["copy_begin"] == count["copy_done"] == count["late_begin"] + count["load_behind"]
    assert count["copy_word"] == 4 * count["copy_begin"]
    for cpu in range(16):
        times = [e.time for e in recording.events if e.cpu == cpu]
        assert times == sorted(times)


def test_growth_is_in_the_order_of_the_protocol(traced):
    _, recording = traced("trace=pgsync pgctl=1 seed=1 idle=poll -- @servers /bin/pgstress duration=1 seed=1", smp=4, icount=4,
                          expect=STRESS_PASS)
    steps = ["grow_checked", "grow_slot", "grow_gen", "grow_stored", "walk_done", "grow_synced", "grow_ready"]
    assert {e.name for e in recording.events}.isdisjoint({"switched", "rcu_begin"}), "classes that were not asked for"
    growths = [e for e in recording.events if e.name in steps]
    assert growths
    for i in range(0, len(growths), len(steps)):
        assert [e.name for e in growths[i:i + len(steps)]] == steps
        assert len({e.cpu for e in growths[i:i + len(steps)]}) == 1


def test_a_full_ring_keeps_the_newest(traced):
    _, recording = traced("trace=1 trace_events=64 ktest=1 filter=sched seed=1", smp=2)
    assert any(recording.lost)
    for cpu in range(2):
        assert sum(e.cpu == cpu for e in recording.events) <= 64
        if recording.lost[cpu]:
            assert sum(e.cpu == cpu for e in recording.events) >= 63


def test_system_calls(traced):
    """Every call goes in and comes out, or its process ends in it; the calls that all programs make are there."""
    _, recording = traced("trace=syscall trace_events=65536 pgctl=1 -- /bin/pgstress ops=40 seed=1", smp=2)
    assert recording.lost == [0, 0]
    inside = {}
    for e in recording.events:
        if e.name == "sys_enter":
            assert e.pid not in inside
            inside[e.pid] = e.a
        elif e.pid in inside:
            assert inside.pop(e.pid) == e.a
    fork, execve, leave, wait4 = 57, 59, 60, 61  # kernel/syscalls.h
    assert {fork, execve, wait4, leave} <= {e.a for e in recording.events if e.name == "sys_enter"}


@pytest.mark.parametrize("option, message", [
    ("trace=pgsync,nosuch", "trace=pgsync,nosuch: known are 1, all"), ("trace=", "trace=: known are"),
    ("trace=1 trace_events=100", "trace_events=100: a power of two")])
def test_refused_at_boot(boot, option, message):
    result = boot(option)
    assert result.verdict == "panic" and result.find("PANIC.*" + re.escape(message))


def test_a_crash_leaves_its_last_events(boot, tmp_path):
    """A panic writes nothing out, and need not."""
    memory = str(tmp_path / "memory")
    result = boot("trace=1 selftest=missingslot pgsync=none", smp=2, mem="256M", memory_file=memory)
    assert result.verdict == "panic"
    recording = rings.read(memory, qemu.KERNEL)
    missing = [e for e in recording.events if e.name == "fault_missing"]
    assert missing and result.find(rf"missing slot {missing[0].b}\b")


def test_without_tracing_there_is_nothing_to_read(boot, tmp_path):
    memory = str(tmp_path / "memory")
    boot("ktest=1 filter=string seed=1", mem="128M", memory_file=memory)
    with pytest.raises(ValueError, match="trace=1"):
        rings.read(memory, qemu.KERNEL)
