"""The checkers themselves: each must find a planted violation, and must be silent without it."""
import os
import subprocess

import pytest
import check_lib
import conftest

TOOLS = os.path.join(conftest.ROOT, "tools")


def run(checker, tree, tmp_path):
    """Writes `tree` ({path: text}) and returns (exit status, output) of the checker over it."""
    for path, text in tree.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    done = subprocess.run([os.path.join(TOOLS, f"check-{checker}"), str(tmp_path)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


HEADERS = {
    "kernel/base/types.h": "", "kernel/task.h": "", "mm/mm.h": "", "mm/pgsync/pgsync.h": "", "kernel/abi/pgctl.h": "",
    "arch/x86/include/arch/page.h": "", "arch/x86/include/arch/root.h": "", "arch/x86/include/arch/timer.h": "",
    "arch/x86/regs.h": "", "boot/bootinfo.h": "",
}

FORBIDDEN = [
    ("kernel/base/list.c", "mm/mm.h"),
    ("arch/x86/include/arch/cpu.h", "kernel/task.h"),
    ("mm/vma.c", "kernel/task.h"),
    ("mm/pgsync/walk.c", "mm/mm.h"),
    ("mm/pgsync/walk.c", "arch/timer.h"),
    ("kernel/fork.c", "arch/x86/regs.h"),
    ("kernel/abi/new.h", "kernel/base/types.h"),
    ("user/bin/a.c", "kernel/base/types.h"),
    ("user/bin/a.c", "mm/mm.h"),
    ("mm/vma.c", "mm/missing.h"),
]

ALLOWED = [
    ("kernel/base/list.c", "kernel/base/types.h"),
    ("mm/vma.c", "mm/pgsync/pgsync.h"),
    ("mm/vma.c", "boot/bootinfo.h"),
    ("mm/pgsync/walk.c", "arch/root.h"),
    ("kernel/fork.c", "mm/mm.h"),
    ("arch/x86/trap.c", "arch/x86/regs.h"),
    ("user/bin/a.c", "kernel/abi/pgctl.h"),
]


@pytest.mark.parametrize("path, header", FORBIDDEN)
def test_include_forbidden(tmp_path, path, header):
    status, output = run("includes", {**HEADERS, path: f'#include "{header}"\n'}, tmp_path)
    assert status == 1 and path in output and header in output


@pytest.mark.parametrize("path, header", ALLOWED)
def test_include_allowed(tmp_path, path, header):
    assert run("includes", {**HEADERS, path: f'#include "{header}"\n'}, tmp_path) == (0, "")


def test_host_library_in_the_kernel(tmp_path):
    status, output = run("includes", {"kernel/a.c": "#include <stdio.h>\n"}, tmp_path)
    assert status == 1 and "stdio.h" in output


def test_generic_code_names_the_processor(tmp_path):
    status, output = run("includes", {"mm/a.c": "int a = X86_FEATURE;\n"}, tmp_path)
    assert status == 1 and "X86_FEATURE" in output
    assert run("includes", {"mm/a.c": "/* on x86 this is free */\nint a;\n"}, tmp_path) == (0, "")


@pytest.mark.parametrize("loop", [
    "while (READ_ONCE(flag))\n\t\t;\n",
    "while (!smp_load_acquire(&flag)) {\n\t}\n",
    "for (;;)\n\t\tcount = READ_ONCE(flag);\n",
    "while (inb(0x3fd) == 0)\n\t\t;\n",
])
def test_spin_found(tmp_path, loop):
    status, output = run("spin", {"mm/a.c": f"void f(void)\n{{\n\t{loop}}}\n"}, tmp_path)
    assert status == 1 and "mm/a.c:3" in output


@pytest.mark.parametrize("loop", [
    "while (READ_ONCE(flag))\n\t\tcpu_relax();\n",
    "while (*s++)\n\t\t;\n",
    "do {\n\t\tx = y;\n\t} while (atomic_cmpxchg(&a, x, y) != x);\n",
    "while (READ_ONCE(flag)) /* no-spin: the interrupt handler clears it */\n\t\t;\n",
    "for (i = 0; i < READ_ONCE(n); i++)\n\t\twork(i);\n",
])
def test_spin_silent(tmp_path, loop):
    assert run("spin", {"mm/a.c": f"void f(void)\n{{\n\t{loop}}}\n"}, tmp_path) == (0, "")


@pytest.mark.parametrize("path, text, message", [
    ("a.c", "int a;\n" * 501, "501 lines"),
    ("a.py", "x = 1  # FIX" + "ME later\n", "unfinished"),
    ("doc.md", "words \n", "trailing"),
    ("a.h", "int a;", "newline"),
    ("a.c", "/* " + "x" * 130 + " */\n", "columns"),
])
def test_text(tmp_path, path, text, message):
    status, output = run("text", {path: text}, tmp_path)
    assert status == 1 and message in output


def test_text_silent(tmp_path):
    assert run("text", {"a.c": "int a;\n" * 500, "b.md": "words\n"}, tmp_path) == (0, "")


@pytest.mark.parametrize("path, text, message", [
    ("mm/a.S", "#if MUTANT(no_fence)\n#endif\n", "mm/a.S:1: MUTANT() outside of C"),
    ("mm/a.h", "static int f = MUTANT(no_Fence);\n", "lower-case identifier"),
    ("mm/a.c", "int f = MUTANT( no_fence );\n", "mm/a.c:1"),
    ("mm/a.c", "int f = MUTANT(NO_FENCE);\n", "lower-case identifier"),
])
def test_mutants_found(tmp_path, path, text, message):
    status, output = run("mutants", {path: text}, tmp_path)
    assert status == 1 and message in output


def test_mutants_silent(tmp_path):
    tree = {"mm/a.c": "int f = MUTANT(no_fence_2);\n", "mm/a.h": "/* see MUTANT(no_fence_2) */\n",
            "kernel/base/mutant.h": "#define MUTANT(name) VALUE(MUTANT_##name)\n"}
    assert run("mutants", tree, tmp_path) == (0, "")


def test_a_mutant_in_a_header_reaches_who_includes_it(tmp_path):
    tree = {"mm/a.h": "static int f = MUTANT(no_fence);\n", "mm/b.h": '#include "mm/a.h"\n', "mm/b.c": '#include "mm/b.h"\n',
            "mm/c.c": '/* #include "mm/a.h" */\nint c;\n', "mm/tests/b_test.c": '#include "mm/a.h"\n',
            "kernel/d.c": "int d = MUTANT(no_fence);\n", "kernel/e.c": "int e = MUTANT(no_fence_2);\n"}
    for path, text in tree.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert check_lib.mutated(tmp_path, "no_fence") == ["kernel/d.c", "mm/b.c"]


def test_map(tmp_path):
    tree = {"mm/a.c": "int a;\n", "docs/code-map.md": "- `mm/gone.c` what was here\n"}
    status, output = run("map", tree, tmp_path)
    assert status == 1 and "no line for mm/a.c" in output and "mm/gone.c is not in the tree" in output
    tree["docs/code-map.md"] = "- `mm/a.c` what is here\n"
    assert run("map", tree, tmp_path) == (0, "")
    tree["docs/code-map.md"] = "- `mm/a.c`\n"
    assert "no description" in run("map", tree, tmp_path)[1]


def test_pages_name_only_files_that_exist(tmp_path):
    tree = {"mm/a.c": "", "docs/code-map.md": "- `mm/a.c` what is here\n", "docs/page.md": "Read `mm/a.c` first.\n"}
    assert run("map", tree, tmp_path) == (0, "")
    tree["docs/page.md"] = "Read `mm/b.c` first.\n"
    status, output = run("map", tree, tmp_path)
    assert status == 1 and "docs/page.md:1: names mm/b.c" in output


NAMED = {
    "mm/pgsync/walk.c": '/* gone() */\nint walk(int slot)\n{\n\treturn MUTANT(no_fence) ? slot : last_slot;\n}\n'
                        'struct s x = {.name = "walk-v2"};\n',
    "mm/tests/a_ktest.c": "KTEST(guard, i01_a_fence)\n{\n}\n",
    "mm/tests/b_test.c": "static void adds_up(void **state)\n{\n}\n",
    "kernel/selftest.c": 'x = {{"nullderef", crash_nullderef}};\n',
    "kernel/selftest_heap.c": 'x = {{"heap", fault_heap, false}};\n',
    "arch/x86/include/arch/root.h": "", "Makefile": "# NCPU, JOBS\nall run: build/x\nbuild/x:\n\ttrue\nK := $(NCPU)\n",
    "tools/pgmodel/scenarios.c": "SCENARIO(fork_grow, setup)\n",
    "tools/tests/test_a.py": "def test_it():\n    pass\n",
}

RIGHT = ["mm/pgsync/walk.c", "mm/pgsync/", "walk.c", "walk()", "MUTANT(no_fence)", "MUTANT=no_fence", "guard.i01_a_fence",
         "host.b_test.adds_up", "test_a.py", "test_a.py::test_it", "model.fork_grow.walk.tso", "pgsync=walk-v2", "selftest=nullderef", "selftest=heap",
         "last_slot", "struct s x", "p->mm", "none", "a few words", "make run", "make all NCPU=4 JOBS=1", "make NCPU=4", "last_slot.walk", "lab.toml",
         "arch/root.h", "labs/lab9/none.c"]

WRONG = ["mm/pgsync/wlak.c", "mm/pgsnc/", "wlak.c", "gone()", "MUTANT(no_fnece)", "MUTANT=fence", "guard.i01_another", "host.b_test.walk",
         "test_b.py", "test_a.py::test_that", "model.fork_shrink", "pgsync=walk-v3", "selftest=gone", "lost_slot", "struct slot_of_nobody", "make walk", "make run CPUS=4", "make K", "last_slot.wlak", "arch/boot.h", "labb.toml"]


@pytest.mark.parametrize("page", ["docs/series.md", "docs/invariants.md"])
def test_docs(tmp_path, page):
    text = "".join(f"Line with `{name}` in it.\n" for name in RIGHT)
    assert run("docs", {**NAMED, page: text}, tmp_path) == (0, "")
    for name in WRONG:
        status, output = run("docs", {page: text + f"And `{name}`.\n"}, tmp_path)
        assert status == 1 and f"{page}:{len(RIGHT) + 1}: `{name}`" in output, name
        assert output.endswith("check-docs: 1 finding\n")


def test_docs_a_function_beside_its_file(tmp_path):
    page = "`mm/pgsync/walk.c`: `{0}()` and `mm/pgsync/walk.c` `{0}()`, elsewhere `mm/tests/b_test.c`, `walk()`.\n"
    tree = {**NAMED, "mm/a.c": "int far(void)\n{\n}\n"}
    assert run("docs", {**tree, "README.md": page.format("walk")}, tmp_path) == (0, "")
    status, output = run("docs", {"README.md": page.format("far")}, tmp_path)
    assert status == 1 and output.count("README.md:1: `far()` is not in mm/pgsync/walk.c") == 2


LINKED = {
    "docs/README.md": "# Book\n\n## Part\n\n1. [A](a.md): a\n2. [B](../mm/README.md)\n",
    "docs/a.md": "# A\n\n## Two `words` (a_b)\n\n## Two words\n\n```\n# no heading\n[x](no-link.md)\n```\n\n    [x](none.md) `[x](none)`\n",
    "mm/README.md": "# B\n", "docs/figures/race.py": "", "docs/figures/life.dot": "",
}
GOOD_LINKS = ["docs/a.md", "docs/a.md#two-words-a_b", "docs/a.md#two-words", "mm", "https://example.org/x", "docs/figures/race.svg",
              "docs/figures/life.svg", "#top"]
BAD_LINKS = ["docs/b.md", "docs/a.md#three-words", "docs/a.md#no-heading", "../outside.md", "docs/figures/other.svg", "#bottom", "mm/README.md#c"]


def test_links(tmp_path):
    text = "# Top\n\n" + "".join(f"[text]({link}) `code`\n" for link in GOOD_LINKS)
    assert run("links", {**LINKED, "README.md": text}, tmp_path) == (0, "")
    for link in BAD_LINKS:
        status, output = run("links", {"README.md": text + f"![text]({link})\n"}, tmp_path)
        assert (status, output.count("\n")) == (1, 2) and output.startswith(f"README.md:{len(GOOD_LINKS) + 3}: "), link


@pytest.mark.parametrize("more, message", [
    ("3. [C](c.md)", "leads to docs/c.md"),
    ("3. [A again](a.md)", "docs/a.md is in the book twice"),
    ("3. [Other](../kernel/mm/README.md)", "kernel/mm/README.md and mm/README.md would both be mm.html"),
])
def test_links_of_the_book(tmp_path, more, message):
    tree = {**LINKED, "kernel/mm/README.md": "# C\n", "docs/README.md": LINKED["docs/README.md"] + more + "\n"}
    status, output = run("links", tree, tmp_path)
    assert status == 1 and message in output


def test_docs_in_a_column_of_mutants(tmp_path):
    """A bare word there is a mutant's name, and a function's name is none."""
    table = "| rule | mutants |\n|---|---|\n| a `walk` | `{}` |\n\nElsewhere `walk` is a word.\n"
    assert run("docs", {**NAMED, "docs/invariants.md": table.format("no_fence")}, tmp_path) == (0, "")
    status, output = run("docs", {"docs/invariants.md": table.format("walk")}, tmp_path)
    assert status == 1 and output.startswith("docs/invariants.md:3: `walk`: there is no such mutant")


def test_format(tmp_path):
    status, output = run("format", {"a.c": "int main( void ) {return 0;}\n"}, tmp_path)
    if "SKIPPED" in output:
        pytest.skip(output.strip())
    assert status == 1 and "a.c:1" in output
    assert run("format", {"a.c": "int main(void)\n{\n\treturn 0;\n}\n"}, tmp_path) == (0, "")


def test_the_driver_names_who_complains(tmp_path):
    (tmp_path / "a.c").write_text("int a; \n")
    done = subprocess.run([os.path.join(TOOLS, "check"), str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 1 and done.stdout.splitlines()[-1].startswith("check: FAIL:")
    assert " text" in done.stdout.splitlines()[-1]
