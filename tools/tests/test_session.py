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
        terminal.__enter__()
        if "dash" in program:
            # What the first program of Debian's makes the kernel say comes now, and not between what is expected.
            terminal.boot = terminal.expect(r".*?# ")[0]
            terminal.type("busybox true; echo ready\r")
            terminal.expect(r"\r\n(.*\r\n)?ready\r\n")
        return terminal
    yield run
    for terminal in open_now:
        terminal.__exit__()


def type_until(t, keys, pattern):
    """Types again until it is answered so: for what a person sees to come about, and cannot know when."""
    for _ in range(30):
        t.type(keys)
        try:
            return t.expect(pattern, patience=1)
        except AssertionError:
            pass
    return t.expect(pattern, patience=1)


def test_lines_are_edited_by_the_terminal(session):
    """dash reads lines as they are; the console edits them."""
    t = session("/bin/dash -i")
    t.expect(r"# ")
    t.type("echo ab\177cd\r")
    t.expect(r"echo ab\x08 \x08cd\r\nacd\r\n# ")
    t.type("echo one two\027\027three\r")
    t.expect(r"\r\n")
    t.expect(r"three\r\n# ")
    t.type("nonsense\025echo killed\r")
    t.expect(r"\r\nkilled\r\n# ")
    t.type("echo \026\003\r")
    t.expect(r"\^C\r\n\x03\r\n# ")
    t.type("abc")
    t.expect(r"abc")
    t.type("\003")
    t.expect(r"\^C")
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


def test_the_server_that_knows_of_processes(ktap):
    """Without it (abitest as in test_ktest.py) two of these are left out."""
    passed = ktap("pgctl=1 -- machine /bin/abitest only=console", smp=4).passed
    assert "console.who_would_not_stop_is_told" in passed and "console.nobody_continues_an_orphan" in passed


def test_job_control(session):
    t = session("/bin/dash -i")
    t.expect(r"# ")
    t.type("cat\r")
    t.expect(r"cat\r\n")
    t.type("typed\r")
    t.expect(r"typed\r\n.*typed\r\n")
    t.type("\003")
    t.expect(r"\^C.*# ")
    t.type("(echo up; sleep 1000) | cat\r")
    t.expect(r"cat\r\n.*up\r\n")
    t.type("\032")
    t.expect(r"\^Z.*Stopped.*cat\r\n# ")
    t.type("bg\r")
    t.expect(r"\[1\] .*cat\r\n# ")
    t.type("jobs\r")
    t.expect(r"Running.*\r\n# ")
    t.type("fg\r")
    t.expect(r"sleep 1000.* \| cat\r\n")
    # It is said before it is in the foreground.
    type_until(t, "\003", r"\^C\r\n# ")
    t.type("echo status $?\r")
    t.expect(r"\r\nstatus 130\r\n# ")


def test_the_background_does_not_read(session):
    t = session("/bin/dash -i")
    t.expect(r"# ")
    t.type("cat &\r")
    t.expect(r"# ")
    type_until(t, "jobs\r", r"Stopped \(tty input\) +cat\r\n# ")
    t.type("fg\r")
    t.expect(r"fg\r\ncat\r\n")
    t.type("now\r\004")
    t.expect(r"now\r\n.*now\r\n# ")
    # Modes are a matter of the foreground too, and output is when it is said so.
    t.type("stty tostop; (echo from behind; echo and more) & wait; jobs\r")
    t.expect(r"Stopped \(tty output\).*\r\n# ")
    t.type("fg\r")
    t.expect(r"\r\nfrom behind\r\nand more\r\n# ")


def test_modes_are_the_terminals(session):
    t = session("/bin/dash -i")
    t.expect(r"# ")
    t.type("stty size; stty rows 50 cols 100; stty size\r")
    t.expect(r"\r\n24 80\r\n.*50 100\r\n# ")
    t.type("stty -echo; echo say it; read secret; stty echo; echo it is $secret\r")
    t.expect(r"\r\nsay it\r\n")
    t.type("sesame\r")
    seen = t.expect(r"it is sesame\r\n# ")
    assert seen.string[:seen.end()].count("sesame") == 1
    t.type("stty -icanon min 3; echo set; dd bs=100 count=1 2>/dev/null | od -c; stty icanon\r")
    t.expect(r"\r\nset\r\n")
    t.type("a\177b")
    t.expect(r"0000000 +a +177 +b\r\n")
    t.expect(r"# ")
    t.type("stty sane; stty intr x; sh -c 'echo up; sleep 1000; echo no'\r")
    t.expect(r"\r\n.*up\r\n")
    t.type("x")
    t.expect(r"x.*# ")


