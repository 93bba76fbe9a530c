"""Race points of the debug kernel: what a schedule on the command line does, what is refused, what a seed repeats.

How CPUs are parked and released, in which orders, is tested in the kernel (kernel/tests/racepoint_forced_ktest.c).
"""
import concurrent.futures
import re
import shlex

import pytest
import qemu
from conftest import make

POINTS = r"known race points:"
ORDERS = "ktest=1 seed=1 filter=racepoint.rules_may_stand"


@pytest.fixture
def debug(boot):
    """boot() of the debug kernel, deterministic unless told otherwise."""
    def run(append, smp=2, icount=4, **options):
        return boot(append, smp, icount=icount, kernel=qemu.DEBUG_KERNEL, **options)
    return run


REFUSED = [
    ("sched=nosuch:test_step", r"no race point 'nosuch'"),
    ("sched=test_step:test_ste", r"no race point 'test_ste'"),
    ("sched=test_step:test_step,test_step:", r"rule 2: a race point's name is missing"),
    ("sched=test_step", r"rule 1: a colon is missing"),
    ("sched=test_step:test_step/0", r"rule 1: / wants a number from 1 on"),
    ("sched=test_step@:test_step", r"rule 1: @ wants the number of a CPU"),
    ("sched=", r"rule 1: a race point's name is missing"),
    ("sched=test_step@2:test_step", r"there is no CPU 2, they are 0 to 1"),
]


@pytest.mark.parametrize("options, message", REFUSED)
def test_refused_at_boot(debug, options, message):
    result = debug(options)
    assert result.verdict == "panic", result.reason
    assert result.find("PANIC.*" + message)
    assert result.find(POINTS) and result.find(r"^\ttest_step \(kernel/tests/\w+\.c:\d+\)$|^test_step \(")
    assert not result.find("KTAP"), "it was not refused at boot"


def test_a_seed_that_is_no_number(debug):
    result = debug("ktest=1 seed=7x")
    assert result.verdict == "panic" and result.find(r"PANIC.*seed=7x: not a decimal")


def test_the_release_kernel_refuses_a_schedule(boot):
    result = boot("sched=test_step:test_step")
    assert result.verdict == "panic" and result.find(r"PANIC.*sched=.*release build has no race points")


def test_a_schedule_that_cannot_be_met(debug):
    """The test's own rules make the order c, b, a; the one from the command line wants what never happens."""
    result = debug(f"{ORDERS} sched=test_before_a@0:test_after_c@1/9 sched_deadline=300")
    assert result.verdict == "panic", result.reason
    assert result.find(r"PANIC.*not met within 300 ms: CPU \d waits at test_before_[abc]")
    assert result.find(r"sched: CPU 0 waits at test_before_a@0 \(kernel/tests/\w+\.c:\d+\), interrupts on, preemption on")
    assert result.find(r"for test_after_c@1/9, and the point was passed 0 times")
    # Those who wait for others that wait.
    assert result.find(r"sched: CPU 1 waits at test_before_b ")


def test_with_one_cpu_nobody_can_release(debug):
    result = debug("ktest=1 filter=racepoint.a_function_runs sched=test_window:test_step sched_deadline=300", smp=1)
    assert result.verdict == "panic"
    assert result.find(r"CPU 0 waits at test_window .*interrupts off, preemption off")
    assert result.find(r"there is no other CPU.*nobody can release it")


def test_a_schedule_that_nobody_follows_is_a_failure(debug):
    result = debug("ktest=1 filter=racepoint.a_function_finds sched=test_before_a:test_after_a,test_window/2:test_window")
    assert result.verdict == "fail"
    assert result.find(r"# ktest: PASS") and result.find(r"rule 1 was never met: nobody came to test_before_a")
    assert not result.find(r"rule 2")


def test_each_test_has_the_schedule_anew(debug):
    """Together the two tests pass the point five times, each of them at most three times."""
    tests = "ktest=1 filter=racepoint.a_function sched=test_window/"
    result = debug(tests + "3:test_window", expect="^# ktest: PASS")
    assert result.verdict == "pass" and result.find(r"pass:2 fail:0")
    result = debug(tests + "4:test_window")
    assert result.verdict == "fail" and result.find(r"pass:2 fail:0") and result.find("rule 1 was never met")


def lost(debug, seed):
    result = debug(f"ktest=1 filter=racepoint.yields_let_other_cpus seed={seed}", smp=4, expect="^# ktest: PASS")
    assert result.verdict == "pass", result.reason
    return result.find(r"# racepoint: (\d+) of 4000 increments lost")[1], result.find(r"schedule hash: (\w+)")[1]


def test_yields_repeat_by_seed(debug):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda seed: lost(debug, seed), [7, 7, 8, 9]))
    assert runs[0] == runs[1], "the same seed gave two schedules"
    assert len(set(runs)) == 3, "another seed gave the same schedule"
    assert all(int(count) > 1000 for count, _ in runs)


def test_no_seed_no_yields(debug):
    result = debug("ktest=1 filter=racepoint.yields seed=0", smp=4)
    assert result.find(r"# ktest: PASS pass:0 fail:0 skip:2")


def again(result_lines):
    """Runs the line that the failed run printed; returns (status, lines)."""
    line = next(line for line in result_lines if line.startswith("# reproduce: "))
    words = shlex.split(line.removeprefix("# reproduce: "))
    assert words[0] == "make"
    return make(*words[1:])


def telling(lines):
    """What a run was: its verdict and its schedule, without what the host adds."""
    return [line for line in lines if re.match(r"ok|not ok|# \w+\.|sched:|PANIC|schedule hash", line)]


def test_the_line_printed_by_a_panic_repeats_it(debug):
    first = debug(f"{ORDERS} pgctl=1 pgsync=list sched=test_before_a:test_after_c/9 sched_deadline=100")
    assert first.verdict == "panic"
    status, lines = again(first.lines)
    assert status != 0
    assert telling(lines) == telling(first.lines)


def test_the_line_printed_by_a_failed_test_repeats_it():
    arguments = ["ktest", "MUTANT=poison_unchecked", "NCPU=2", "ICOUNT=4", "SEED=5", "FILTER=poison.finds_the_first_changed_byte"]
    status, first = make(*arguments)
    assert status != 0 and any(line.startswith("not ok") for line in first)
    status, lines = again(first)
    assert status != 0
    assert telling(lines) == telling(first)


def test_the_line_of_a_boot_without_tests(debug):
    result = debug("selftest=panic sched_deadline=77")
    line = result.find(r"^# reproduce: tools/qemu.py --kernel build/debug/freewalk.elf --smp 2 --icount 4 --append '.*'$")
    assert line and "selftest=panic sched_deadline=77" in line[0]
