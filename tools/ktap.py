"""Reads KTAP (version 1), the in-kernel tests' language: linux/Documentation/dev-tools/ktap.rst."""
import dataclasses
import re


@dataclasses.dataclass
class Ktap:
    """One KTAP document: names of tests by outcome, and what does not add up."""

    passed: list
    failed: list
    skipped: list
    complaints: list
    running: str | None = None  # the test that had begun and not ended (`# run:` of a debug build)


def parse_ktap(lines):
    """
    Reads KTAP (version 1) out of a log in which other lines stand too. Sub-tests are indented; a parent counts as
    one test as well. A plan that is not met, or no plan at all, is a complaint: a guest that stops early does not pass.
    """
    result = Ktap([], [], [], [])
    plans, seen = {}, {}
    for line in lines:
        begun = re.match(r"^\s*# run: (\S+)", line)
        if begun:
            result.running = begun[1]
        plan = re.match(r"^(\s*)1\.\.(\d+)", line)
        if plan:
            plans[len(plan[1])] = int(plan[2])
            seen[len(plan[1])] = 0
            continue
        test = re.match(r"^(\s*)(not ok|ok) (\d+)(?: -)? ?([^#]*)(?:# *(.*))?$", line)
        if not test:
            continue
        depth, name = len(test[1]), test[4].strip()
        result.running = None
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
