"""The kernel under sanitizers: each finds the faults that are planted, and nothing in the suites that run under it."""
import os

import pytest

import conftest
from conftest import STRESS_PASS
from test_ktest import registered

# What the headline of a planted fault says, behind file, line and column.
UNDEFINED = {
    "ub_shift": "shift of 'int', which is 2, by 40",
    "ub_negative_shift": "shift of 'int', which is 2, by -1",
    "ub_add": r"overflow: 2147483647 \+ 2 is no 'int'",
    "ub_subtract": "overflow: -2147483648 - 2 is no 'int'",
    "ub_multiply": r"overflow: 2147483647 \* 2 is no 'int'",
    "ub_negate": r"overflow: -\(-2147483648\) is no 'int'",
    "ub_divide_by_zero": "division of 2 by 0 is no 'int'",
    "ub_divide_overflow": "division of -2147483648 by -1 is no 'int'",
    "ub_bounds": r"index 4 is out of bounds of 'int \[4\]'",
    "ub_null": "store to 'int' at a null pointer",
    "ub_misaligned": "load of 'int' at 0xffffffff8[0-9a-f]+, which is not aligned to 4 bytes",
    "ub_object_size": "load of 'char' at 0xffffffff8[0-9a-f]+, where less than that is left of the object",
    "ub_bool": "2 is no value of '_Bool'",
    "ub_pointer": "pointer 0xffffffff8[0-9a-f]+ with an offset becomes 0x7fffffff[0-9a-f]+",
    "ub_nonnull": "argument 1 is null, and is declared never to be",
    "ub_returned_null": "a function that is declared never to return null does",
    "ub_unreachable": "a place that cannot be reached was reached",
    "ub_count_bits": "bits counted before the first set one of zero",
}
# Those that `make test` plants; `make test-all` plants all.
QUICK = ["ub_shift", "ub_add", "ub_bounds", "ub_misaligned"]

SANITIZERS = {"undefined": "build/ubsan/freewalk.elf"}


@pytest.fixture(scope="module")
def built():
    """built(sanitizer): the path of the kernel under it, built at the first call."""
    kernels = {}

    def build(sanitizer):
        if sanitizer not in kernels:
            status, lines = conftest.make("all", f"SAN={sanitizer}", f"CI={os.environ.get('CI', 'false')}")
            assert status == 0, "\n".join(lines)
            kernels[sanitizer] = os.path.join(conftest.ROOT, SANITIZERS[sanitizer])
        return kernels[sanitizer]
    return build


def planted(faults):
    return [pytest.param(fault, says, id=fault, marks=[] if fault in QUICK else pytest.mark.more) for fault, says in faults.items()]


@pytest.mark.parametrize("fault, says", planted(UNDEFINED))
def test_undefined_behaviour_is_found(boot, built, fault, says):
    result = boot(f"selftest={fault}", kernel=built("undefined"))
    assert result.verdict == "panic", f"{result.verdict}: {result.reason}"
    assert result.find(rf"^PANIC cpu 0 pid 1: UBSAN: kernel/selftest_ub\.c:\d+:\d+: {says}$"), result.lines[-12:]
    assert result.find(r"\bselftest_sanitizer\+0x"), "the backtrace does not name who planted it"
    assert result.find("^# reproduce: tools/qemu.py --kernel build/ubsan/freewalk.elf ")


def test_an_unknown_sanitizer_is_refused():
    status, lines = conftest.make("all", "SAN=no-such")
    assert status != 0 and any("SAN=no-such: there is no such sanitizer; known: " in line for line in lines)


@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_a_quick_suite(ktap, built, sanitizer):
    """What allocates, frees and copies most; `make test-san` runs everything."""
    assert ktap("ktest=1 pgctl=1 seed=1 filter=buddy,slab,vmalloc,fork,ipc,futex,usercopy", smp=4, kernel=built(sanitizer)).passed


# --- make test-san: the whole suites ---

@pytest.mark.more
@pytest.mark.parametrize("cpus, levels", [(1, 4), (4, 4), (16, 4), (4, 5)])
@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_all_in_kernel(ktap, built, sanitizer, cpus, levels):
    parsed = ktap(f"ktest=1 pgctl=1 seed={cpus}", smp=cpus, levels=levels, kernel=built(sanitizer), timeout=1200)
    assert sorted(parsed.passed + parsed.skipped) == registered(debug=True), "the linker set lost tests"


@pytest.mark.more
@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_the_user_abi(ktap, built, sanitizer):
    assert len(ktap("pgctl=1 -- /bin/abitest pgctl=1 skip=nomem", smp=4, kernel=built(sanitizer), timeout=1200).passed) >= 100


@pytest.mark.more
@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_allocations_that_fail(ktap, built, sanitizer):
    assert ktap("pgctl=1 idle=poll userfaults=0 -- machine /bin/abitest pgctl=1 only=nomem", smp=4, icount=4, kernel=built(sanitizer),
                timeout=1200).passed


@pytest.mark.more
@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_the_servers(boot_ok, built, sanitizer):
    result = boot_ok("pgctl=1 -- @servers /bin/abitest only=tree", smp=4, expect="^ABITEST: PASS", kernel=built(sanitizer))
    assert result.find(r"^# abitest: pass:3 fail:0 skip:0")
    result = boot_ok("-- @servers /bin/sh /test/killer.sh 5", smp=4, initrd="build/shell.cpio", kernel=built(sanitizer))
    assert result.find("killer: 6 of 6 are done after 5 rounds")


@pytest.mark.more
@pytest.mark.parametrize("strategy", ["walk", "list", "fault", "prealloc", "loadwalk"])
@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_the_stress(boot_ok, built, sanitizer, strategy):
    boot_ok(f"pgsync={strategy} pgctl=1 seed=11 -- @servers /bin/pgstress duration=5 seed=11", smp=16, expect=STRESS_PASS,
            kernel=built(sanitizer), timeout=600)


@pytest.mark.more
@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_too_little_memory(boot_ok, built, sanitizer):
    boot_ok("pgctl=1 idle=poll userfaults=1 -- /bin/oom hog", smp=4, mem="128M", icount=4, expect="^OOM: PASS", kernel=built(sanitizer))
