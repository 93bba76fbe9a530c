"""Markers, starters and lab.toml: tools/mklab and what it stands on, on texts and small trees of the test's own."""
import json
import os
import subprocess

import conftest
import pytest
from labs import lab as lab_file
from labs import markers, starter, tree, wrong

MKLAB = os.path.join(conftest.ROOT, "tools/mklab")


def mark(lab, word, sign="//"):
    return f"{sign} lab {lab}: {word}"  # not written out: this file has no regions


def text(*lines):
    return "\n".join(lines) + "\n"


REFERENCE = text("int f(void)", "{", "\t" + mark(2, "begin"), "\treturn old();", "\t" + mark(2, "starter"), "\t// return 0;", "\t" + mark(2, "end"), "}",
                 mark(4, "begin"), "static int g;", mark(4, "end"), mark(6, "begin"), "last", mark(6, "starter"), "// \tfirst", "//", mark(6, "end"))


def test_a_starter_lacks_its_lab_and_the_later_ones():
    cut, edits = markers.cut("a.c", REFERENCE, 4)
    assert cut == text("int f(void)", "{", "\treturn old();", "}", mark(4, "begin"), mark(4, "end"), mark(6, "begin"), "\tfirst", "", mark(6, "end"))
    assert markers.restore(cut, edits) == REFERENCE


@pytest.mark.parametrize("lab", markers.LABS)
def test_every_cut_leads_back(lab):
    assert markers.restore(*markers.cut("a.c", REFERENCE, lab)) == REFERENCE
    assert markers.cut("a.c", "no markers\n", lab) == ("no markers\n", [])


def test_starter_text_keeps_its_indentation():
    cut, _ = markers.cut("a.c", REFERENCE, 2)
    assert "\t" + mark(2, "begin") + "\n\treturn 0;\n\t" + mark(2, "end") + "\n" in cut


@pytest.mark.parametrize("path, sign", [("a.py", "#"), ("Makefile", "#"), ("a.asm", ";"), ("a.S", "//"), ("a.h", "//")])
def test_each_language_has_its_sign(path, sign):
    lines = text(mark(3, "begin", sign), "x", mark(3, "starter", sign), f"{sign} y", mark(3, "end", sign))
    assert markers.cut(path, lines, 3)[0] == text(mark(3, "begin", sign), "y", mark(3, "end", sign))


@pytest.mark.parametrize("lines, complaint", [
    ([mark(4, "begin"), mark(4, "begin")], "a.c:2: regions do not nest: lab 4 began in line 1"),
    ([mark(4, "begin"), mark(5, "begin"), mark(5, "end"), mark(4, "end")], "a.c:2: regions do not nest: lab 4 began in line 1"),
    (["x", mark(4, "end")], "a.c:2: `end` of lab 4 without `begin`"),
    ([mark(4, "starter")], "a.c:1: `starter` of lab 4 without `begin`"),
    (["x", mark(4, "begin"), "y"], "a.c:2: lab 4 begins here and does not end"),
    ([mark(4, "begin"), mark(5, "end")], "a.c:2: `end` of lab 5, but lab 4 began in line 1"),
    ([mark(9, "begin"), mark(9, "end")], "a.c:1: there is no lab 9, only 0 to 6"),
    ([mark(4, "begin"), mark(4, "starter"), mark(4, "starter")], "a.c:3: a second `starter`; the first is in line 2"),
    ([mark(4, "begin"), mark(4, "starter"), "code();", mark(4, "end")], "a.c:3: between `starter` and `end` there are only lines that begin with `// `"),
    ([mark(4, "begin", "#"), mark(4, "end", "#")], "a.c:1: a marker in this file begins with `//`"),
    ([mark(4, "start")], "a.c:1: nearly a marker; it reads `// lab N: begin`, `starter` or `end`"),
    (["//lab 4: " + "begin"], "a.c:1: nearly a marker; it reads `// lab N: begin`, `starter` or `end`"),
    (["/* lab 4: " + "begin */"], "a.c:1: nearly a marker; it reads `// lab N: begin`, `starter` or `end`"),
])
def test_bad_markers_are_named(lines, complaint):
    with pytest.raises(markers.BadMarker) as error:
        markers.cut("a.c", text(*lines), 4)
    assert str(error.value) == complaint


