"""Reads what tools/count counted: locked operations, and the cache lines that several CPUs touch.

A line is *shared* when more than one CPU touched it in the windows of one kind, and one of them wrote it. It is *of the
roots* when it lies in a variable of mm/pgsync, or when code of mm/pgsync was the first to write it. All figures are
averages over the passes of all CPUs.
"""
import bisect
import dataclasses
import glob
import os
import subprocess

import qemu

ROOT_LIFE, FORK, GROWTH = 1, 2, 3  # kernel/abi/marker.h
LINE_SHIFT = 6


@dataclasses.dataclass
class Line:
    name: str  # place in a variable of the kernel image, or the function that wrote first
    variable: bool  # the former
    of_roots: bool
    everybody: bool  # every CPU touched it
    touched: float  # passes in which it was touched
    written: float
    taken: float = 0.0  # spin locks in it: how often taken, and instructions until they were given back
    held: float = 0.0
    under: int = 0  # the line of the lock under which it is touched, mostly; 0: none


@dataclasses.dataclass
class Window:
    instructions: float
    locked: float
    fences: float
    lines: dict  # of shared lines: number to Line

    def written(self, of_roots=None):
        """Shared lines that a pass writes; only those of the roots, or only the others."""
        return sum(line.written for line in self.lines.values() if of_roots in (None, line.of_roots))


class Symbols:
    """Names of kernel addresses, and which of them are mm/pgsync's."""

    def __init__(self, kernel=qemu.KERNEL):
        self.table = sorted((int(fields[0], 16), fields[2]) for fields in self.nm(kernel))
        self.addresses = [address for address, _ in self.table]
        folder = os.path.join(os.path.dirname(kernel), "obj/mm/pgsync")
        self.of_roots = {fields[-1] for path in glob.glob(f"{folder}/*.o") for fields in self.nm(path)
                         if fields[-2] in "tTdDbB"}
        if not self.of_roots:
            raise RuntimeError(f"no object files in {folder}: run `make all`")

    @staticmethod
    def nm(path):
        text = subprocess.run(["nm", path], stdout=subprocess.PIPE, check=True, text=True).stdout
        return [line.split() for line in text.splitlines()]

    def find(self, address):
        """(symbol at or before an address of the kernel image, offset); (None, 0) elsewhere."""
        at = bisect.bisect_right(self.addresses, address) - 1
        if at < 0 or not 0xffffffff80000000 <= address <= self.addresses[-1]:
            return None, 0
        return self.table[at][1], address - self.table[at][0]


def records(path):
    """Yields (kind, window, fields) of each line."""
    with open(path, encoding="ascii") as f:
        for text in f:
            kind, window, *rest = text.split()
            yield kind, int(window), {key: int(value, 0) for key, value in zip(rest[::2], rest[1::2])}


def shared_line(entries, passes, cpus, symbols):
    """The Line of the records of all CPUs on one line, or None when it is not shared."""
    total = {key: sum(entry.get(key, 0) for entry in entries) for key in ("touched", "written", "inside", "taken", "held")}
    touching = {entry["cpu"] for entry in entries}
    if len(touching) < 2 or not total["written"]:
        return None
    first = next(entry for entry in entries if entry["written"])
    variable, offset = symbols.find(first["vaddr"])
    writer, _ = symbols.find(first["pc"])
    place = variable if offset < 1 << LINE_SHIFT else f"{variable}+{offset >> LINE_SHIFT << LINE_SHIFT:#x}"
    under = next((entry["under"] for entry in entries if entry["under"]), 0) if total["inside"] * 2 > total["touched"] else 0
    return Line(name=place if variable else f"{writer}()", variable=variable is not None, of_roots=bool({variable, writer} & symbols.of_roots),
                everybody=touching == cpus, touched=total["touched"] / passes, written=total["written"] / passes,
                taken=total["taken"] / passes, held=total["held"] / passes, under=under >> LINE_SHIFT)


def read(path, symbols):
    """{window number: Window} of one file of tools/count."""
    totals, lines = {}, {}
    for kind, window, fields in records(path):
        if kind == "window":
            totals.setdefault(window, []).append(fields)
            continue
        entries = lines.setdefault((window, fields["paddr"] >> LINE_SHIFT), {})
        entries.setdefault(fields["cpu"], {}).update(fields)
    result = {}
    for window, cpus in totals.items():
        passes = sum(fields["passes"] for fields in cpus)
        result[window] = Window(*(sum(fields[key] for fields in cpus) / passes
                                  for key in ("instructions", "locked", "fences")), lines={})
        numbers = {fields["cpu"] for fields in cpus}
        for (its_window, number), entries in lines.items():
            line = its_window == window and shared_line(list(entries.values()), passes, numbers, symbols)
            if line:
                result[window].lines[number] = line
    return result
