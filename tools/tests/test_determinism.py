"""Under icount, and while one CPU never halts, the same seed gives the same schedule on many CPUs, another seed another."""
import concurrent.futures

import pytest

SHIFT = 4


def schedule(boot, cpus, seed):
    result = boot(f"pgctl=1 idle=poll seed={seed} -- /bin/pgstress ops=40 seed={seed}", smp=cpus, icount=SHIFT,
                  expect="^PGSTRESS: PASS")
    assert result.verdict == "pass", result.reason
    match = result.find(r"schedule hash: ([0-9a-f]{16})")
    assert match, "no schedule hash in the log"
    return match[1]


@pytest.mark.parametrize("cpus", [8, 64])
def test_schedule_follows_the_seed(boot, cpus):
    # Under icount QEMU runs on one host thread: two guests at a time.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first, again, other = pool.map(lambda seed: schedule(boot, cpus, seed), [7, 7, 8])
    assert first == again, "the same seed gave two schedules"
    assert first != other, "the seed changes nothing"
