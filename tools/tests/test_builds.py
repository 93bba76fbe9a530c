"""Debug and mutant builds: what a release build has of them (nothing), and what make says to an unknown mutant."""
import glob
import json
import os
import re
import shlex
import subprocess

import pytest
from conftest import ROOT, make

MARK = re.compile(r"\bRACE_POINT\(\w+\);|\bMUTANT\(\w+\)")


def marked():
    """The kernel's sources that contain race points or mutants."""
    found = []
    for path in glob.glob("**/*.c", root_dir=ROOT, recursive=True):
        if path.startswith(("kernel/", "mm/", "arch/", "boot/")) and not path.endswith("_test.c"):
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                if MARK.search(f.read()):
                    found.append(path)
    return sorted(found)


@pytest.fixture(scope="module")
def compiler():
    """compile(source, object, flags): as make does, without debugging information."""
    assert make("compile_commands")[0] == 0
    with open(os.path.join(ROOT, "build/compile_commands.json"), encoding="utf-8") as f:
        entry = json.load(f)[0]
    command = shlex.split(entry["command"])
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
    copy.write_text(MARK.sub(lambda m: ";" if m[0].startswith("RACE") else "0", text))
    return copy


@pytest.mark.parametrize("path", marked())
def test_a_release_object_has_no_trace(compiler, tmp_path, path):
    """Byte for byte the object of the same source without them. A debug object is another one."""
    same_names = f"-fmacro-prefix-map={tmp_path}/="
    without = compiler(blanked(path, tmp_path), tmp_path / "without.o", same_names)
    # A condition that ASSERT() prints is a trace too: write `if (!MUTANT(x)) ASSERT(...)`.
    same = compiler(path, tmp_path / "release.o") == without
    assert same, f"the release object of {path} knows of its race points or mutants"
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        text = f.read()
    for mutant in set(re.findall(r"\bMUTANT\((\w+)\)", text)):
        changed = compiler(path, tmp_path / "mutant.o", f"-DMUTANT_{mutant}=1") != without
        assert changed, f"{mutant} changes nothing in a release build"
    if "RACE_POINT(" in text:
        changed = compiler(path, tmp_path / "debug.o", "-DDEBUG_KERNEL=1") != without
        assert changed, "the race points are no code in a debug build either"


def test_something_is_marked():
    assert marked()


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
