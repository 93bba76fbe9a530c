"""
Programs that nobody here wrote, with the servers: what a script prints here is what the same static program, with
the same script, prints on this host.
"""
import os
import re
import signal
import subprocess

import conftest
import pytest
import qemu

SHELL = os.path.join(conftest.ROOT, "build/shell.cpio")
PROGRAMS = os.path.join(conftest.ROOT, "build/programs")
SCRIPTS = os.path.join(conftest.ROOT, "user/scripts")
RUNS = [("busybox sh", "language.sh"), ("bash", "language.sh"), ("dash", "language.sh"), ("bash", "bash.sh"),
        ("busybox sh", "tools.sh"), ("lua", "lua.lua"), ("busybox sh", "parallel.sh")]


def on_host(program, script, arguments, tmp_path):
    """
    The lines of the script on this host, with busybox's tools. With SIGINT as a terminal's shell leaves it: one that starts
    the tests in the background has it ignored, and a shell cannot trap what it was born to ignore.
    """
    tools = tmp_path / "bin"
    tools.mkdir()
    busybox = os.path.join(PROGRAMS, "busybox")
    for name in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
        (tools / name).symlink_to(busybox)
    (tmp_path / "work").mkdir()
    done = subprocess.run([os.path.join(PROGRAMS, *program.split()[:1]), *program.split()[1:], script, *arguments],
                          cwd=tmp_path / "work", env={"PATH": str(tools), "HOME": "/root"}, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    return [line.rstrip() for line in done.stdout.splitlines()]


def in_guest(lines):
    """What stands between the marks, without the kernel's and init's own lines."""
    lines = [line.rstrip() for line in lines]
    begin, end = lines.index("run: begin"), [i for i, line in enumerate(lines) if line.startswith("run: end")]
    assert end, "the script did not end"
    return [line for line in lines[begin + 1:end[0]] if not re.match(r"pid \d+ \(.*\): system call|init: ", line)]


@pytest.mark.parametrize("program,script", RUNS, ids=lambda value: value.replace(" ", "-"))
def test_the_same_comes_out(boot_ok, tmp_path, program, script):
    path = "/test/" + script
    result = boot_ok(f"-- @servers /bin/sh /test/run.sh /bin/{program} {path}", smp=4, initrd=SHELL)
    expected = on_host(program, os.path.join(SCRIPTS, script), [], tmp_path)
    assert len(expected) >= 2
    host_path, here = os.path.join(SCRIPTS, script), in_guest(result.lines)
    assert here == [line.replace(host_path, path) for line in expected]


def test_hundreds_of_processes_on_64_cpus(boot_ok):
    here = in_guest(boot_ok("-- @servers /bin/sh /test/run.sh /bin/sh /test/parallel.sh 600", smp=64, initrd=SHELL,
                            mem="1G").lines)
    assert here == ["600 179700 fjj", " 60 9"]


def test_64_threads_on_64_cpus(ktap):
    assert "threads.sixty_four_in_step" in ktap("-- /bin/abitest only=threads", smp=64).passed