def test_a_plan_keeps_what_a_student_may_have():
    names = ["a.c", "labs/README.md", "labs/lab3/README.md", "labs/lab3/lab.toml", "labs/lab3/wrong/x.patch", "labs/lab4/README.md",
             "labs/lab4/lab.toml", "labs/lab4/objects", "labs/lab4/wrong/y.patch", "labs/lab5/README.md", "labs/lab5/lab.toml", "labs/lab6/tests/t.py"]
    files = {n: tree.File(n.encode()) for n in names} | {"logo.png": tree.File(b"\xff\xd8\0", True)}
    kept, removed = starter.plan(files, 4)
    assert set(files) - set(kept) == {"labs/lab3/wrong/x.patch", "labs/lab4/wrong/y.patch", "labs/lab5/README.md", "labs/lab5/lab.toml", "labs/lab6/tests/t.py"}
    assert set(kept) - set(files) == {starter.STATEMENT}
    assert starter.restored(kept, json.loads(json.dumps(removed))) == files


GUIDE = "docs/instructor.md"


def test_no_starter_has_the_page_for_teachers_or_leads_there():
    pages = {GUIDE: text("# Guide", "[itself](#guide)"), "README.md": text("| a | [b](b.md) |", f"| c | [d]({GUIDE}), [e](e.md) |", "| f | g |"),
             "docs/README.md": text("1. [a](a.md): b", "2. [c](instructor.md#d): e", "3. [f](f.md): g", "", "Not `[h](instructor.md)`.")}
    files = {name: tree.File(page.encode()) for name, page in pages.items()}
    kept, removed = starter.plan(files, 4)
    assert {name: kept[name].data.decode() for name in kept if name != starter.STATEMENT} == {
        "README.md": text("| a | [b](b.md) |", "| f | g |"), "docs/README.md": text("1. [a](a.md): b", "3. [f](f.md): g", "", "Not `[h](instructor.md)`.")}
    assert starter.restored(kept, json.loads(json.dumps(removed))) == files


@pytest.mark.parametrize("lines, bad", [
    (["1. [a](a.md): b", "2. [c](instructor.md): d"], []),
    (["| a | [b](instructor.md) |"], []),
    (["A sentence, and [what helps](instructor.md)."], [1]),
    (["- [a](instructor.md): b", "  and more of it"], [1]),
])
def test_what_could_not_be_taken_out_whole_is_named(lines, bad):
    assert [complaint.split(": ")[0] for complaint in starter.torn("docs/a.md", text(*lines))] == [f"docs/a.md:{number}" for number in bad]
    assert not list(starter.torn(GUIDE, text(*lines)))


@pytest.fixture
def small(tmp_path):
    """A checkout with one lab and one file of it."""
    root = tmp_path / "small"
    (root / "labs/lab4").mkdir(parents=True)
    (root / "a.c").write_text(REFERENCE.replace("lab 2", "lab 4").replace("lab 6", "lab 4"))
    (root / "run").write_text("#!/bin/sh\n")
    (root / "run").chmod(0o755)
    (root / "labs/lab4/lab.toml").write_text(
        'title = "T"\nhours = "1"\nfiles = ["a.c"]\n' + "".join(
            f'[[check]]\nid = "{name}"\npoints = 50\nabout = "a"\ninvariants = []\nrung = {rung}\nhost = "t.c"\n' for name, rung in (("c", 1), ("crowd", 3))))
    (root / "labs/lab4/objects").write_text("")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def test_the_same_tree_gives_the_same_commit(small, tmp_path):
    first = starter.build(small, 4, str(tmp_path / "one"))
    (small / "untracked").write_text("not in it")
    assert starter.build(small, 4, str(tmp_path / "two")) == first
    log = subprocess.run(["git", "log", "--format=%an %ad %s", "--date=short"], cwd=tmp_path / "one", stdout=subprocess.PIPE, text=True, check=True)
    assert log.stdout == "Freewalk 2020-01-01 Lab 4: T\n"
    assert os.access(tmp_path / "one/run", os.X_OK) and not (tmp_path / "one/untracked").exists()
    (small / "a.c").write_text((small / "a.c").read_text() + "more\n")
    assert starter.build(small, 4, str(tmp_path / "three")) != first