def test_a_dead_console_is_replaced_under_load(session):
    """
    Killed while a program writes and a person types: both go on, and nothing else ends. What the kernel logs once the
    next console writes too is no whole line any more: so the shell asks which process it is.
    """
    t = session("/bin/dash -i", smp=4)
    t.expect(r"# ")
    t.type("(i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo \"<$i>\"; done; echo all out) &\r")
    for _ in range(3):
        t.expect(r"<\d+>\r\n<\d+>")
        t.type("kill -9 $(busybox pidof console)\r")
        t.expect(r"init: console was killed by signal 9\r\n")
    t.type("echo still $((6*7))\r")
    seen = ""
    seen = t.expect(r"(?s).*all out\r\n")[0]
    assert len(re.findall(r"<\d+>\r\n", seen)) > 0
    t.type("\recho and $((6*7))\r")
    t.expect(r"and 42\r\n")
    t.type("wait; exit 0\r")
    assert t.wait() == qemu.EXIT_SUCCESS


def test_the_shell_of_busybox_edits_lines(session):
    """Raw mode: each key is read and answered by the shell."""
    t = session("/bin/sh")
    t.expect(r"/ # ")
    t.type("echo acd\033[D\033[Db\033[C\033[Ce\r")
    t.expect(r"\r\nabcde\r\n.*/ # ")
    t.type("\033[A\177fgh\r")
    t.expect(r"\r\nabcdfgh\r\n.*/ # ")
    t.type("cd /bi\t\r")
    t.expect(r"/bin # ")
    t.type("half of a line\003")
    t.expect(r"\^C\r\n.*/bin # ")
    t.type("for i in 1 2 3; do echo $i; done | tr 123 abc | tac | tr '\\n' .; echo\r")
    t.expect(r"\r\nc\.b\.a\.\r\n.*/bin # ")
    t.type("(echo up; sleep 1000)\r")
    t.expect(r"up\r\n")
    t.type("\032")
    t.expect(r"\^Z.*Stopped.*# ")
    t.type("kill %1\r")
    t.expect(r"/bin # ")
    t.type("\r")
    t.expect(r"Terminated.*# ")
    t.type("exit 0\r")
    assert t.wait() == qemu.EXIT_SUCCESS


def test_vi(session):
    t = session("/bin/sh")
    t.expect(r"/ # ")
    t.type("vi /tmp/poem\r")
    t.expect(r"\x1b\[24;1H.*/tmp/poem")
    t.type("iroses are red\rviolets are bleu\033")
    # What follows ESC at once is a key's sequence; when the line at the bottom is there, vi has taken it alone.
    t.expect(r"- /tmp/poem \[Modified\] 2/2")
    t.type(":s/eu/ue/\r1GOa title\033")
    t.expect(r"- /tmp/poem \[Modified\] 1/3")
    t.type(":wq\r")
    t.expect(r"3L, \d+C.*/ # ")
    t.type("cat -n /tmp/poem; stty -a | grep -c ' icanon'\r")
    t.expect(r"1\ta title\r\n +2\troses are red\r\n +3\tviolets are blue\r\n1\r\n")


def test_bash(session):
    t = session("/bin/bash")
    t.expect(r"bash-[\d.]+# ")
    t.type("echo one two\033b\033btwice \001\033d echo\r")
    t.expect(r"\r\none twice two\r\n|\r\ntwice one two\r\n")
    t.type("(echo up; sleep 1000)\r")
    t.expect(r"up\r\n")
    t.type("\032")
    t.expect(r"\[1\]\+  Stopped.*# ")
    t.type("bg; jobs\r")
    t.expect(r"Running.*# ")
    t.type("fg\r")
    t.expect(r"sleep 1000 ?\)\r\n")
    type_until(t, "\003", r"\^C.*# ")
    t.type("less /etc/passwd\r")
    t.expect(r"root:x:0.*/etc/passwd")
    t.type("q")
    t.expect(r"# ")
    t.type("exit 0\r")
    assert t.wait() == qemu.EXIT_SUCCESS
