"""fw stop-at: breakpoints on race points (kernel/base/racepoint.h), which only the debug build has."""
import re

import gdb

from fw import kernel
from fw.command import Command, table

INSTRUCTIONS = 64  # from the beginning of a line to its call


def points():
    """(name, file, line) of each place, in the order of the linker set."""
    if not kernel.kernel_file().lookup_global_symbol("race_point"):
        raise gdb.GdbError("the release build has no race points: `make gdb DEBUG=1`")
    kind = gdb.lookup_type("struct race_point")
    start, end = (int(gdb.parse_and_eval(f"(unsigned long)&__race_points_{which}")) for which in ("start", "end"))
    for address in range(start, end, kind.sizeof):
        point = kernel.at(address, kind)
        yield point["name"].string(), point["file"].string(), int(point["line"])


def calls(name, file, line):
    """
    The addresses of the calls of race_point() that the compiler has made of one place: one in each inlined copy. A
    line has more addresses than these, of its trace event for instance.
    """
    found = set()
    for sal in gdb.decode_line(f"{file.removeprefix('./')}:{line}")[1] or ():
        for step in gdb.selected_inferior().architecture().disassemble(sal.pc, count=INSTRUCTIONS):
            if re.match(r"(call|jmp)\s.*<race_point>", step["asm"]) and gdb.find_pc_line(step["addr"]).line == line:
                found.add(step["addr"])
    if not found:
        raise gdb.GdbError(f"no call of race point {name} is found at {file}:{line}")
    return found


class RaceStop(gdb.Breakpoint):
    """At the call of a race point, on one CPU or any."""

    def __init__(self, address, cpu):
        super().__init__(f"*{address:#x}", type=gdb.BP_HARDWARE_BREAKPOINT)
        self.cpu = cpu

    def stop(self):
        return self.cpu is None or kernel.chosen_cpu() == self.cpu


class StopAt(Command):
    """Stop at a race point: a named place between two steps of a protocol. Debug build.

Usage: fw stop-at [POINT [CPU]]

A breakpoint that stops when the CPU, or any, comes to a race point of that name; a point that stands in several places,
or in a function that is inlined in several, gets a breakpoint in each. What the point traces is in the trace by then.
`delete N` removes it, as any other. Without arguments it lists the points: name, file and
line.

Example: fw stop-at copy_loaded 1
Reads: the linker set .race_points. Sets hardware breakpoints, of which QEMU has as many as you like."""
    name = "stop-at"
    counts = (0, 2)

    def choices(self, before):
        if len(before) == 0:
            return sorted({name for name, *_ in points()})
        return [str(cpu) for cpu in sorted(kernel.cpu_threads())]

    def run(self, words):
        known = list(points())
        if not words:
            places = dict.fromkeys((name, f"{file.removeprefix('./')}:{line}") for name, file, line in known)
            table([("point", "at"), *places])
            return
        places = sorted({(file, line) for name, file, line in known if name == words[0]})
        if not places:
            raise gdb.GdbError(f"there is no race point {words[0]} (fw stop-at lists them)")
        if len(words) > 1 and (not words[1].isdigit() or int(words[1]) not in kernel.cpu_threads()):
            raise gdb.GdbError(f"there is no CPU {words[1]}")
        for address in sorted(set().union(*(calls(words[0], file, line) for file, line in places))):
            RaceStop(address, int(words[1]) if len(words) > 1 else None)
