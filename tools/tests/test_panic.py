"""Deliberate faults: each ends with the panic code, a PANIC line with the CPU, and a backtrace with names."""
import re

import pytest

KINDS = ["panic", "nullderef", "stackoverflow", "wxtext", "wxmapping", "loadunready", "pinnedwrite"]  # a stack overflow is a double fault


@pytest.mark.parametrize("kind", KINDS)
def test_panic_says_what_where_and_on_which_cpu(boot, kind):
    result = boot(f"selftest={kind}", smp=4, timeout=120)
    assert result.verdict == "panic", f"{result.verdict}: {result.reason}"
    assert result.status == 37
    headline = result.find(r"PANIC.*")
    assert headline and re.search(r"(?i)cpu\W*\d+", headline.string)
    named = [line for line in result.lines if re.search(r"\b[a-z_]\w+\+(0x[0-9a-f]+|0)\b", line)]
    assert named, "the backtrace has no symbols"
    # The function that went wrong, or its caller where the compiler merged them.
    assert any(re.search(r"crash_|recurse|selftest_run", line) for line in named), named


def test_a_fault_prints_registers_and_address(boot):
    result = boot("selftest=nullderef", smp=1, timeout=120)
    for register in ("rip", "rsp", "rax", "cr3"):
        assert result.find(rf"(?i)\b{register}\b"), register
    assert result.find(r"(?i)cr2\W+0*\b") or result.find(r"(?i)address")


def test_a_mapping_that_is_writable_and_executable_is_named(boot):
    result = boot("selftest=wxmapping", smp=1, timeout=120)
    assert result.find(r"PANIC.* 1 kernel mappings are writable and executable, the first at 0xff[0-9a-f]+")


def test_stack_overflow_is_named(boot):
    assert boot("selftest=stackoverflow", smp=1, timeout=120).find(r"(?i)(guard|stack overflow)")


def test_an_nmi_that_nobody_sent_is_named(boot):
    result = boot("selftest=nmi", smp=2, timeout=120)
    assert result.verdict == "panic", f"{result.verdict}: {result.reason}"
    assert result.find(r"PANIC.*unexpected non-maskable interrupt")


def test_a_touch_of_a_missing_slot_is_named(boot):
    """The bug that this kernel is about: where nobody repairs it, the panic says so and names the slot (I31)."""
    result = boot("selftest=missingslot pgsync=none", smp=2, timeout=120)
    assert result.verdict == "panic", f"{result.verdict}: {result.reason}"
    assert result.find(r"PANIC.*missing slot 402: read at 0x[0-9a-f]+; the reference root has it")
    for strategy in ("walk", "fault"):
        result = boot(f"selftest=missingslot pgsync={strategy}", smp=2, timeout=120)
        assert result.find(r"PANIC.*selftest missingslot did not crash"), strategy


@pytest.mark.parametrize("pgsync", ["walk", "walk-v2", "list", "fault", "prealloc", "loadwalk", "none"])
def test_a_root_before_its_late_copy_is_named_and_not_loaded(boot, pgsync):
    """An empty kernel half in CR3 is a triple fault (I6): QEMU would end without a word, a crash."""
    result = boot(f"selftest=loadunready pgsync={pgsync}", smp=1, timeout=120)
    assert result.verdict == "panic", f"{result.verdict}: {result.reason}"
    assert result.find(r"load_root_inline: assertion failed.*: root 0x[0-9a-f]+ in state 1$")


def test_a_write_to_a_pinned_root_names_root_owner_slot_and_writer(boot):
    result = boot("selftest=pinnedwrite", smp=4, timeout=120)
    assert result.verdict == "panic", f"{result.verdict}: {result.reason}"
    found = result.find(r"PANIC.*write to pinned root 0x[0-9a-f]+ \(process 1, slot 403\) by (0x[0-9a-f]+) on CPU (\d+)")
    assert found, result.lines[-10:]
    assert int(found[2]) < 4
    # The writer's address is the one that the registers and the backtrace show.
    assert result.find(rf"{found[1][2:]}.*crash_pinnedwrite|{found[1][2:]}.*selftest_run")


def test_unknown_selftest_lists_the_known_ones(boot):
    assert boot("selftest=nosuch", smp=1, timeout=120).find("selftest=nosuch.*known:.*nullderef")


def test_a_deadline_in_guest_time_ends_a_hang(boot):
    result = boot("deadline=2 pgctl=1 -- /bin/pgstress duration=600", smp=2, timeout=120)
    assert result.verdict == "panic", f"{result.verdict}: {result.reason}"
    assert result.find(r"PANIC.*the deadline of 2 seconds is over")
    assert result.find(r"cpu \d+ runs \S+\[\d+\]"), "what the CPUs were doing is not said"
