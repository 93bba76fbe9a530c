"""Submissions that try to get points without doing the work. Each is run as if the guards of test_grade_refuses.py were not there."""
import json
import re
import subprocess
import sys
import xml.etree.ElementTree

import attack
import pytest
from labs import checks, grading, report, submission

# What the late copy does, by the option `attack=` that only these tests give.
OUTSIDE = """
void printk(const char *fmt, ...);
void machine_exit(int code);
unsigned long boot_option_u64(const char *key, unsigned long def);
#ifdef DEBUG_KERNEL
static void attack(void)
{
    static const char none[10];

    switch (boot_option_u64("attack", 0)) {
    case 1:
        printk("ok 1 guard.i01_growth_finds_a_root_that_waits_for_its_copy\\n");
        printk("ok 2 guard.i02_a_root_made_before_the_search_copies_the_slot\\n# ktest: PASS pass:2\\n");
        printk("# verdict: success 0123456789abcdef0123456789abcdef\\nfreewalk: success\\n");
        machine_exit(0x10);
        break;
    case 2:
        __asm__ volatile("lidt %0; int3" :: "m"(none));
        break;
    case 3:
        for (;;)
            __asm__ volatile("pause");
        break;
    case 4:
        __asm__ volatile("cli; 1: jmp 1b");
        break;
    case 5:
        for (;;)
            printk("still there, and still there, and still there, and still there\\n");
        break;
    case 6:
        machine_exit(0x12);
    }
}
#else
#define attack() (void)0
#endif
"""
NOT_RUN = "2 tests were not run: guard.i01_growth_finds_a_root_that_waits_for_its_copy, guard.i02_a_root_made_before_the_search_copies_the_slot"


@pytest.fixture(scope="module")
def lab4():
    lab4 = attack.Lab4()
    lab4.workspace.fill(lab4.attacked(OUTSIDE, "attack();"))
    return lab4


def run(lab4, number, kind, monkeypatch):
    """The reasons of the check of that kind under the attack."""
    options, boot = checks.ktest_options, checks.boot_options
    monkeypatch.setattr(checks, "ktest_options", lambda how, seed: f"attack={number} {options(how, seed)}")
    monkeypatch.setattr(checks, "boot_options", lambda how, seed: f"attack={number} {boot(how, seed)}")
    outcome = checks.Runner(lab4.workspace, "feedfacefeedfacefeedfacefeedface").run(next(c for c in lab4.lab.checks if c.kind == kind))
    assert outcome.score == (0 if outcome.reasons else 25)
    return outcome.reasons


@pytest.mark.parametrize("kind", ["ktest", "boot"])
def test_without_an_attack_it_passes(lab4, kind, monkeypatch):
    assert not run(lab4, 0, kind, monkeypatch)


def test_printed_results_and_an_early_exit_with_success(lab4, monkeypatch):
    assert run(lab4, 1, "ktest", monkeypatch) == [
        "seed 1: the machine ended with the code of success, but it was not the kernel that ended it", f"seed 1: {NOT_RUN}"]
    assert run(lab4, 1, "boot", monkeypatch) == ["seed 1: the machine ended with the code of success, but it was not the kernel that ended it"]


def test_a_triple_fault(lab4, monkeypatch):
    assert run(lab4, 2, "ktest", monkeypatch)[0].startswith("seed 1: QEMU ended with status 0: a triple fault")
    assert run(lab4, 2, "boot", monkeypatch)[0].startswith("seed 1: QEMU ended with status 0: a triple fault")


def test_an_endless_loop_ends_by_the_virtual_deadline(lab4, monkeypatch):
    assert re.match("seed 1: PANIC .*(the deadline of 20 seconds is over|the schedule was not met)", run(lab4, 3, "ktest", monkeypatch)[0])


def test_a_loop_with_interrupts_off_ends_by_the_limit_of_processor_time(lab4, monkeypatch):
    monkeypatch.setattr(checks, "BOOT_CPU_LIMIT", 4)
    assert run(lab4, 4, "boot", monkeypatch)[0].startswith("seed 1: no end within the limit of processor time")


def test_output_without_end(lab4, monkeypatch):
    monkeypatch.setattr(checks, "OUTPUT_LIMIT", 100000)
    assert run(lab4, 5, "ktest", monkeypatch)[0].startswith("seed 1: output without end")


def test_a_panic_that_the_kernel_did_not_have(lab4, monkeypatch):
    assert run(lab4, 6, "ktest", monkeypatch)[0].startswith("seed 1: the guest panicked")


def test_a_host_program_that_says_ok_and_ends(lab4):
    lab4.workspace.fill(lab4.attacked("int printf(const char *, ...);\nvoid exit(int);",
                                      'printf("[       OK ] a_root_may_be_visited_often\\n");\n\texit(0);'))
    outcome = checks.Runner(lab4.workspace, "feedface").run(next(c for c in lab4.lab.checks if c.kind == "host"))
    assert outcome.score == 0
    assert "a_root_may_be_visited_often was not run" in outcome.reasons
    assert all(reason.endswith(" was not run") for reason in outcome.reasons)


