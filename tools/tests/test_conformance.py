"""tools/conformance.py: what it finds in two reports, and that no way of a case to go wrong goes unnoticed."""
import glob
import os
import re

import conformance
import pytest
import qemu


def report_of(*cases):
    """The lines of a guest that ran these cases: (name, text, ...)."""
    lines = []
    for name, *texts in cases:
        lines += [f"= {name} begins", *(f"= {name} | {text}" for text in texts), f"= {name} ends: 0x0000"]
    return lines


def parse(*cases):
    return conformance.parse(report_of(*cases))


A, B = ("memory.brk", "grow: 1", "zero: 0"), ("process.wait", "wait4: ECHILD")


def test_equal_reports():
    equal, expected, failures = conformance.compare(parse(A, B), parse(A, B), {})
    assert (equal, expected, failures) == (["memory.brk", "process.wait"], [], [])


def test_a_difference_is_shown_line_by_line():
    other = ("process.wait", "wait4: EINVAL")
    equal, _, failures = conformance.compare(parse(A, B), parse(A, other), {})
    assert equal == ["memory.brk"]
    [(name, what)] = failures
    assert name == "process.wait"
    assert "- Linux:    wait4: ECHILD" in what and "+ Freewalk: wait4: EINVAL" in what


def test_order_and_missing_lines_are_differences():
    for other in (("memory.brk", "zero: 0", "grow: 1"), ("memory.brk", "grow: 1"), ("memory.brk",)):
        assert conformance.compare(parse(A), parse(other), {})[2]


def test_a_case_that_ends_otherwise_differs():
    crashed = [line.replace("ends: 0x0000", "ends: 0x000b") for line in report_of(A)]
    hung = [line.replace("ends: 0x0000", "ends: in no time") for line in report_of(A)]
    for lines in (crashed, hung):
        [(name, what)] = conformance.compare(parse(A), conformance.parse(lines), {})[2]
        assert name == "memory.brk" and "ends: 0x0000" in what


def test_a_case_without_an_end_is_no_case_that_ended():
    cut = report_of(A)[:-1]
    [(_, what)] = conformance.compare(parse(A), conformance.parse(cut), {})[2]
    assert "it has no end" in what


def test_a_case_that_hangs_on_both_is_wrong():
    hung = conformance.parse([line.replace("ends: 0x0000", "ends: in no time") for line in report_of(A)])
    [(name, what)] = conformance.compare(hung, hung, {})[2]
    assert name == "memory.brk" and "does not come to its end" in what


@pytest.mark.parametrize("linux, freewalk, where", [([A, B], [A], "not on Freewalk"), ([A], [A, B], "not on Linux")])
def test_a_case_missing_on_one_side(linux, freewalk, where):
    [(name, what)] = conformance.compare(parse(*linux), parse(*freewalk), {})[2]
    assert name == "process.wait" and where in what


def test_a_known_difference_is_expected():
    other = ("process.wait", "wait4: EINVAL")
    equal, expected, failures = conformance.compare(parse(A, B), parse(A, other), {"process.wait": "a reason"})
    assert (equal, expected, failures) == (["memory.brk"], ["process.wait"], [])


def test_a_known_difference_that_is_none_fails():
    _, _, [(name, what)] = conformance.compare(parse(A, B), parse(A, B), {"process.wait": "a reason"})
    assert name == "process.wait" and "equal now" in what and "a reason" in what


def test_a_known_difference_must_be_a_case():
    [(name, _)] = conformance.strangers({"memory.brk": "one", "memory.gone": "another"}, parse(A))
    assert name == "memory.gone"


def test_report_fails_when_nothing_is_equal():
    assert conformance.report(parse(A), parse(A), {}, whole=True) == 0
    assert conformance.report({}, {}, {}, whole=True) == 1
    assert conformance.report(parse(A), parse(A), {"memory.gone": "a reason"}, whole=True) == 1
    assert conformance.report(parse(A), parse(A), {"memory.gone": "a reason"}, whole=False) == 0


def test_lines_of_the_kernel_are_no_ones():
    lines = report_of(A)
    lines.insert(1, "conform[7] on CPU 1: SIGSEGV: page fault at 0x8")
    assert conformance.parse(lines) == parse(A)


@pytest.mark.parametrize("line", ["memory.brk", "memory.brk no tab", "memory.brk\t ", "brk\ta reason", "a.b\tx\na.b\ty"])
def test_a_malformed_list_is_refused(tmp_path, line):
    path = tmp_path / "known.tsv"
    path.write_text(line + "\n")
    with pytest.raises(ValueError):
        conformance.read_known(str(path))


def test_the_list_names_cases_of_the_sources():
    sources = ""
    for path in glob.glob(os.path.join(conformance.ROOT, "user/conformance/*.c")):
        with open(path, encoding="utf-8") as f:
            sources += f.read()
    cases = {f"{group}.{name}" for group, name in re.findall(r"^CASE\((\w+), (\w+)\)", sources, re.M)}
    assert len(cases) >= 100
    assert not set(conformance.read_known()) - cases


def test_the_frame_tells_what_becomes_of_a_case(boot_ok):
    """Cases made to go wrong (user/conformance/frame.c), on Freewalk."""
    result = boot_ok("pgctl=1 -- /bin/conform only=frame limit=1", smp=2, expect=conformance.DONE.pattern)
    assert conformance.parse(result.lines) == {
        "frame.says_and_exits": ["one", "two: EAGAIN", "ends: 0x0700"],
        "frame.crashes": ["before", "ends: 0x000b"],
        "frame.hangs": ["before", "ends: in no time"],
        "frame.says_nothing": ["ends: 0x0000"],
        "frame.becomes_a_helper": ["after exec: 2 arguments, the first is a, environment empty", "ends: 0x0500"],
    }


def test_a_machine_without_an_end_is_no_comparison(tmp_path):
    """A kernel that dies, or a run in which not one case was chosen, must not look like agreement."""
    with pytest.raises(conformance.NoEnd):
        conformance.run_freewalk("only=nothing", 1)
    with pytest.raises(conformance.NoEnd):
        conformance.boot("dead", qemu.Machine(append="selftest=panic"))
