"""What the system tests share: the fixture boot() over tools/qemu.py, and a parser of KTAP."""
import dataclasses
import os
import re
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.dont_write_bytecode = True

import qemu  # noqa: E402 (its path is set above)

# The line on which a guest that did all its work ends, by what it was asked to do.
STRESS_PASS = r"^PGSTRESS: PASS"


@dataclasses.dataclass
class Ktap:
    """One KTAP document: names of tests by outcome, and what does not add up."""

    passed: list
    failed: list
    skipped: list
    complaints: list


def parse_ktap(lines):
    """
    Reads KTAP (version 1) out of a log in which other lines stand too. Sub-tests are indented; a parent counts as
    one test as well. A plan that is not met, or no plan at all, is a complaint: a guest that stops early does not pass.
    """
    result = Ktap([], [], [], [])
    plans, seen = {}, {}
    for line in lines:
        plan = re.match(r"^(\s*)1\.\.(\d+)", line)
        if plan:
            plans[len(plan[1])] = int(plan[2])
            seen[len(plan[1])] = 0
            continue
        test = re.match(r"^(\s*)(not ok|ok) (\d+)(?: -)? ?([^#]*)(?:# *(.*))?$", line)
        if not test:
            continue
        depth, name = len(test[1]), test[4].strip()
        seen[depth] = seen.get(depth, 0) + 1
        if int(test[3]) != seen[depth]:
            result.complaints.append(f"test number {test[3]} where {seen[depth]} was due: {line.strip()}")
        if re.match(r"skip", test[5] or "", re.I):
            result.skipped.append(name)
        else:
            (result.passed if test[2] == "ok" else result.failed).append(name)
        for deeper in [d for d in plans if d > depth]:
            if seen.get(deeper, 0) != plans[deeper]:
                result.complaints.append(f"{name}: {seen.get(deeper, 0)} of {plans[deeper]} sub-tests reported")
            del plans[deeper], seen[deeper]
    if not plans:
        result.complaints.append("no KTAP plan (1..N)")
    for depth, count in plans.items():
        if seen.get(depth, 0) != count:
            result.complaints.append(f"{seen.get(depth, 0)} of {count} tests reported")
    return result


@pytest.fixture
def boot(request):
    """
    boot(append, smp=1, expect=None, timeout=300, **machine): boots and returns qemu.Result. The log is named after
    the test; when the test fails, pytest shows QEMU's command line and the guest's last lines.
    """
    if not os.path.exists(qemu.KERNEL):
        pytest.fail("build/freewalk.elf is missing: run `make all`")
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    count = 0

    def run(append="", smp=1, expect=None, timeout=300, on_line=None, **machine):
        nonlocal count
        count += 1
        log = os.path.join(qemu.LOGS, f"{name}-{count}.log")
        result = qemu.run(qemu.Machine(append=append, smp=smp, **machine), expect, timeout, log=log, on_line=on_line)
        print(f"\n$ {append!r} on {smp} CPUs: {result.verdict}: {result.reason} ({result.seconds:.1f} s, {result.log})")
        print("\n".join(result.lines[-40:]))
        return result
    return run


@pytest.fixture
def boot_ok(boot):
    """boot() that also requires success."""
    def run(append="", smp=1, **options):
        result = boot(append, smp, **options)
        assert result.verdict == "pass", f"{result.verdict}: {result.reason}"
        return result
    return run


@pytest.fixture
def ktap(boot):
    """ktap(append, smp): boots a guest that prints KTAP, requires that every test in it passed, returns the parse."""
    def run(append, smp=1, **options):
        result = boot(append, smp, **options)
        parsed = parse_ktap(result.lines)
        assert not parsed.failed, f"failed: {parsed.failed}"
        assert not parsed.complaints, parsed.complaints
        assert parsed.passed
        assert result.verdict == "pass", f"{result.verdict}: {result.reason}"
        return parsed
    return run