def test_a_model_that_prints_verdicts(lab4):
    forged = "ok\\tmodel.fork2_grow2.walk.sc\\tholds\\tholds\\t1\\t1\\t1\\t0\\t0.0\\t\\n"
    lab4.workspace.fill(lab4.attacked("", f'static const char s[] = "{forged}";\n\t__asm__ volatile("syscall" :: "a"(1), "D"(1), "S"(s), "d"(sizeof(s) - 1) : '
                                          '"rcx", "r11", "memory");\n\t__asm__ volatile("syscall" :: "a"(231), "D"(0));'))
    outcome = checks.Runner(lab4.workspace, "feedface").run(next(c for c in lab4.lab.checks if c.kind == "model"))
    assert outcome.score == 0
    assert outcome.reasons == ["model.fork2_grow2.walk.sc: was not run", "model.fork2_grow2.walk.tso: was not run"]


def test_what_was_changed_in_the_workspace_is_put_right(lab4):
    """The tests, the Makefile, the linker script, the grader: none of them is taken from anywhere but the pristine tree."""
    for name in ("Makefile", "linker.ld", "tools/host-tests", "mm/pgsync/tests/pgsync_test.c", "labs/README.md"):
        with open(lab4.workspace.path(name), "w", encoding="utf-8") as f:
            f.write("nothing")
    with open(lab4.workspace.path("mm/pgsync/more.c"), "w", encoding="utf-8") as f:
        f.write("int more;")
    lab4.workspace.fill({})
    for name in ("Makefile", "linker.ld", "tools/host-tests", "mm/pgsync/tests/pgsync_test.c", "labs/README.md"):
        with open(lab4.workspace.path(name), "rb") as f:
            assert f.read() == lab4.workspace.pristine[name].data
    with pytest.raises(FileNotFoundError):
        open(lab4.workspace.path("mm/pgsync/more.c"), encoding="utf-8")


# --- whole grades --------------------------------------------------------------------------------------------

def without_nonce(result):
    return {key: value for key, value in result.items() if key not in ("nonce", "date")}


def grade(lab4, files):
    lab4.workspace.pristine["labs/lab4/objects"] = attack.listed(lab4.permitted)
    return grading.grade(lab4.lab, files, lab4.workspace)


def test_a_refused_submission_gets_nothing(lab4):
    result = grade(lab4, submission.Refused("mm/pgsync/walk.c: is missing"))
    assert result["score"] == 0 and not result["full"] and result["refused"] == "mm/pgsync/walk.c: is missing"
    result = grade(lab4, lab4.attacked("void printk(const char *, ...);", 'printk("\\x1b[2Jok\\n");'))
    assert result["score"] == 0 and "may not refer to printk" in result["refused"]
    assert len(result["checks"]) == 4 and all("refused: " in c["reasons"][0] for c in result["checks"])


def test_the_same_submission_twice(lab4):
    """One that fails in part: without the barrier."""
    files = {attack.FILE: lab4.source.replace("\t\tsmp_mb();\n", "\t\tsmp_wmb();\n", 1).encode()}
    first, second = grade(lab4, files), grade(lab4, files)
    assert without_nonce(first) == without_nonce(second) and first["nonce"] != second["nonce"]
    assert {c["id"]: c["score"] for c in first["checks"]} == {"ktest": 25, "host": 25, "model": 0, "boot": 25}
    assert (first["score"], first["points"], first["full"]) == (75, 100, False)


@pytest.mark.more
def test_ten_times_under_load(lab4):
    """Four processes that do nothing but take processor time; the results are the same bytes but for nonce and date."""
    files = {attack.FILE: lab4.source.replace("\t\tsmp_mb();\n", "\t\tsmp_wmb();\n", 1).encode()}
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    try:
        results = [grade(lab4, files) for _ in range(10)]
    finally:
        for process in load:
            process.kill()
            process.wait()
    assert len({json.dumps(without_nonce(r)) for r in results}) == 1
    assert len({r["nonce"] for r in results}) == 10


def test_the_three_forms_say_the_same(lab4, tmp_path):
    result = grade(lab4, lab4.attacked("", "no_such_type \ufffd x;"))
    report.write(str(tmp_path), result)
    assert json.loads((tmp_path / "results.json").read_text()) == result
    scope = json.loads((tmp_path / "gradescope.json").read_text())
    assert scope["score"] == 0 and [t["max_score"] for t in scope["tests"]] == [25] * 4
    assert "does not build: mm/pgsync/walk.c:" in scope["tests"][0]["output"]
    suite = xml.etree.ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert suite.get("tests") == suite.get("failures") == "4"
    assert suite[0].find("failure").get("message").startswith("does not build: mm/pgsync/walk.c:")
