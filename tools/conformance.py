#!/usr/bin/python3
"""Does the same static binary see the same on Linux and on Freewalk?

Boots Debian's own kernel and Freewalk in the same QEMU with the same boot archive, runs /bin/conform
(user/conformance) on each, and compares what it printed, case by case. Linux is the reference: what it
printed is kept in build/conformance, by the hash of kernel, archive and machine, and nowhere else. A case
that dies or hangs there is a wrong case, whatever Freewalk says.

    tools/conformance.py                    all cases; what `make conformance` runs
    tools/conformance.py --only memory      a group, or group.name
    tools/conformance.py --show memory.brk  what both said, equal or not

user/conformance/known.tsv lists the cases that are known to differ, each with the reason. A case that is
listed there must differ: one that agrees now is a failure too, so that the list stays true.

exit: 0 equal, but for known differences; 1 a difference, or a list that is not true; 2 wrong usage;
      4 a machine that did not come to its end
"""
import argparse
import difflib
import hashlib
import os
import re
import sys

import qemu

ROOT = qemu.ROOT
LINUX = os.path.join(ROOT, "build/linux/vmlinuz")
KNOWN = os.path.join(ROOT, "user/conformance/known.tsv")
KEPT = os.path.join(ROOT, "build/conformance")

GOOD_END = "ends: 0x0000"
LINE = re.compile(r"^= (\w+\.\w+) (begins|ends: .*|\| .*|\|)$")
DONE = re.compile(r"^CONFORM: (\d+) cases$")
# What Linux alone needs to be told: where to print, to keep quiet, what process 1 is.
LINUX_OPTIONS = "console=ttyS0 quiet loglevel=1 panic=-1 rdinit=/bin/conform --"
# The same processor for both, without what only one of them uses: 57-bit addresses, protection keys.
PROCESSOR = ["-cpu", "max,la57=off,pku=off"]
FREEWALK_OPTIONS = "pgctl=1 userfaults=0 unknowncalls=0 -- @servers /bin/conform"


class NoEnd(Exception):
    """A machine that did not come to its end: there is nothing to compare."""


def parse(lines):
    """
    What the guest's lines say of each case: {name: [text, ...]}, in order. A case whose end is missing has
    a last text that says so. Lines that are no case's (the kernel's own) are left out.
    """
    cases = {}
    for line in lines:
        match = LINE.match(line)
        if not match:
            continue
        name, text = match.groups()
        if text == "begins":
            if name in cases:
                cases[name].append("it begins a second time")
            cases.setdefault(name, [])
        else:
            cases.setdefault(name, ["it never began"]).append(text.removeprefix("| "))
    for texts in cases.values():
        if not any(text.startswith("ends: ") for text in texts):
            texts.append("it has no end")
    return cases


def read_known(path=KNOWN):
    """{case: reason}. Raises ValueError for a line that is not `case<tab>reason`, or a case listed twice."""
    known = {}
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, tab, reason = line.rstrip("\n").partition("\t")
            if not tab or not reason.strip() or not re.fullmatch(r"\w+\.\w+", name) or name in known:
                raise ValueError(f"{path}:{number}: not `case<tab>reason`, or listed twice: {line.strip()!r}")
            known[name] = reason.strip()
    return known


def compare(linux, freewalk, known):
    """Returns (equal, expected, failures): names, names, and [(name, what is wrong), ...]."""
    equal, expected, failures = [], [], []
    for name in [*linux, *(n for n in freewalk if n not in linux)]:
        if name not in freewalk:
            failures.append((name, "ran on Linux and not on Freewalk"))
        elif name not in linux:
            failures.append((name, "ran on Freewalk and not on Linux"))
        elif linux[name][-1] != GOOD_END:
            failures.append((name, "is wrong, for on Linux it does not come to its end:\n" + diff(linux[name], freewalk[name])))
        elif linux[name] != freewalk[name]:
            if name in known:
                expected.append(name)
            else:
                failures.append((name, "differs:\n" + diff(linux[name], freewalk[name])))
        elif name in known:
            failures.append((name, f"is equal now: take it off the list of known differences ({known[name]})"))
        else:
            equal.append(name)
    return equal, expected, failures


def strangers(known, cases):
    """Cases on the list of known differences that there are not."""
    return [(name, "is on the list of known differences, and there is no such case")
            for name in known if name not in cases]


def diff(linux, freewalk):
    """Both texts as one, indented: `-` Linux alone, `+` Freewalk alone."""
    lines = [line for line in difflib.ndiff(linux, freewalk) if not line.startswith("?")]
    return "\n".join("    " + {"- ": "- Linux:    ", "+ ": "+ Freewalk: "}.get(line[:2], "            ") + line[2:]
                     for line in lines)


