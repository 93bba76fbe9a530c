"""What the grader does not even run: files that are no files, sources and objects that could speak in the place of the tests."""
import os
import re
import subprocess

import attack
import conftest
import pytest
from labs import guards, submission
from labs.workspace import BuildFailed

FILE = attack.FILE


# --- files ------------------------------------------------------------------------------------------------

def collect(root):
    return submission.collect(str(root), [FILE, "mm/pgsync/own_*.c"])


@pytest.fixture
def handed_in(tmp_path):
    directory = tmp_path / "s"
    (directory / "mm/pgsync").mkdir(parents=True)
    (directory / FILE).write_text("int x;\n")
    return directory


def test_only_the_files_of_the_lab_are_taken(handed_in):
    (handed_in / "Makefile").write_text("grade:\n\techo GRADE: 100 of 100 points\n")
    (handed_in / "mm/pgsync/own_way.c").write_text("int y;\n")
    (handed_in / "mm/pgsync/root.c").write_text("changed")
    assert collect(handed_in) == {FILE: b"int x;\n", "mm/pgsync/own_way.c": b"int y;\n"}


def refused(handed_in, complaint):
    with pytest.raises(submission.Refused) as error:
        collect(handed_in)
    assert str(error.value) == f"{FILE}: {complaint}"


def test_a_missing_file(handed_in):
    (handed_in / FILE).unlink()
    refused(handed_in, "is missing")


def test_a_link_is_not_followed(handed_in):
    (handed_in / FILE).unlink()
    (handed_in / FILE).symlink_to(os.path.join(conftest.ROOT, FILE))
    refused(handed_in, "is a symbolic link")


def test_a_link_on_the_way_is_not_followed(handed_in):
    (handed_in / FILE).unlink()
    (handed_in / "mm/pgsync").rmdir()
    (handed_in / "mm/pgsync").symlink_to(os.path.join(conftest.ROOT, "mm/pgsync"))
    refused(handed_in, "is below a symbolic link or a file")


def test_a_pipe_is_not_waited_for(handed_in):
    (handed_in / FILE).unlink()
    os.mkfifo(handed_in / FILE)
    refused(handed_in, "is not a plain file")


def test_a_directory(handed_in):
    (handed_in / FILE).unlink()
    (handed_in / FILE).mkdir()
    refused(handed_in, "is not a plain file")


def test_no_text(handed_in):
    (handed_in / FILE).write_bytes(b"int x;\n/* \xff */\n")
    refused(handed_in, "is not UTF-8 at byte 10")
    (handed_in / FILE).write_bytes(b"int x;\0\n")
    refused(handed_in, "has a null byte")


def test_a_huge_file(handed_in):
    with open(handed_in / FILE, "wb") as f:
        f.truncate(1 << 40)
    refused(handed_in, "is larger than 256 KiB")


def test_too_many_files(handed_in):
    for i in range(30):
        (handed_in / f"mm/pgsync/own_{i}.c").write_text("")
    with pytest.raises(submission.Refused, match="31 files"):
        collect(handed_in)


# --- sources ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("line, complaint", [
    ('#include "/etc/passwd"', 'line 3: may not include "/etc/passwd"'),
    ('#include "kernel/base/printk.h"', 'line 3: may not include "kernel/base/printk.h"'),
    ("# include <stdio.h>", "line 3: may not include <stdio.h>"),
    ("%:include <stdio.h>", "line 3: may not include <stdio.h>"),
    ("#include HEADER", "line 3: may not include HEADER"),
    ("#include_next <stdio.h>", "line 3: the directive #include_next is not allowed"),
    ("#pragma GCC poison x", "line 3: the directive #pragma is not allowed"),
    ("#line 1 \"kernel/kmain.c\"", "line 3: the directive #line is not allowed"),
    ("#embed \"/etc/passwd\"", "line 3: the directive #embed is not allowed"),
    ("#define PASTE(a, b) a##b", "line 3: a macro that makes words of other words (#, ##)"),
    ("%:define PASTE(a, b) a%:%:b", "line 3: a macro that makes words of other words (#, ##)"),
    ("__asm__(\"hlt\");", "line 3: `__asm__` is not allowed"),
    ("static int a = sizeof(int) /* */ ; asm (\"\");", "line 3: `asm` is not allowed"),
    ("a\\\nsm(\"\");", "line 3: `asm` is not allowed"),
    ("#define A asm", "line 3: `asm` is not allowed"),
    ("int a __attribute__((section(\".ktest\")));", "line 3: `__attribute__` is not allowed"),
    ("__attribute__((constructor)) void f(void) {}", "line 3: `__attribute__` is not allowed"),
    ("[[gnu::constructor]] void f(void) {}", "line 3: `[[` is not allowed"),
    ("static int a __section(\".ktest\");", "line 3: `__section` is not allowed"),
    ("_Pragma(\"x\")", "line 3: `_Pragma` is not allowed"),
    ("void *p = __builtin_frame_address(0);", "line 3: `__builtin_frame_address` is not allowed"),
    ("int \\u0061;", "line 3: `\\u` is not allowed"),
])
def test_sources_that_say_what_they_must_not(line, complaint):
    text = f'#include "mm/pgsync/strategy.h"\n\n{line}\n'
    assert list(guards.source_findings(FILE, text, {'include "mm/pgsync/strategy.h"'})) == [complaint]


