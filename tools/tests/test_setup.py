"""tools/setup and tools/doctor on a machine that lacks nearly everything (a PATH of a few commands)."""
import os
import subprocess
import time

import pytest
from conftest import ROOT


@pytest.fixture
def bare(tmp_path):
    """An environment in which only the shell's helpers are found."""
    for name in ("bash", "env", "tr", "cat", "dirname", "grep", "nproc", "awk", "uname"):
        source = next(p for p in (f"/usr/bin/{name}", f"/bin/{name}") if os.path.exists(p))
        (tmp_path / name).symlink_to(source)
    return {"PATH": str(tmp_path), "SETUP": "no"}


def run(command, env):
    return subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_setup_no_prints_the_line_to_type(bare):
    done = run(["tools/setup", "run"], bare)
    assert done.returncode == 1
    line = done.stdout.strip().splitlines()[-1]
    assert "apt-get install" in line
    assert {"gcc", "nasm", "qemu-system-x86", "xorriso"} <= set(line.split())
    assert "gdb" not in line.split()  # only what the goal needs
    assert "the machine" in done.stdout  # and why


def test_setup_is_silent_and_fast_when_nothing_is_missing():
    begin = time.monotonic()
    done = run(["tools/setup", "build", "run", "test", "gdb"], os.environ)
    assert (done.returncode, done.stdout) == (0, "")
    assert time.monotonic() - begin < 5  # measured: 0.02 s; the bound only says that no package manager is asked


def test_unknown_profile():
    assert run(["tools/setup", "kitchen"], os.environ).returncode == 2


def test_doctor_names_what_is_missing_and_the_cure(bare):
    done = run(["tools/doctor"], bare)
    assert done.returncode == 1
    assert "MISSING  nasm" in done.stdout
    assert "apt-get install" in done.stdout.splitlines()[-1]


def test_doctor_is_content_here():
    done = run(["tools/doctor"], os.environ)
    assert done.returncode == 0, done.stdout
