"""The proofs of each lab (labs/README.md). Those of one lab, with two of its known-wrong solutions, are for `make test`, the others for test-all.

They share a workspace for each lab, in which the starter is built once; then only what differs is compiled.
"""
import fnmatch
import functools
import os
import re

import conftest
import pytest
import qemu
from labs import allowed, grading, markers, starter, tree, wrong
from labs import lab as lab_file

QUICK = 1
REFERENCE = not os.path.exists(os.path.join(conftest.ROOT, starter.STATEMENT))
LABS = lab_file.numbers(conftest.ROOT) if REFERENCE else []
pytestmark = pytest.mark.skipif(not REFERENCE, reason="a starter: the proofs are the reference tree's")


def slow_unless(quick, *values):
    return pytest.param(*values, marks=[] if quick else [pytest.mark.more])


EACH_LAB = [slow_unless(n == QUICK, n) for n in LABS]
EACH_PATCH = [slow_unless(n == QUICK and i < 2, n, path) for n in LABS for i, path in enumerate(wrong.paths(conftest.ROOT, n))]


@functools.lru_cache(None)
def reference():
    return tree.tracked(conftest.ROOT)


@functools.lru_cache(None)
def workspace(lab, strict=False):
    """The starter's files. `strict`: warnings are errors, which they are not when a submission is graded."""
    made = grading.Workspace(os.path.join(conftest.ROOT, f"build/grade/proof-lab{lab}{'-strict' if strict else ''}"), starter.plan(reference(), lab)[0],
                             warnings_are_errors=strict)
    made.seed(conftest.ROOT)
    return made


def handed_in(files, lab):
    """What the lab takes, of a tree of files in memory."""
    return {name: file.data for name, file in files.items() if any(fnmatch.fnmatchcase(name, pattern) for pattern in lab.files)}


def grade(lab, files, where=None):
    """(score, ids of checks that failed); prints the reasons, for pytest to show."""
    result = grading.grade(lab, files, where or workspace(lab.number))
    for check in result["checks"]:
        print(check["id"], check["score"], check["reasons"])
    return result["score"], {c["id"] for c in result["checks"] if not c["passed"]}


def test_the_labs_are_in_order():
    assert not list(starter.check(conftest.ROOT))


def test_the_guide_has_the_labs_hours():
    rows = dict(re.findall(r"^\| (\d) \| ([\d-]+) \|", reference()["docs/instructor.md"].data.decode(), re.M))
    assert rows == {str(n): lab_file.read(conftest.ROOT, n).hours for n in LABS} and LABS == list(markers.LABS)


@pytest.mark.parametrize("lab", markers.LABS)
def test_a_starter_and_what_was_removed_are_the_reference(lab):
    kept, removed = starter.plan(reference(), lab)
    assert starter.restored(kept, removed) == reference()
    assert not [name for name in kept if "/wrong/" in name or any(name.startswith(f"labs/lab{later}/") for later in range(lab + 1, 7))]


@pytest.mark.parametrize("lab", EACH_LAB)
def test_the_starter_builds_and_boots(lab):
    where = workspace(lab, strict=True)
    where.fill({})
    initramfs = where.archive()
    for build in ("release", "debug"):
        machine = qemu.Machine(kernel=where.kernel(build), initrd=initramfs, smp=2, icount=4, deadline=60, append="pgsync=none -- /bin/tiny")
        result = qemu.run(machine, "^freewalk: success")
        assert result.verdict == "pass", result.text


@pytest.mark.more
@pytest.mark.parametrize("lab", LABS)
def test_the_starter_checks_clean(lab):
    """`make check` of a starter: format, rules, the map."""
    where = workspace(lab)
    where.fill({})
    status, output = where.run(["tools/check"])
    assert status == 0, output


@pytest.mark.parametrize("lab", EACH_LAB)
def test_the_starter_earns_nothing_here_and_all_before(lab):
    own = lab_file.read(conftest.ROOT, lab)
    kept = workspace(lab).pristine
    if any(r.lab == lab for name, f in reference().items() if starter.as_text(f) for r in markers.regions(name, starter.as_text(f).split("\n"))):
        assert grade(own, handed_in(kept, own)) == (0, {c.id for c in own.checks})
    for earlier in (n for n in LABS if n < lab):
        before = lab_file.read(conftest.ROOT, earlier)
        assert grade(before, handed_in(kept, before), workspace(lab)) == (100, set()), f"lab {earlier}"


@pytest.mark.parametrize("lab", EACH_LAB)
def test_the_reference_earns_all(lab):
    own = lab_file.read(conftest.ROOT, lab)
    assert grade(own, handed_in(reference(), own)) == (100, set())


@pytest.mark.more
@pytest.mark.parametrize("lab", LABS)
def test_the_list_of_what_objects_contain_is_of_today(lab):
    own = lab_file.read(conftest.ROOT, lab)
    files = handed_in(reference(), own)
    workspace(lab).fill(files)
    assert allowed.learn(workspace(lab), own, files) == allowed.read(reference(), lab), f"tools/grade --lab {lab} --learn"


@pytest.mark.parametrize("lab, path", EACH_PATCH)
def test_a_wrong_solution_fails_what_it_names(lab, path):
    own = lab_file.read(conftest.ROOT, lab)
    patch = wrong.read(conftest.ROOT, path, own)
    score, failed = grade(own, wrong.apply(patch, reference(), own))
    assert set(patch.fails) <= failed <= {*patch.fails, *patch.may_fail} and score < 100