def test_comments_and_strings_say_what_they_like():
    text = '/* asm */\n// #include <x>\nstatic const char *s = "asm ## __attribute__";\n#define TWICE(x) ((x) + (x))\n'
    assert not list(guards.source_findings(FILE, text, set()))


# --- objects ----------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def lab4():
    return attack.Lab4()


def test_the_reference_is_clean(lab4):
    assert not lab4.findings("", "")


@pytest.mark.parametrize("outside, inside, complaint", [
    ("void printk(const char *, ...);", 'printk("ok 1 guard.x\\n");', "may not refer to printk"),
    ("void machine_exit(int);", "machine_exit(0x10);", "may not refer to machine_exit"),
    ("void exit(int);", "exit(0);", "may not refer to exit"),
    ("extern char nonce[];", "root->state = nonce[0];", "may not refer to nonce"),
    ("void write(void);\nvoid write(void) {}", "", "may not define write"),
    ("int errno;", "", "may not define errno"),
    ("", "((void (*)(void))(root->state * 64ul))();", "may not contain call *"),
    ("", "*(volatile int *)0xffffffff80345678 = 0;", "may not contain an address in the kernel's image"),
    ("", "irq_save();", "may not contain cli"),
])
def test_objects_that_do_what_they_must_not(lab4, outside, inside, complaint):
    assert complaint in lab4.findings(outside, inside)


def test_what_a_lab_permits_is_permitted(lab4):
    lab4.lab.symbols.append("printk")
    try:
        assert not lab4.findings("void printk(const char *, ...);", 'printk("hello\\n");')
    finally:
        lab4.lab.symbols.remove("printk")


def test_files_of_the_students_own_may_define_what_is_theirs(lab4):
    assert not lab4.findings("void own_helper(void);\nvoid own_helper(void) {}\nint pgsync_own_count;", "")


def test_what_does_not_compile_is_left_to_the_checks(lab4):
    """No object, no finding; and the check says what the compiler says, without this machine's paths."""
    lab4.findings("", "no_such_function_or_type x;")
    with pytest.raises(BuildFailed) as error:
        lab4.workspace.kernel("debug")
    assert re.match(rf"does not build: {FILE}:\d+:\d+: error: ", str(error.value))


@pytest.mark.parametrize("assembly, fact", [
    ("outb %al, %dx", "out"), ("out %eax, $0x60", "out"), ("lidt (%rax)", "lidt"), ("mov %rax, %cr3", "mov %reg,%cr3"), ("wrmsr", "wrmsr"),
    ("cli", "cli"), ("iretq", "iretq"), ("syscall", "syscall"), ("int $0x80", "int"), ("call *%rax", "call *"), ("jmp *%rax", "jmp *"),
    ("lret", "lret"), ("mov %ax, %ss", "mov %eax,%ss"), ("rep outsb", "outsb"), ("movabs $0xffffffff80123456, %rax", "an address in the kernel's image"),
    ("wrfsbase %rax", "wrfsbase"), ("swapgs", "swapgs"), ("popf", "popf"),
])
def test_instructions_that_are_seen(tmp_path, assembly, fact):
    (tmp_path / "a.s").write_text(f"f:\t{assembly}\n\tmfence\n\tlock addl $1, (%rax)\n\tjmp f\n")
    subprocess.run(["as", tmp_path / "a.s", "-o", tmp_path / "a.o"], check=True)
    found = {f.removeprefix("instruction ") for f in guards.instructions(str(tmp_path / "a.o"))}
    assert len(found) == 1 and found.pop().startswith(fact.split()[0])


def test_sections_that_are_seen(tmp_path):
    (tmp_path / "a.s").write_text('\t.section .ktest,"aw"\n\t.quad 1\n\t.section .init_array,"aw"\n\t.quad 1\n\t.data\n\t.quad 1\n')
    subprocess.run(["as", tmp_path / "a.s", "-o", tmp_path / "a.o"], check=True)
    assert guards.sections(str(tmp_path / "a.o")) == {"section .ktest", "section .init_array"}
