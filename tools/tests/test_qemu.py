"""The verdicts of tools/qemu.py, each shown by a guest of a few instructions that ends in that way."""
import subprocess

import pytest
import qemu

PASSED = "T: PASS"
LINKER_SCRIPT = """
PHDRS { all PT_LOAD; note PT_NOTE; }
SECTIONS {
    . = 0x100000;
    .text : { *(.text .data) } :all
    .note : { *(.note.pvh) } :all :note
}
"""


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    """guest(ending, words): the path of a bootable ELF (guest.asm says what the endings are)."""
    directory = tmp_path_factory.mktemp("guest")
    script = directory / "guest.ld"
    script.write_text(LINKER_SCRIPT)

    def make(ending, words):
        name = directory / f"guest-{ending:x}-{len(words)}"
        source = f"{qemu.ROOT}/tools/tests/guest.asm"
        text = f'"{words}",10' if words else '""'
        subprocess.run(["nasm", "-f", "elf32", f"-DENDING={ending}", f"-DWORDS={text}", source, "-o", f"{name}.o"],
                       check=True)
        subprocess.run(["ld", "-m", "elf_i386", "-T", script, "-e", "start", f"{name}.o", "-o", str(name)],
                       check=True, stderr=subprocess.DEVNULL)
        return str(name)
    return make


def boot(kernel, timeout=60, expect="^" + PASSED):
    return qemu.run(qemu.Machine(kernel=kernel, initrd=None, mem="64M"), expect, timeout)


@pytest.mark.parametrize("ending, words, verdict, status", [
    (0x10, PASSED, "pass", 33),
    (0x10, "nothing of the kind", "fail", 33),  # the code without the line
    (0x11, PASSED, "fail", 35),  # the line without the code
    (0x12, PASSED, "panic", 37),
    (0x100, PASSED, "crash", 0),  # a triple fault after the line
    (0x101, PASSED, "crash", 0),  # an ACPI power-off after the line
    (0x10, "", "fail", 33),
    (0x33, PASSED, "crash", 0x67),
])
def test_verdict(guest, ending, words, verdict, status):
    result = boot(guest(ending, words))
    assert (result.verdict, result.status) == (verdict, status), result.reason


def test_hang_is_ended_and_its_words_kept(guest):
    result = boot(guest(0x102, PASSED), timeout=3)
    assert result.verdict == "hang"
    assert result.lines == [PASSED]
    assert result.seconds < 20


def test_output_without_end_is_ended(guest):
    """A line that never ends is not waited for either."""
    result = qemu.run(qemu.Machine(kernel=guest(0x103, PASSED), initrd=None, mem="64M"), timeout=60, output_limit=20000)
    assert (result.verdict, result.reason) == ("crash", "output without end")
    assert len(result.text) <= 20000 and result.seconds < 50


def test_processor_time_is_limited(guest):
    result = qemu.run(qemu.Machine(kernel=guest(0x104, PASSED), initrd=None, mem="64M"), timeout=300, cpu_limit=2)
    assert (result.verdict, result.reason) == ("hang", "no end within the limit of processor time")
    assert result.user_seconds < 4


def test_the_words_are_in_the_log(guest):
    result = boot(guest(0x10, PASSED))
    with open(result.log, encoding="utf-8") as log:
        text = log.read()
    assert text.startswith("$ qemu-system-x86_64 ") and PASSED in text and "== pass" in text


def test_terminal_escapes_are_removed():
    assert qemu.clean(b"\x1b[2J\x1b[01;01H\x1b[=3hhello\r") == "hello"


def test_every_verdict_has_its_own_exit_code():
    assert len(set(qemu.EXIT_CODE.values())) == len(qemu.EXIT_CODE)
    assert 2 not in qemu.EXIT_CODE.values()  # argparse's own


def test_debugexit_precedes_the_arguments_of_init():
    line = qemu.Machine(append="pgctl=1 -- /bin/pgstress", deadline=9).cmdline()
    assert line == "debugexit=1 deadline=9 pgctl=1 -- /bin/pgstress"


def test_icount_is_single_threaded_and_its_clock_virtual():
    args = " ".join(qemu.command(qemu.Machine(icount=4))[0])
    assert "thread=single" in args and "shift=4,sleep=off" in args and "clock=vm" in args
