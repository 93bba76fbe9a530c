"""
Five levels of page tables: the same kernel on a processor that has them (LA57), by each way to boot, on one CPU and on
many. Every other test boots with four. What must be equal to the last bit on both machines is asked inside the
kernel (guard.i39_*, layout.*); here the whole suite runs on the second kind of machine.
"""
import re

import pytest

import qemu
from conftest import STRESS_PASS
from test_boot import boot_until
from test_ktest import STRATEGIES, registered

LEVELS = r"^paging: (\d) levels; one root slot spans (\d+) GiB, vmalloc has (\d+) of them$"
EXPECTED = {4: ("4", "512", "64"), 5: ("5", "262144", "50")}


@pytest.mark.parametrize("levels", [4, 5])
def test_as_many_as_the_processor_has(boot, levels):
    assert boot_until(boot, LEVELS, smp=1, levels=levels).groups() == EXPECTED[levels]


@pytest.mark.parametrize("way", ["iso", "uefi"])
def test_grub_boots_with_five(ktap, way):
    """All CPUs come up, from a loader that has left paging in whatever state it liked."""
    passed = ktap("ktest=1 filter=layout", boot=way, smp=4, levels=5).passed
    assert "layout.levels_are_those_of_every_cpu" in passed


def test_the_whole_suite(ktap):
    """The debug build, deterministic: the guards, forced schedules and all."""
    parsed = ktap("ktest=1 pgctl=1 idle=poll seed=5", smp=4, icount=4, levels=5, kernel=qemu.DEBUG_KERNEL)
    assert sorted(parsed.passed + parsed.skipped) == registered(debug=True)
    assert {"guard.i39_growth_below_a_root_slot_is_told_to_nobody", "guard.i39_growth_by_a_root_slot_is_told_once"} <= set(parsed.passed)


def test_user_addresses(ktap):
    """Where user space ends, and who gets the addresses above 47 bits, from user space."""
    assert ktap("pgctl=1 -- /bin/abitest only=badmap", smp=2, levels=5).passed
    assert "memory.upper_addresses_for_those_who_ask" in ktap("pgctl=1 -- /bin/abitest only=memory", smp=2, levels=5).passed


def test_stress_on_64_cpus(boot_ok):
    result = boot_ok("pgctl=1 seed=11 -- /bin/pgstress duration=2 seed=11", smp=64, levels=5, expect=STRESS_PASS)
    assert re.search(r"^  missing slots found +0$", result.text, re.M)
    assert int(result.find(r"^  growths \(slots installed\) +(\d+)$")[1]) > 0


@pytest.mark.more
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_guards_under_each_strategy(ktap, strategy):
    parsed = ktap(f"ktest=1 pgctl=1 idle=poll seed=1 filter=guard,pgsync,pin,freezer pgsync={strategy}", smp=4, icount=4, levels=5,
                  kernel=qemu.DEBUG_KERNEL)
    assert len(parsed.passed) > len(parsed.skipped)


@pytest.mark.more
def test_user_abi(ktap):
    assert len(ktap("pgctl=1 -- /bin/abitest pgctl=1", smp=4, levels=5).passed) >= 100
