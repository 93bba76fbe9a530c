"""The kernel under sanitizers: each finds the faults that are planted, and nothing in the suites that run under it."""
import os

import conftest
import pytest
import qemu
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
# The headline of a planted fault, and what another line says of the memory.
OBJECT = r"the object at 0x[0-9a-f]+ of kmalloc-16, which has"
ADDRESS = {
    "kasan_heap_read": ("out of bounds of an object: read of 1 bytes", f"^0 bytes behind {OBJECT} 13 bytes$"),
    "kasan_heap_write": ("out of bounds of an object: write of 1 bytes", f"^3 bytes behind {OBJECT} 13 bytes$"),
    "kasan_heap_before": ("out of bounds of an object: read of 1 bytes", f"bytes behind {OBJECT}"),
    "kasan_heap_large": ("out of bounds of a large allocation: write of 1 bytes", r"\[05\] fe"),
    "kasan_memset": ("out of bounds of an object: write of 16 bytes", f"^0 bytes behind {OBJECT} 13 bytes$"),
    "kasan_user_copy": ("out of bounds of an object: write of 16 bytes", f"^0 bytes behind {OBJECT} 13 bytes$"),
    "kasan_use_after_free": ("use after free of an object: write of 1 bytes", f"^3 bytes into {OBJECT} 16 bytes$"),
    "kasan_use_long_after_free": ("use after free of an object: read of 1 bytes", "^freed by process 1:$"),
    "kasan_double_free": ("second free of an object: free of 16 bytes", "^freed by process 1:$"),
    "kasan_page_after_free": ("use of a free page: read of 1 bytes", r"\[ff\]"),
    "kasan_dead_stack": ("use of a dead thread's stack: read of 1 bytes", r"\[fd\]"),
    "kasan_stack": ("out of bounds of a variable on the stack: read of 1 bytes", r"variables: 1 32 13 \d+ array:\d+$"),
    "kasan_stack_written": ("out of bounds of a variable on the stack: write of 1 bytes", r"\bfault_stack_written\+0x1$"),
    "kasan_global": ("out of bounds of a static object: write of 1 bytes", r"^0 bytes behind global, which has 13 bytes \(kernel/selftest_kasan\.c\)$"),
    "kasan_wild": ("use of a free page: write of 1 bytes", r"\[ff\]"),
    "kasan_hot_memory": ("use of a free page: read of 1 bytes at 0xffff8900", r"\[ff\]"),
}
# Those that `make test` plants; `make test-all` plants all.
QUICK = ["ub_shift", "ub_add", "ub_bounds", "ub_misaligned",
         "kasan_heap_write", "kasan_use_after_free", "kasan_double_free", "kasan_stack", "kasan_global"]

SANITIZERS = {"address": "build/asan/freewalk.elf", "undefined": "build/ubsan/freewalk.elf"}


@pytest.fixture(scope="module")
def built():
    """built(sanitizer): the path of the kernel under it, built at the first call."""
    kernels = {}

    def build(sanitizer):
        if sanitizer not in kernels:
            status, lines = conftest.make("all", f"SAN={sanitizer}")
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


@pytest.mark.parametrize("fault, says", planted(ADDRESS))
def test_a_bad_access_is_found(boot, built, fault, says):
    headline, memory = says
    result = boot(f"selftest={fault}", kernel=built("address"), dimms=[qemu.DIMM])
    assert result.verdict == "panic", f"{result.verdict}: {result.reason}"
    assert result.find(rf"^PANIC cpu 0 pid 1: KASAN: {headline}"), result.lines[-30:]
    assert result.find(memory), result.lines[-30:]
    assert result.find(r"\bfault_\w+\+0x"), "the backtrace does not name who did it"
    assert result.find("^# reproduce: tools/qemu.py --kernel build/asan/freewalk.elf ")


@pytest.mark.more
@pytest.mark.parametrize("fault, says", [("after_free", "read at 0xffffc90000000003"), ("guard", "write at 0xffffc90000001003")])
def test_vmalloc_needs_no_shadow(boot, built, fault, says):
    """The page is gone, and its translation; behind a range there is none."""
    result = boot(f"selftest=kasan_vmalloc_{fault}", kernel=built("address"))
    assert result.find(f"^PANIC cpu 0 pid 1: page fault in the kernel: {says}"), result.lines[-12:]


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
    """Under KASan each access costs some forty instructions, which is virtual time: too_many_mappings takes 38 s of it."""
    assert len(ktap("pgctl=1 idle=poll -- /bin/abitest pgctl=1 limit=120 skip=nomem", smp=4, icount=4, kernel=built(sanitizer), timeout=1200).passed) >= 100


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
