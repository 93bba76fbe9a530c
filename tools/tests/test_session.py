"""Sessions at the console, through a pseudo-terminal: what a person types, and what comes back."""
import os
import re

import pytest

import qemu
from terminal import Terminal

SHELL_ARCHIVE = os.path.join(qemu.ROOT, "build/shell.cpio")


@pytest.fixture
def session(request):
    """session(program, smp=2): a Terminal with that program on it; the log is named after the test."""
    open_now = []

    def run(program, smp=2, **machine):
        if not os.path.exists(SHELL_ARCHIVE):
            pytest.fail("build/shell.cpio is missing: run `make build/shell.cpio`")
        name = re.sub(r"\W+", "-", request.node.name).strip("-")
        terminal = Terminal(qemu.Machine(append=f"-- @servers {program}", smp=smp, initrd=SHELL_ARCHIVE, **machine),
                            os.path.join(qemu.LOGS, f"{name}.log"))
        open_now.append(terminal)
        return terminal.__enter__()
    yield run
    for terminal in open_now:
        terminal.__exit__()


def test_lines_are_edited_by_the_terminal(session):
    """dash reads lines as they are; the console edits them."""
    t = session("/bin/dash -i")
    t.expect(r"# ")
    t.type("echo ab\177cd\r")
    t.expect(r"echo ab\x08 \x08cd\r\nacd\r\n# ")
    t.type("echo one two\027\027three\r")
    t.expect(r"\r\n")
    t.expect(r"three\r\n")
    t.type("nonsense\025echo killed\r")
    t.expect(r"\r\nkilled\r\n# ")
    t.type("echo \026\003\r")
    t.expect(r"\^C\r\n\x03\r\n# ")
    t.type("abc\003")
    t.expect(r"abc\^C")
    t.expect(r"# ")
    t.type("exit 0\r")
    assert t.wait() == qemu.EXIT_SUCCESS


def test_the_end_of_input_ends_the_shell(session):
    t = session("/bin/dash -i")
    t.expect(r"# ")
    t.type("false\r")
    t.expect(r"# ")
    t.type("\004")
    assert t.wait() == qemu.EXIT_FAILURE
