"""Debug and mutant builds: what a release build has of them (nothing), and what make says to an unknown mutant."""
import glob
import json
import os
import re
import subprocess

import check_lib
import pytest
from conftest import ROOT, make

MARK = re.compile(r"\bRACE_POINT\(\w+\);|\bTRACE_RACE_POINT\b|\bMUTANT\(\w+\)")
DEFINE = ("kernel/base/mutant.h", "kernel/base/trace.h")
BLANK = {"R": ";", "T": "TRACE", "M": "0"}  # an event that is a race point too stays an event


def debug_only():
    """Sources that a release build does not compile: the Makefile's first list of what is elsewhere."""
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as f:
        return set(re.search(r"^ELSEWHERE := (.*)", f.read().replace("\\\n", " "), re.M)[1].split())


def marked():
    """(the kernel's file that contains race points or mutants, the sources that show them: itself, or who includes it)"""
    texts = check_lib.kernel_sources(ROOT)
    for path in sorted(path for path, text in texts.items() if MARK.search(text) and path not in DEFINE and path not in debug_only()):
        users = [user for user, text in sorted(texts.items()) if user.endswith(".c") and path in check_lib.included(texts, text)]
        yield path, [path] if path.endswith(".c") else users


@pytest.fixture(scope="module")
def compiler():
    """compile(source, object, flags): as make does, without debugging information."""
    assert make("compile_commands")[0] == 0
    with open(os.path.join(ROOT, "build/compile_commands.json"), encoding="utf-8") as f:
        entry = next(e for e in json.load(f) if e["file"] == "kernel/kmain.c")
    command = entry["arguments"]
    assert command[-2:] == ["-c", entry["file"]]

    def run(source, target, *flags):
        done = subprocess.run([*command[:-2], "-g0", *flags, "-c", str(source), "-o", str(target)], cwd=ROOT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout
        return target.read_bytes()
    return run


def blanked(path, tree):
    """A copy of the source in `tree` without its race points and mutants; every line stays where it is."""
    copy = tree / path
    copy.parent.mkdir(parents=True, exist_ok=True)
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        text = f.read()
    copy.write_text(MARK.sub(lambda m: BLANK[m[0][0]], text))
    return copy


@pytest.mark.parametrize("path, sources", marked())
def test_a_release_object_has_no_trace(compiler, tmp_path, path, sources):
    """Byte for byte the object of the same source without them. A debug object is another one."""
    copy = blanked(path, tmp_path)
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        text = f.read()
    unchanged = {f"-DMUTANT_{mutant}=1" for mutant in re.findall(r"\bMUTANT\((\w+)\)", text)}
    if "RACE_POINT(" in text:
        unchanged.add("-DDEBUG_KERNEL=1")
    for source in sources:
        if source == path:
            without = compiler(copy, tmp_path / "without.o", f"-fmacro-prefix-map={tmp_path}/=")
        else:  # the blanked header is found before the one that `-I.` finds
            without = compiler(source, tmp_path / "without.o", f"-iquote{tmp_path}", f"-fmacro-prefix-map={tmp_path}/=./")
        # A condition that ASSERT() prints is a trace too: write `if (!MUTANT(x)) ASSERT(...)`.
        same = compiler(source, tmp_path / "release.o") == without
        assert same, f"the release object of {source} knows of the race points or mutants in {path}"
        unchanged -= {flag for flag in unchanged if compiler(source, tmp_path / "changed.o", flag) != without}
    assert not unchanged, "these change nothing in a release build"


def test_an_unknown_mutant_is_refused():
    status, lines = make("all", "MUTANT=no_such_protection")
    assert status != 0
    message = next(line for line in lines if "no file contains MUTANT(no_such_protection)" in line)
    assert re.search(r"known:.* poison_unchecked\b", message)


def test_a_mutant_is_the_debug_build_but_for_its_files():
    assert make("all", "DEBUG=1")[0] == 0
    assert make("all", "MUTANT=poison_unchecked")[0] == 0
    compiled = glob.glob("build/mutants/poison_unchecked/obj/**/*.c.o", root_dir=ROOT, recursive=True)
    assert compiled == ["build/mutants/poison_unchecked/obj/mm/poison.c.o"]


def test_a_mutant_fails_the_test_that_guards_it():
    status, lines = make("ktest", "MUTANT=poison_unchecked", "NCPU=1", "FILTER=poison")
    assert status != 0 and any(line.startswith("not ok") for line in lines)
    status, lines = make("ktest", "DEBUG=1", "NCPU=1", "FILTER=poison")
    assert status == 0 and not any(line.startswith("not ok") for line in lines)
