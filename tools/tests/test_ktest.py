"""The in-kernel tests on one, few and many CPUs, and the machine with the most CPUs that xAPIC can number."""
import glob
import os
import re

import conftest
import pytest
import qemu


def registered(debug=False):
    """The tests that the sources register: "suite.name". Forced schedules are for the debug build."""
    found = []
    for path in glob.glob("**/tests/*_ktest.c", root_dir=conftest.ROOT, recursive=True):
        if path.startswith("build/") or (path.endswith("_forced_ktest.c") and not debug):
            continue
        with open(os.path.join(conftest.ROOT, path), encoding="utf-8") as f:
            found += [".".join(names) for names in re.findall(r"^KTEST\((\w+), (\w+)\)", f.read(), re.M)]
    return sorted(found)


@pytest.mark.parametrize("cpus", [1, 2, 8, 64])
def test_in_kernel(ktap, cpus):
    parsed = ktap(f"ktest=1 pgctl=1 seed={cpus}", smp=cpus)
    assert sorted(parsed.passed + parsed.skipped) == registered(), "the linker set lost tests"
    # The walk over all page tables that finds no page both writable and executable.
    assert any(re.search(r"writable_and_executable|w_?x", name) for name in parsed.passed), parsed.passed


@pytest.mark.parametrize("cpus, icount", [(1, 4), (4, 4), (16, None)])
def test_in_the_debug_kernel(ktap, cpus, icount):
    parsed = ktap(f"ktest=1 pgctl=1 idle=poll seed={cpus}", smp=cpus, icount=icount, kernel=qemu.DEBUG_KERNEL)
    assert sorted(parsed.passed + parsed.skipped) == registered(debug=True), "the linker set lost tests"


def test_order_follows_the_seed(ktap):
    first = ktap("ktest=1 pgctl=1 seed=3", smp=2).passed
    again = ktap("ktest=1 pgctl=1 seed=3", smp=2).passed
    other = ktap("ktest=1 pgctl=1 seed=4", smp=2).passed
    assert first == again
    assert first != other and sorted(first) == sorted(other)


def test_user_abi(ktap):
    """But for nomem, which empties the caches of all CPUs some hundred times: test_nomem.py has one that is quicker."""
    assert len(ktap("pgctl=1 -- /bin/abitest pgctl=1 skip=nomem", smp=4).passed) >= 100


# Whatever their arguments are, they cannot fail, or do not return.
NEVER_FAIL = set("sched_yield getpid getppid gettid getuid geteuid getgid getegid fork vfork exit exit_group brk "
                 "set_tid_address alarm getpgrp setsid umask sync".split())
# These do, but not for their arguments: they sleep, or take their work from the stack. signals*.c tries them.
WITHOUT_ARGUMENTS = {"pause", "rt_sigreturn"}


def test_every_call_is_tried_with_bad_arguments():
    """Those that Linux has, in the tables of the ABI tests, which pass on Linux as well."""
    with open(os.path.join(conftest.ROOT, "kernel/syscalls.h"), encoding="utf-8") as f:
        calls = {name for number, name in re.findall(r"\bX\((\d+), (\w+)\)", f.read()) if int(number) < 1024}
    tried = set()
    for table in ("badargs", "badcalls", "badmap"):
        with open(os.path.join(conftest.ROOT, f"user/tests/{table}.c"), encoding="utf-8") as f:
            tried |= set(re.findall(r"^\t\{.*?\bSYS_(\w+?)_?,", f.read(), re.M))
    assert len(calls) > 50
    assert calls - tried == NEVER_FAIL | WITHOUT_ARGUMENTS


def test_a_call_that_is_not_implemented_is_logged_once_by_name(boot_ok):
    result = boot_ok("pgctl=1 -- /bin/abitest pgctl=1 only=badargs", smp=4, expect="^ABITEST: PASS")
    assert "badargs.calls_that_nobody_has" in conftest.parse_ktap(result.lines).passed
    logged = re.findall(r"pid \d+ \((\w+)\): system call (\d+ ?\w*) is not implemented", "\n".join(result.lines))
    assert ("abitest", "174 create_module") in logged and ("abitest", "178 query_module") in logged
    assert ("abitest", "600") in logged, "Linux has no such number"
    assert len(logged) == len(set(logged))


def test_pgctl_is_refused_unless_the_boot_line_allows_it(ktap):
    """Process 1 ends the machine all the same: by its machine handle."""
    assert "pgctl.refused_unless_allowed" in ktap("-- /bin/abitest only=pgctl", smp=2).passed


def test_255_cpus_boot_and_run_the_stress(boot_ok):
    result = boot_ok("pgctl=1 -- /bin/pgstress workers=96 threads=8 growers=1 ops=2 seed=1", smp=255, expect="^PGSTRESS: PASS")
    assert result.find(r"255 of 255 CPUs online")
    assert result.find(r"^ +CPUs +255$")


STRATEGIES = ["walk", "walk-v2", "list", "fault", "prealloc", "loadwalk", "none"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_guards_under_each_strategy(ktap, strategy):
    """The debug build, deterministic: every invariant's guard says what the strategy keeps, and what it breaks."""
    parsed = ktap(f"ktest=1 pgctl=1 idle=poll seed=1 filter=guard,pgsync,pin,freezer pgsync={strategy}", smp=4, icount=4, kernel=qemu.DEBUG_KERNEL)
    assert len(parsed.passed) > len(parsed.skipped)
