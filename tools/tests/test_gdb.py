"""`make gdb` in batch mode: kmain, the first user process, symbols of both sides, stepping on one CPU."""
import os
import re
import subprocess

import pytest
import qemu

SESSION = os.path.join(qemu.ROOT, "tools/gdb/session")


def session(*commands, smp=2, append="pgctl=1 -- /bin/pgstress ops=10"):
    """Runs gdb on a fresh guest; returns what it printed."""
    arguments = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run([SESSION, "--smp", str(smp), "--append", append, "--batch", "--", *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                          timeout=180)
    print(done.stdout)
    assert done.returncode == 0
    return done.stdout


@pytest.fixture(autouse=True)
def needs_kernel():
    if not os.path.exists(qemu.KERNEL):
        pytest.fail("build/freewalk.elf is missing: run `make all`")


def test_stops_at_kmain_with_source_and_backtrace():
    output = session("bt", "info threads", "show architecture")
    assert re.search(r"kmain \(\) at kernel/\w+\.c:\d+", output)
    assert "boot_main" in output
    assert "set to \"auto\" (currently \"i386:x86-64\")" in output


def test_stops_in_main_of_the_first_user_program_and_steps_on_one_cpu():
    output = session("fw first-user", "info symbol $pc", "show scheduler-locking", "fw cpus",
                     "printf \"before %d\\n\", $_thread", "next", "next", "printf \"after %d\\n\", $_thread", smp=4)
    assert "user_enter_first" in output
    assert re.search(r"main.* in section \.text of .*pgstress", output)
    assert "\"step\"" in output
    before, after = re.search(r"before (\d+)", output), re.search(r"after (\d+)", output)
    assert before and after and before[1] == after[1]
    assert len(re.findall(r"^[* ] CPU +\d+ ", output, re.M)) == 4
    assert re.search(r"^\* CPU .*pgstress \(\d+\)", output, re.M)


def test_unknown_program_is_refused_with_the_known_ones():
    output = subprocess.run(["gdb", "-q", "-nx", "-batch", "-x", os.path.join(qemu.ROOT, "tools/gdb/freewalk.py"),
                             "-ex", "fw user /bin/no-such"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True).stdout
    assert "no user program /bin/no-such" in output
