"""`make gdb` in batch mode: kmain, the first user process, symbols of both sides, stepping on one CPU; and what all
commands share: their help, and errors in one line."""
import os
import re

import pytest
import qemu
from gdb_session import session, without_machine


@pytest.fixture(autouse=True)
def needs_kernel():
    if not os.path.exists(qemu.KERNEL):
        pytest.fail("build/freewalk.elf is missing: run `make all`")


def test_stops_at_kmain_with_source_and_backtrace():
    said = session(["bt", "info threads", "show architecture"])
    assert re.search(r"kmain \(\) at kernel/\w+\.c:\d+", said.text)
    assert "boot_main" in said.text
    assert "set to \"auto\" (currently \"i386:x86-64\")" in said.text


def test_stops_in_main_of_the_first_user_program_and_steps_on_one_cpu():
    said = session(["fw first-user", "info symbol $pc", "show scheduler-locking", "fw cpus",
                    "printf \"before %d\\n\", $_thread", "next", "next", "printf \"after %d\\n\", $_thread"], smp=4)
    assert "user_enter_first" in said.text
    assert re.search(r"main.* in section \.text of .*pgstress", said.text)
    assert "\"step\"" in said.text
    before, after = re.search(r"before (\d+)", said.text), re.search(r"after (\d+)", said.text)
    assert before and after and before[1] == after[1]
    assert len(re.findall(r"^[* ] CPU +\d+ ", "\n".join(said["fw cpus"]), re.M)) == 4
    assert re.search(r"^\* CPU .*pgstress \(\d+\)", said.text, re.M)


def commands():
    """The commands that `help fw` lists."""
    listed = without_machine(["help fw"])["help fw"]
    return [m[1] for m in (re.match(r"fw ([\w-]+) -- \S", line) for line in listed) if m]


def test_each_command_has_help_with_usage_an_example_and_what_it_reads():
    names = commands()
    assert {"connect", "cpus", "roots", "rootdiff", "slots", "walk"} <= set(names)
    said = without_machine([f"help fw {name}" for name in names])
    for name in names:
        help_text = "\n".join(said[f"help fw {name}"])
        assert re.match(r"[A-Z][^\n]*\.$", help_text, re.M), name
        assert f"\nUsage: fw {name}" in help_text, name
        assert f"\nExample: fw {name}" in help_text, name
        assert "\nReads: " in help_text, name


def test_without_symbols_or_machine_each_command_says_so_in_one_line():
    examples = without_machine([f"help fw {name}" for name in commands()])
    typed = [re.search(r"^Example: (.*)$", "\n".join(lines), re.M)[1] for _, lines in examples.pairs]
    typed = [command for command in typed if command.split()[1] not in ("connect", "program")]
    said = without_machine(typed)
    for command in typed:
        assert len(said[command]) == 1, command
        assert said[command][0].startswith(("the kernel's symbols are not loaded", "no user program")), command
    for command, lines in without_machine(typed, qemu.KERNEL).pairs:
        assert len(lines) == 1, command
        assert lines[0].startswith(("not connected to a machine", "no user program")), command


def test_unknown_program_is_refused_with_the_known_ones():
    said = without_machine(["fw user /bin/no-such"])
    assert "no user program /bin/no-such; there are: " in said["fw user /bin/no-such"][0]


def test_unknown_commands_and_wrong_arguments():
    said = without_machine(["fw nothing", "fw walk", "fw roots -x -y", "complete fw roo", "complete fw roots -"])
    assert said["fw nothing"] == ["there is no fw nothing; `fw` lists the commands"]
    assert said["fw walk"] == ["Usage: fw walk ADDRESS [ROOT]"]
    assert said["fw roots -x -y"] == ["Usage: fw roots [-a]"]
    assert said["complete fw roo"] == ["fw rootdiff", "fw roots"]
    assert said["complete fw roots -"] == ["fw roots -a"]
