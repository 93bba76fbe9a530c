"""Every command that the book shows is run, and must answer what is shown.

A command is a line `$ ...` in a block whose fence says `console`; tools/pages.py reads them. The same command on several pages is
run once. Words behind `console`:

    long          more than a few seconds: for `make test-all`
    fails         the status must be another than 0; without the word it must be 0
    interactive   not run, because it asks for somebody at a terminal, a second window, a network or another machine.
                  Where such a command can be tested all the same it has a test of its own: test_gdb.py, test_session.py

Commands of pages run in the tree; those of a lab's handout in the starter of that lab, which takes a build, so all of them
are for `make test-all`. Whatever stands below a command is its answer (pages.answers()). A command runs alone, not in the shell of
the one before it, and may not change what is in the tree. `make test`, `make test-all` and the stages of theirs are not run here once more.
"""
import collections
import os
import re
import shutil
import subprocess

import pytest
import check_lib
import pages
from conftest import ROOT

QUICK_SECONDS, LONG_SECONDS = 600, 1800  # of the host, against hangs
LAB = re.compile(r"labs/lab(\d+)/")


def stages():
    """What `make test-all` does, as commands: for those there is no need of a test, and `make test` here would run itself."""
    recipes = re.search(r"^test:\n(.*?)^mutants:", check_lib.read(ROOT, "Makefile"), re.M | re.S).group(1)
    goals = re.findall(r"^\t@\$\(MAKE\) --no-print-directory (.+)$", recipes, re.M)
    return {"make test", "make test-all"} | {f"make {goal}" for goal in goals}


def lab_of(path):
    match = LAB.match(path)
    return int(match.group(1)) if match else None


def all_pages():
    return [pages.load(ROOT, path) for path in pages.markdown(ROOT)]


def collect(found):
    """One parameter for each command: (lab or None, command, whether it fails, [what is shown])."""
    same = collections.defaultdict(list)
    for command in found:
        if "interactive" not in command.words:
            same[lab_of(command.path), command.text, "fails" in command.words].append(command)
    for (lab, text, fails), shown in same.items():
        if lab is None and text in STAGES:
            continue
        slow = lab is not None or any("long" in command.words for command in shown)
        yield pytest.param(lab, text, fails, shown, id=f"{shown[0].path}:{shown[0].line}", marks=[pytest.mark.more] if slow else [])


STAGES = stages()
PAGES = all_pages()
SHOWN = [command for page in PAGES for command in pages.commands(page)]


@pytest.fixture(scope="session")
def starter(tmp_path_factory):
    """starter(lab): the directory of that lab's starter, made once."""
    made = {}

    def make(lab):
        if lab not in made:
            out = str(tmp_path_factory.mktemp("starter") / f"lab{lab}")
            subprocess.run(["make", "--no-print-directory", "lab", f"LAB={lab}", f"OUT={out}"], cwd=ROOT, env=environment(), check=True)
            made[lab] = out
        return made[lab]
    yield make
    for directory in made.values():
        shutil.rmtree(directory, ignore_errors=True)


def environment():
    """Not as part of the make that runs the tests; CI stays, as for conftest.make()."""
    return {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}


@pytest.mark.parametrize("lab, text, fails, shown", collect(SHOWN))
def test_command(request, starter, lab, text, fails, shown):
    slow = request.node.get_closest_marker("more")
    done = subprocess.run(["bash", "-o", "pipefail", "-c", text], cwd=starter(lab) if lab is not None else ROOT, env=environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=LONG_SECONDS if slow else QUICK_SECONDS)
    print(done.stdout[-6000:])
    assert (done.returncode != 0) == fails, f"status {done.returncode}"
    for command in shown:
        answer = "\n".join(command.answer)
        same = not answer.strip() or pages.answers(command.answer, done.stdout)
        assert same, f"{command.path}:{command.line}: it does not answer\n{answer}"


def test_words_of_consoles():
    for page in PAGES:
        for block in page.blocks:
            kind, *words = block.info.split() or [""]
            if kind == "console":
                assert set(words) <= set(pages.CONSOLE_WORDS), f"{page.path}:{block.line}: {block.info}"
                assert any(line.startswith("$ ") for line in block.lines), f"{page.path}:{block.line}: no command"


COMMAND_LINE = re.compile(r"(?:    \s*|\$ )(?:\$ )?(?:make|tools/[\w.-]+)(?: [\w=./'\"-]+)*(?:  |$|\s*#)")


def test_commands_are_in_consoles():
    """A command in a block of another kind would never be run."""
    for page in PAGES:
        consoles = [b for b in page.blocks if b.info.split()[:1] == ["console"]]
        inside = {n for b in consoles for n in range(b.line, b.line + len(b.lines) + 1)}
        lines = enumerate(page.text.split("\n"), 1)
        hidden = [n for n, line in lines if n not in inside and COMMAND_LINE.match(line)]
        assert not hidden, f"{page.path}: lines {hidden}: use a block ```console"


def test_stages():
    assert {"make check", "make hosttest", "make mutants", "make conformance"} <= STAGES


def test_there_are_commands():
    assert len([command for command in SHOWN if "interactive" not in command.words]) > 10


@pytest.mark.parametrize("shown, output, same", [
    ("a b", "a   b\n", True), ("a b", "a c\n", False), ("a", "a\nb\n", False), ("a\n...", "a\nb\nc\n", True),
    ("...\nc", "a\nb\nc\n", True), ("a ... c", "a 12 c\n", True), ("a ... c", "a 12 d\n", False), ("...\nd", "a\nb\n", False),
    ("a\n...\nc", "a\nc\n", True), ("a.c", "abc\n", False),
])
def test_answers(shown, output, same):
    assert pages.answers(shown.split("\n"), output) == same


def test_the_reader_of_consoles():
    text = ("```console\n$ one \\\n> two\nout\n$ three  # said\n```\n\n```console long fails\n$ four\n```\n\n"
            "```c\n$ five\n```\n\n```console interactive\n$ six\n```\n")
    found = pages.commands(pages.parse("labs/lab3/README.md", text))
    assert [(c.text, c.answer, sorted(c.words)) for c in found] == [
        ("one \\\ntwo", ["out"], []), ("three", [], []), ("four", [], ["fails", "long"]), ("six", [], ["interactive"])]
    assert [p.values[:3] for p in collect(found + found)] == [(3, "one \\\ntwo", False), (3, "three", False), (3, "four", True)]