def boot(name, machine):
    """The lines of a run to its end. Raises NoEnd, with the reason and the log's place, when there was none."""
    log = os.path.join(qemu.LOGS, f"conformance-{name}.log")
    result = qemu.run(machine, DONE.pattern, timeout=580, log=log)
    if result.verdict != "pass":
        raise NoEnd(f"{name}: {result.verdict}: {result.reason}; log: {os.path.relpath(log)}", result.lines)
    return result.lines


def run_linux(kernel, arguments, smp, fresh):
    """What Linux prints, from an earlier run of the very same if there was one."""
    machine = qemu.Machine(kernel=kernel, append=f"{LINUX_OPTIONS} {arguments}".strip(), smp=smp, extra=PROCESSOR)
    digest = hashlib.sha256(" ".join(qemu.command(machine)[0]).encode())
    for path in (machine.kernel, machine.initrd):
        with open(path, "rb") as f:
            digest.update(hashlib.sha256(f.read()).digest())
    kept = os.path.join(KEPT, f"linux-{digest.hexdigest()[:16]}.txt")
    if os.path.exists(kept) and not fresh:
        print(f"Linux: as it was said before ({os.path.relpath(kept)})", flush=True)
        with open(kept, encoding="utf-8") as f:
            return f.read().splitlines()
    print(f"Linux: booting {os.path.relpath(kernel)} on {smp} CPUs", flush=True)
    lines = boot("linux", machine)
    os.makedirs(KEPT, exist_ok=True)
    with open(kept + ".new", "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    os.replace(kept + ".new", kept)
    return lines


def run_freewalk(arguments, smp):
    print(f"Freewalk: booting on {smp} CPUs", flush=True)
    return boot("freewalk", qemu.Machine(append=f"{FREEWALK_OPTIONS} {arguments}".strip(), smp=smp, extra=PROCESSOR))


def report(linux, freewalk, known, whole):
    """Prints what was found. `whole`: all cases ran, so what the list names must be among them. Returns the exit status."""
    equal, expected, failures = compare(linux, freewalk, known)
    if whole:
        failures += strangers(known, linux)
    for name in expected:
        print(f"known     {name}: {known[name]}")
    for name, what in failures:
        print(f"FAIL      {name} {what}")
    groups = {}
    for name in equal:
        groups[name.partition(".")[0]] = groups.get(name.partition(".")[0], 0) + 1
    print("equal     " + ", ".join(f"{group} {count}" for group, count in groups.items()))
    verdict = "FAIL" if failures or not equal else "PASS"
    print(f"CONFORMANCE: {verdict}: {len(equal)} cases equal, {len(expected)} known to differ, {len(failures)} failures")
    return int(verdict == "FAIL")


def show(name, linux, freewalk):
    for where, cases in (("Linux", linux), ("Freewalk", freewalk)):
        print(f"{where}:")
        print("\n".join("    " + text for text in cases.get(name, ["it did not run"])))


def parse_arguments(argv):
    parser = argparse.ArgumentParser(description="Compares what one binary sees on Linux and on Freewalk.",
                                     epilog="exit: 0 equal, 1 different, 2 usage, 4 no end")
    parser.add_argument("--linux", default=LINUX, metavar="FILE", help="a Linux kernel that needs no modules for a serial console")
    parser.add_argument("--only", metavar="CASES", help="a group, or group.name")
    parser.add_argument("--show", metavar="CASE", help="print what both said in this case")
    parser.add_argument("--smp", type=int, default=2, metavar="N")
    parser.add_argument("--fresh", action="store_true", help="run Linux even if it has run before")
    args = parser.parse_args(argv)
    for path, cure in ((args.linux, "tools/setup conformance"), (qemu.KERNEL, "make all"), (qemu.INITRAMFS, "make all")):
        if not os.path.exists(path):
            parser.error(f"{os.path.relpath(path)} does not exist: run `{cure}`")
    return args


def main(argv):
    args = parse_arguments(argv)
    only = args.show or args.only
    arguments = f"only={only}" if only else ""
    try:
        known = read_known()
        linux = parse(run_linux(args.linux, arguments, args.smp, args.fresh))
        freewalk = parse(run_freewalk(arguments, args.smp))
    except ValueError as error:
        print(f"tools/conformance.py: {error}")
        return 2
    except NoEnd as error:
        print("\n".join(error.args[1][-20:]))
        print(f"CONFORMANCE: FAIL: {error.args[0]}")
        return 4
    if args.show:
        show(args.show, linux, freewalk)
    return report(linux, freewalk, known, whole=not only)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
