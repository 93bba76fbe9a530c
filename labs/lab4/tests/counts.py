#!/usr/bin/python3
"""Lab 4: what the allocation path costs, in counts. Exit: 0 as required; 1 not, and the last line says why.

    counts.py locks     a root's life on four CPUs at once: no locked operation more than under `none`, and one full barrier more
    counts.py scale     instructions of fork, exit and wait on 64 CPUs against one; growth must find the processes meanwhile

Counted by tools/count, or by the deterministic clock; nothing here depends on the host's speed. The strategy `none` runs the same
kernel without propagation: what `walk` does more than `none` is its price.
"""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools"))

from bench_pgsync import runs, sharing  # noqa: E402 (its path is set above)

LIVES = 100  # of roots, on each of four CPUs
MOST = 1.2  # times the instructions of one CPU, on 64
TASKS = 64


class Broken(Exception):
    """Why the check fails."""


def require(condition, what):
    print(what)
    if not condition:
        raise Broken(what)


def locks():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    subprocess.run(["make", "-s", "--no-print-directory", "build/count.so"], cwd=ROOT, env=environment, check=True)
    symbols = sharing.Symbols()
    walk, none = (runs.counted(strategy, symbols, LIVES)[sharing.ROOT_LIFE] for strategy in ("walk", "none"))
    more = round((walk.locked - none.locked) * 4 * LIVES)
    require(more == 0, f"locked operations in {4 * LIVES} lives of a root: {more} more than under none")
    fences = round(walk.fences - none.fences, 2)
    require(fences == 1, f"full barriers in a life of a root: {fences} more than under none, and 1 is needed")
    written = round(walk.written(True), 2)
    require(written < 0.05, f"cache lines of mm/pgsync that several CPUs share, written in a life: {written}")


def scale():
    visits = runs.growth("walk", 4, TASKS)["visits"]
    require(visits >= TASKS, f"growth beside {TASKS} processes visited {visits} roots")
    one, many = (runs.counted_forks("walk", cpus) for cpus in (1, 64))
    require(many <= MOST * one, f"fork, exit and wait on 64 CPUs take {many / one:.2f} times the instructions of one CPU; at most {MOST}")


def main():
    try:
        {"locks": locks, "scale": scale}[sys.argv[1]]()
    except (Broken, runs.Failed) as error:
        print(str(error).splitlines()[0])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