def test_a_starter_and_what_was_removed_are_the_reference(small, tmp_path):
    starter.build(small, 4, str(tmp_path / "one"))
    kept, lab = starter.first_commit(tmp_path / "one")
    assert lab == 4
    assert starter.restored(kept, starter.read_removed(tmp_path / "one.removed")) == tree.tracked(small)


def test_the_first_commit_is_what_was_handed_out(small, tmp_path):
    """Whatever a student has committed since; and a repository that began differently is none."""
    one = tmp_path / "one"
    starter.build(small, 4, str(one))
    before, _ = starter.first_commit(one)
    (one / "a.c").write_text("mine")
    commit = ["git", "-c", "user.name=x", "-c", "user.email=x", "commit", "-qam", "mine"]
    subprocess.run(commit, cwd=one, check=True)
    assert starter.first_commit(one) == (before, 4)
    subprocess.run([*commit[:-2], "--amend", "-qam", "mine"], cwd=one, check=True)
    subprocess.run(["git", "checkout", "-q", "--orphan", "new"], cwd=one, check=True)
    subprocess.run(commit, cwd=one, check=True)
    with pytest.raises(starter.Refused, match="not that of a starter"):
        starter.first_commit(one)


def test_what_cannot_be_cut_is_refused(small, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("")
    with pytest.raises(starter.Refused, match="not an empty directory"):
        starter.build(small, 4, str(tmp_path / "full"))
    with pytest.raises(starter.Refused, match="there is no lab 3; there are 4"):
        starter.build(small, 3, str(tmp_path / "out"))
    (small / "a.c").write_text(mark(4, "begin") + "\n")
    with pytest.raises(starter.Refused, match="a.c:1: lab 4 begins here and does not end"):
        starter.build(small, 4, str(tmp_path / "out"))
    (small / "run").write_text(text(mark(4, "begin", "#"), mark(4, "end", "#")))
    assert any("run:1: a region of lab 4, but its lab.toml does not name this file" in c for c in starter.check(small))
    assert not (tmp_path / "out").exists()


def test_uncommitted_changes_are_said(tmp_path):
    """On this tree, whatever its state: mklab says what git says."""
    done = subprocess.run([MKLAB, "4", str(tmp_path / "out")], stdout=subprocess.PIPE, text=True, check=True)
    assert ("not committed" in done.stdout) == bool(tree.dirty(conftest.ROOT))
    again = subprocess.run([MKLAB, "4", str(tmp_path / "out")], stderr=subprocess.PIPE, text=True, check=False)
    assert again.returncode == 1 and "not an empty directory" in again.stderr


def wrong_patch(small, name, head, path="a.c"):
    (small / "labs/lab4/wrong").mkdir(exist_ok=True)
    (small / f"labs/lab4/wrong/{name}.patch").write_text(
        f"{head}\n--- a/{path}\n+++ b/{path}\n@@ -1,2 +1,2 @@\n-int f(void)\n+long f(void)\n {{\n")


def test_a_known_wrong_solution(small):
    wrong_patch(small, "long", "Why: the result is\nwider.\nFails: c crowd?\n")
    assert not list(starter.check(small))
    lab = lab_file.read(small, 4)
    found = wrong.read(small, wrong.paths(small, 4)[0], lab)
    assert (found.name, found.why, found.fails, found.may_fail) == ("long", "the result is wider.", ["c"], ["crowd"])
    assert wrong.apply(found, tree.tracked(small), lab) == {"a.c": (small / "a.c").read_bytes().replace(b"int f", b"long f")}


@pytest.mark.parametrize("head, path, complaint", [
    ("Fails: c\n", "a.c", "`Why: ...`, `Fails: ...`, then a diff"),
    ("Why: x\n", "a.c", "`Why: ...`, `Fails: ...`, then a diff"),
    ("Why: x\nFails: c d\n", "a.c", "lab 4 has no check d"),
    ("Why: x\nFails: c d?\n", "a.c", "lab 4 has no check d"),
    ("Why: x\nFails: crowd?\n", "a.c", "names no check that must fail"),
    ("Why: x\nFails: crowd c?\n", "a.c", "c fails or not, whatever the seed: `?` is for checks of rung 3"),
    ("Why: x\nFails: c\n", "run", "touches run: only what is handed in can be wrong"),
])
def test_bad_patches_are_named(small, head, path, complaint):
    wrong_patch(small, "bad", head, path)
    assert list(starter.check(small)) == [f"labs/lab4/wrong/bad.patch: {complaint}"]


def test_a_torn_page_is_named(small):
    (small / "b.md").write_text(f"See the [guide]({GUIDE}).\n")
    subprocess.run(["git", "add", "b.md"], cwd=small, check=True)
    assert [c.split(": ")[0] for c in starter.check(small)] == ["b.md:1"]


def test_a_patch_that_does_not_apply_is_named(small):
    wrong_patch(small, "bad", "Why: x\nFails: c\n")
    (small / "a.c").write_text("other\n")
    assert [c for c in starter.check(small) if "does not apply" in c]


CHECK = {"id": "c", "points": 100, "about": "a", "invariants": [], "rung": 1, "host": "t.c"}
LAB = {"title": "T", "hours": "1", "files": ["a.c"], "check": [CHECK]}


@pytest.mark.parametrize("lab, complaint", [
    ({**LAB, "titel": "T"}, "unknown key `titel`"),
    ({**LAB, "files": "a.c"}, "`files` is not a list"),
    ({**LAB, "files": ["../a.c"]}, "'../a.c' is not a path from the root"),
    ({**LAB, "files": ["/a.c"]}, "'/a.c' is not a path from the root"),
    ({k: v for k, v in LAB.items() if k != "hours"}, "`hours` is missing"),
    ({**LAB, "check": [{**CHECK, "points": 99}]}, "the points add up to 99, not 100"),
    ({**LAB, "check": [{**CHECK, "points": 50}] * 2}, "a check's id stands twice: c"),
    ({**LAB, "check": [{**CHECK, "id": "A b"}]}, "check A b: an id has"),
    ({**LAB, "check": [{**CHECK, "rung": 4}]}, "only rungs 1 to 3"),
    ({**LAB, "check": [{**CHECK, "model": {"only": ["x"]}}]}, "exactly one of"),
    ({**LAB, "check": [{k: v for k, v in CHECK.items() if k != "host"}]}, "exactly one of"),
    ({**LAB, "check": [{**CHECK, "host": {"tset": "t.c"}}]}, "host has no `test`"),
    ({**LAB, "check": [{**CHECK, "host": {"test": "t.c", "any": 1}}]}, "host has no key any"),
    ({**LAB, "check": [{**CHECK, "host": {"test": 1}}]}, "host's `test` is not a str"),
])
def test_a_bad_lab_is_refused(lab, complaint):
    with pytest.raises(ValueError) as error:
        lab_file.parse(4, lab)
    assert complaint in str(error.value)


def test_the_defaults_of_a_check():
    check = lab_file.parse(4, {**LAB, "check": [{k: v for k, v in CHECK.items() if k != "host"} | {"ktest": {"filter": "a", "seeds": [1, 2]}}]}).checks[0]
    assert (check.kind, check.how["cpus"], check.how["seeds"], check.how["debug"]) == ("ktest", 4, [1, 2], True)
