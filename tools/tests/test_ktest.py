"""The in-kernel tests on one, few and many CPUs, and the machine with the most CPUs that xAPIC can number."""
import re

import pytest


@pytest.mark.parametrize("cpus", [1, 2, 8, 64])
def test_in_kernel(ktap, cpus):
    parsed = ktap(f"ktest=1 pgctl=1 seed={cpus}", smp=cpus)
    assert len(parsed.passed) >= 20, "the linker set lost tests"
    # The walk over all page tables that finds no page both writable and executable.
    assert any(re.search(r"w_?x|w_xor_x|writable|exec", name) for name in parsed.passed), parsed.passed


def test_order_follows_the_seed(ktap):
    first = ktap("ktest=1 pgctl=1 seed=3", smp=2).passed
    again = ktap("ktest=1 pgctl=1 seed=3", smp=2).passed
    other = ktap("ktest=1 pgctl=1 seed=4", smp=2).passed
    assert first == again
    assert first != other and sorted(first) == sorted(other)


def test_user_abi(ktap):
    assert len(ktap("pgctl=1 -- /bin/abitest", smp=4).passed) >= 20


def test_255_cpus_boot_and_run_the_stress(boot_ok):
    result = boot_ok("pgctl=1 -- /bin/pgstress duration=3 seed=1", smp=255, expect="^PGSTRESS: PASS")
    assert result.find(r"^ +CPUs +255$")
