"""Boots user/pgbench and user/bench for one strategy and reads their lines. Every boot must end well; none is repeated."""
import os

import qemu
from bench_pgsync import sharing

PLUGIN = os.path.join(qemu.ROOT, "build/count.so")


class Failed(RuntimeError):
    """A boot that did not end as it should."""


def boot(strategy, program, smp=1, icount=None, extra=(), expect="^PGBENCH: PASS", on_line=None):
    machine = qemu.Machine(append=f"pgctl=1 pgsync={strategy} -- {program}", smp=smp, icount=icount, extra=list(extra))
    result = qemu.run(machine, expect, on_line=on_line)
    if result.verdict != "pass":
        last = "\n".join(result.lines[-10:])
        raise Failed(f"{strategy}, {smp} CPUs, {program}: {result.verdict}: {result.reason} ({result.log})\n{last}")
    return result


def fields(lines, name):
    """[{key: number}] of the lines `pgbench: name key=number ...`."""
    found = [line.split()[2:] for line in lines if line.startswith(f"pgbench: {name} ")]
    return [{key: int(number) for key, number in (field.split("=") for field in words)} for words in found]


def operation(result, name):
    """Mean of one of user/bench's lines."""
    match = result.find(rf"^bench: {name} (\d+) (\d+) ")
    if not match:
        raise Failed(f"no figure for {name} in {result.log}")
    return int(match[2])


def costs(strategy, n=1000):
    """
    One CPU, an instruction a tick: {"root": {...}, "memory": {...}, "workload": {...}, "growth": [...], "missing": slots,
    "fork": instructions, "switches": instructions for two}.
    """
    result = boot(strategy, f"/bin/pgbench costs n={n}", icount=0)
    single = {name: fields(result.lines, name)[0] for name in ("root", "memory", "workload")}
    return single | {"growth": fields(result.lines, "growth"), "fork": operation(result, "fork_exit_wait"),
                     "missing": fields(result.lines, "audit")[0]["missing"], "switches": operation(result, "two_switches")}


def growth(strategy, cpus, tasks=64):
    """One growth with all other CPUs halted: {"ticks", "visits", "growths", ...}; see user/pgbench/growth.c."""
    return fields(boot(strategy, f"/bin/pgbench growth tasks={tasks}", smp=cpus, icount=0).lines, "growth")[0]


def count(strategy, program, cpus):
    """Runs with tools/count watching. Returns (the file of its records, the boot's result)."""
    if not os.path.exists(PLUGIN):
        raise Failed(f"{PLUGIN} is missing: run `make build/count.so`")
    path = os.path.join(qemu.LOGS, f"count-{strategy}-{os.getpid()}-{cpus}.txt")
    os.makedirs(qemu.LOGS, exist_ok=True)
    result = boot(strategy, program, smp=cpus, icount=0, extra=["-plugin", f"{PLUGIN},out={path}"])
    return path, result


def counted(strategy, symbols, n=1000):
    """{sharing.ROOT_LIFE: Window, sharing.FORK: Window} of four CPUs."""
    return sharing.read(count(strategy, f"/bin/pgbench marked n={n}", 4)[0], symbols)


def throughput(strategy, cpus, icount, seconds, on_line=None):
    """fork+exit+wait, one loop on each CPU: (operations, seconds of the guest's time)."""
    result = boot(strategy, f"/bin/bench throughput seconds={seconds}", smp=cpus, icount=icount, expect=r"^BENCH: PASS",
                  on_line=on_line)
    match = result.find(r"^bench: throughput cpus=(\d+) ops=(\d+) seconds=([\d.]+) ")
    if not match or int(match[1]) != cpus or not int(match[2]):
        raise Failed(f"no throughput in {result.log}")
    return int(match[2]), float(match[3])


def counted_forks(strategy, cpus, icount=4, seconds=1):
    """Instructions for one, those of all CPUs together: an instruction is 2**icount ns of a time that all CPUs share."""
    operations, took = throughput(strategy, cpus, icount, seconds)
    return took * 1e9 / 2**icount / operations


def raced_forks(strategy, cpus, seconds):
    """
    Multi-threaded emulation: forks for each second of the host's CPU time that the emulator used for them. By the clock
    on the wall it would be a measurement of what else the host is doing.
    """
    used = {}

    def watch(process, line):
        for name, start in (("begin", "boot: first user instruction"), ("end", "bench: throughput")):
            if line.startswith(start):
                used[name] = qemu.cpu_seconds(process)
        return False

    operations, _ = throughput(strategy, cpus, None, seconds, watch)
    return operations / (used["end"] - used["begin"])
