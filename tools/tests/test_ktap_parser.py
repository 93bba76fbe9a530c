"""The KTAP parser, tools/ktap.py: a run that stops early, or lost a test, is never a pass."""
from conftest import parse_ktap

GOOD = """KTAP version 1
1..3
# list: shuffled by seed 7
ok 1 list.add
some other line of the kernel
ok 2 - list.del # SKIP one CPU
not ok 3 list.splice
# totals"""


def test_outcomes():
    parsed = parse_ktap(GOOD.split("\n"))
    assert (parsed.passed, parsed.skipped, parsed.failed) == (["list.add"], ["list.del"], ["list.splice"])
    assert not parsed.complaints


def test_plan_not_met():
    assert parse_ktap(["1..3", "ok 1 a", "ok 2 b"]).complaints == ["2 of 3 tests reported"]


def test_no_plan():
    assert parse_ktap(["ok 1 a"]).complaints == ["no KTAP plan (1..N)"]


def test_number_skipped():
    assert parse_ktap(["1..2", "ok 1 a", "ok 3 b"]).complaints


def test_sub_tests():
    lines = ["1..1", "    1..2", "    ok 1 a", "    not ok 2 b", "not ok 1 suite"]
    parsed = parse_ktap(lines)
    assert parsed.failed == ["b", "suite"] and not parsed.complaints
    assert parse_ktap(lines[:3] + lines[4:]).complaints == ["suite: 1 of 2 sub-tests reported"]
