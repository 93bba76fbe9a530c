"""Deliberate faults: each ends with the panic code, a PANIC line with the CPU, and a backtrace with names."""
import re

import pytest
import qemu

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


@pytest.mark.parametrize("kernel", [qemu.KERNEL, qemu.DEBUG_KERNEL])
def test_stack_overflow_says_whose_how_far_and_which_function(boot, kernel):
    result = boot("selftest=stackoverflow", smp=1, timeout=120, kernel=kernel)
    found = result.find(r"PANIC.*kernel stack overflow: init\[1\] is (\d+) bytes beyond its 16384, double fault at 0x[0-9a-f]+")
    assert found and 0 < int(found[1]) <= 4096, result.lines[-30:]
    same = result.find(r"\.\.\. and from there (\d+) times more, (\d+) bytes")
    assert same and int(same[1]) > 10 and int(same[2]) > 8192, "the function that recurses"


def test_a_debug_build_says_how_deep_stacks_were_and_whose(boot_ok):
    result = boot_ok("pgctl=1 ktest=1 filter=kstack,fork", smp=2, expect="^# ktest: PASS", kernel=qemu.DEBUG_KERNEL)
    found = result.find(r"^kernel stacks: the deepest used (\d+) of 16384 bytes, (\S+)\[\d+\]")
    assert found and 1024 < int(found[1]) < 16384
    deeper = boot_ok("pgctl=1 ktest=1 filter=stackcheck", smp=2, expect="^# ktest: PASS", kernel=qemu.DEBUG_KERNEL)
    found = deeper.find(r"^kernel stacks: the deepest used (\d+) of 16384 bytes, deep\[\d+\]")
    assert found and int(found[1]) > 9000


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


def test_the_report_leads_through_an_interrupt_to_what_was_interrupted(boot):
    result = boot("deadline=1 idle=poll pgctl=1 -- /bin/pgstress duration=600", smp=1, timeout=120)
    at = next(i for i, line in enumerate(result.lines) if re.search(r"--- vector 240, error 0, in (the kernel|user mode)", line))
    assert any("deadline_over" in line for line in result.lines[:at])
    assert re.search(r"\[<[0-9a-f]{16}>\] ", result.lines[at + 1])


@pytest.mark.parametrize("kernel", [qemu.KERNEL, qemu.DEBUG_KERNEL])
def test_what_each_other_cpu_was_about_on_64(boot, kernel):
    result = boot("selftest=panicothers trace=1", smp=64, timeout=240, kernel=kernel)
    assert result.verdict == "panic", f"{result.verdict}: {result.reason}"
    assert result.find(r"^cpu [01] pid \d+ was in be_busy\b")
    busy = [line for line in result.lines if re.search(r"^cpu \d+ pid \d+ was in \w", line)]
    idle = result.find(r"^(\d+) other CPUs were idle")
    assert len(busy) + (int(idle[1]) if idle else 0) == 63 and not result.find("did not stop")
    # Tracing is on: the last events of all.
    assert len([line for line in result.lines if re.search(r"^cpu \d+, last of \d+ events:", line)]) >= 32
    order = [next(i for i, line in enumerate(result.lines) if re.search(part, line))
             for part in ("PANIC", "^backtrace:", "was in be_busy", "last of", "^# reproduce:")]
    assert order == sorted(order), "the most useful first"


@pytest.mark.parametrize("kernel", [qemu.KERNEL, qemu.DEBUG_KERNEL])
def test_a_fault_in_the_report_hides_neither_the_panic_nor_the_rest(boot, kernel):
    result = boot("selftest=panicnested", smp=4, timeout=120, kernel=kernel)
    assert result.verdict == "panic" and result.status == 37, f"{result.verdict}: {result.reason}"
    assert result.find(r"PANIC cpu \d+, within the report of: selftest: the report is broken, value 42: page fault in the kernel")
    assert result.find(r"^backtrace:") and result.find(r"crash_panicnested|selftest_run")
    assert result.find("^# reproduce:")
