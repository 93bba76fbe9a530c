"""The benchmark runs, and its unit is what it says: under icount a loop of known length reads as its length."""
import re


def test_a_tick_is_an_instruction(boot_ok):
    result = boot_ok("pgctl=1 -- machine /bin/bench n=20", smp=1, icount=0, expect="^BENCH: PASS")
    calibration = result.find(r"^bench: calibration (\d+) (\d+) ticks")
    assert calibration
    assert all(abs(int(ticks) - 2_000_000) < 2_000 for ticks in calibration.groups())
    names = {m[1] for m in (re.match(r"^bench: (\w+) \d+ \d+ instructions", line) for line in result.lines) if m}
    assert names >= {"null_syscall", "fork_exit_wait", "fork_exec_exit_wait", "map_touch_unmap", "munmap_64_pages", "vfree", "two_switches", "touch_2_mib_huge", "interrupt_served"}


def test_files_and_pipes(boot_ok):
    result = boot_ok("-- @servers /bin/bench files n=20", smp=1, icount=0, expect="^BENCH: PASS")
    names = [m[1] for m in (re.match(r"^bench: (\w+) \d+ \d+ instructions", line) for line in result.lines) if m]
    assert len(names) == 8 and {"file_stat", "file_open_read_close", "pipe_byte"} <= set(names)


def test_throughput_on_more_cpus_than_the_host_has(boot_ok):
    result = boot_ok("pgctl=1 -- /bin/bench throughput seconds=2", smp=16, expect="^BENCH: PASS")
    measured = result.find(r"^bench: throughput cpus=(\d+) ops=(\d+) .* ipis=\d+$")
    assert measured and int(measured[1]) == 16 and int(measured[2]) > 0
    assert result.find(r"boot: first user instruction at \d+ ns")
