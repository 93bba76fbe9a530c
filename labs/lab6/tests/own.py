#!/usr/bin/python3
"""Lab 6: the checks of whatever strategy labs/lab6/report.toml names. Exit: 0 passed; 1 not, and the last line says why.

    own.py model        every scenario of tools/pgmodel under that strategy, in every order, SC and x86-TSO
    own.py guards       the forced schedules and in-kernel tests, which hold the strategy to what it says of itself
    own.py stress       processes come and go on 16 CPUs while the kernel half grows; three schedules
    own.py storm        the same on 64 CPUs
    own.py report       the counts of the report, measured again
    own.py measure      prints the counts, in the form of the report

It is `loadwalk`, or one that a file mm/pgsync/own_*.c defines.
"""
import glob
import os
import re
import secrets
import subprocess
import sys
import tomllib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools"))

import ktap  # noqa: E402 (its path is set above)
import qemu  # noqa: E402
from bench_pgsync import runs, sharing  # noqa: E402

ICOUNT = 4
FILTER = "guard,pgsync"
# Of other strategies by name: how often `walk` and `list` visit a root, and what their free roots hold. And what has nothing to do with a strategy.
SKIP = "guard.i41,pgsync.the_kernel_half_is_empty,pgsync.a_freed_root,pgsync.roots_come_and_go,guard.i42,guard.i25_struct,guard.i35_no,guard.a_write"
LEAST_PASSED = 40  # of the tests; the rest are skipped where a strategy has nothing to be tested
LIVES = 100
TASKS = 64
MARGIN = 0.3  # a count is a whole number but for the odd interrupt; one that is not cannot be reported


class Failed(Exception):
    """Why the check fails."""


def read_report():
    try:
        with open(os.path.join(ROOT, "labs/lab6/report.toml"), "rb") as f:
            return tomllib.load(f)
    except ValueError as error:
        raise Failed(f"report.toml: {error}") from None


def strategy():
    """The name that the report gives. Raises Failed when it is not the student's to hand in."""
    name = read_report().get("strategy")
    own = set()
    for path in glob.glob(os.path.join(ROOT, "mm/pgsync/own_*.c")):
        with open(path, encoding="utf-8") as f:
            own |= set(re.findall(r'\.name\s*=\s*"([a-z0-9-]+)"', f.read()))
    if name != "loadwalk" and name not in own:
        raise Failed(f"report.toml: strategy = {name!r}, and no file mm/pgsync/own_*.c has a strategy of that name")
    return name


def model(name):
    done = subprocess.run(["tools/pgmodel/run", "--lines", "--strategy", name], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    broken = re.findall(r"^not ok (\S+) ", done.stdout, re.M)
    held = re.findall(r"^ok \S+ ", done.stdout, re.M)
    if broken or not held or done.returncode:
        raise Failed(f"{len(broken)} of {len(broken) + len(held)} are broken: {', '.join(broken[:4]) or done.stdout.strip()[-200:]}")
    print(f"{len(held)} hold")


def boot(kernel, cpus, append, expect, nonce, **more):
    """The result; one that the kernel itself has not ended is none. `nonce`: a word that only the kernel's tests are told."""
    machine = qemu.Machine(kernel=os.path.join(ROOT, kernel), smp=cpus, icount=ICOUNT, append=f"nonce={nonce} {append}", **more)
    result = qemu.run(machine, expect, log=os.path.join(qemu.LOGS, f"lab6-{cpus}.log"))
    if result.verdict == "pass" and f"# verdict: success {nonce}" not in result.lines:
        raise Failed("the machine ended with the code of success, but it was not the kernel that ended it")
    return result


def guards(name):
    options = f"ktest=1 filter={FILTER} skip={SKIP} pgsync={name} pgctl=1 seed=1 idle=poll"
    nonce = secrets.token_hex(16)
    result = boot("build/debug/freewalk.elf", 4, options, "^# ktest: ", nonce, initrd=None, deadline=120)
    parsed = ktap.parse_ktap(result.lines)
    passed = sum(bool(re.fullmatch(rf"ok \d+ \S+ # nonce={nonce}", line)) for line in result.lines)
    if parsed.failed:
        raise Failed(f"{len(parsed.failed)} failed: {', '.join(sorted(parsed.failed)[:4])}")
    if result.verdict != "pass" or parsed.complaints:
        raise Failed(f"{result.reason}{f' in {parsed.running}' if parsed.running else ''}")
    if passed < LEAST_PASSED:
        raise Failed(f"{passed} passed, {len(parsed.skipped)} were skipped: what says so little of itself cannot be tested")
    print(f"{passed} passed, {len(parsed.skipped)} skipped")


def stress(name, cpus, seeds):
    for seed in seeds:
        result = boot("build/freewalk.elf", cpus, f"idle=poll seed={seed} pgsync={name} pgctl=1 -- /bin/pgstress ops=40 seed={seed}",
                      "^PGSTRESS: PASS", secrets.token_hex(16), deadline=120)
        if result.verdict != "pass":
            raise Failed(f"seed {seed}: {result.reason}")
    print(f"{len(seeds)} schedules on {cpus} CPUs")


def whole(value, what):
    if abs(value - round(value)) > MARGIN:
        raise Failed(f"{what} is {value:.2f}: it differs from one time to the next")
    return round(value)


def measure(name):
    """{count: number}"""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    subprocess.run(["make", "-s", "--no-print-directory", "build/count.so"], cwd=ROOT, env=environment, check=True)
    symbols = sharing.Symbols()
    own, none = (runs.counted(s, symbols, LIVES) for s in (name, "none"))
    life, life_none, fork, fork_none = own[sharing.ROOT_LIFE], none[sharing.ROOT_LIFE], own[sharing.FORK], none[sharing.FORK]
    exact = {
        "locked_in_life": life.locked - life_none.locked,
        "barriers_in_life": life.fences - life_none.fences,
        "barriers_in_fork": fork.fences - fork_none.fences,
        "shared_lines_in_life": life.written(True),
    }
    return {what: whole(value, what) for what, value in exact.items()} | {
        f"visits_{cpus}_cpu{'s' if cpus > 1 else ''}": runs.growth(name, cpus, TASKS)["visits"] for cpus in (1, 8)}


def report(name):
    given, found = read_report().get("counts", {}), measure(name)
    for what, value in found.items():
        if given.get(what) != value:
            raise Failed(f"report.toml: {what} = {given.get(what)}, measured: {value}")
    if extra := set(given) - set(found):
        raise Failed(f"report.toml: nothing is measured that is called {', '.join(sorted(extra))}")
    print("all counts are as reported")


def print_counts(name):
    print("[counts]")
    for what, value in measure(name).items():
        print(f"{what} = {value}")


CHECKS = {
    "model": model,
    "guards": guards,
    "stress": lambda name: stress(name, 16, [1, 2, 3]),
    "storm": lambda name: stress(name, 64, [1]),
    "report": report,
    "measure": print_counts,
}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in CHECKS:
        print(f"own.py {' | '.join(CHECKS)}")
        return 1
    try:
        CHECKS[sys.argv[1]](strategy())
    except (Failed, runs.Failed) as error:
        print(str(error).splitlines()[0])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
