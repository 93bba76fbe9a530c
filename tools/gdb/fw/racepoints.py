"""fw stop-at: breakpoints on race points (kernel/base/racepoint.h), which only the debug build has."""
import gdb

from fw import kernel
from fw.command import Command, table


def points():
    """(name, file, line, address of the struct race_point) of each place, in the order of the linker set."""
    if gdb.lookup_symbol("race_point")[0] is None and not kernel.kernel_file().lookup_global_symbol("race_point"):
        raise gdb.GdbError("the release build has no race points: `make gdb DEBUG=1`")
    kind = gdb.lookup_type("struct race_point")
    start, end = (int(gdb.parse_and_eval(f"(unsigned long)&__race_points_{which}")) for which in ("start", "end"))
    for address in range(start, end, kind.sizeof):
        point = kernel.at(address, kind)
        yield point["name"].string(), point["file"].string(), int(point["line"]), address


class RaceStop(gdb.Breakpoint):
    """Stops where race_point() is called for one of some places, on one CPU or any; shown as the caller's frame."""

    def __init__(self, name, addresses, cpu):
        super().__init__("race_point", type=gdb.BP_HARDWARE_BREAKPOINT)
        self.addresses, self.cpu, self.name = addresses, cpu, name

    def stop(self):
        if self.cpu is not None and kernel.chosen_cpu() != self.cpu:
            return False
        return int(gdb.newest_frame().read_register("rdi")) & kernel.MASK in self.addresses


class StopAt(Command):
    """Stop at a race point: a named place between two steps of a protocol. Debug build.

Usage: fw stop-at [POINT [CPU]]

A breakpoint that stops when the CPU, or any, comes to a race point of that name. `delete N` removes it, as any other.
When it has stopped, `up` leads to the code at the point. Without arguments it lists the points: name, file and line.

Example: fw stop-at copy_loaded 1
Reads: the linker set .race_points. Sets one hardware breakpoint; the processor has four."""
    name = "stop-at"
    counts = (0, 2)

    def choices(self, before):
        if len(before) == 0:
            return sorted({name for name, *_ in points()})
        return [str(cpu) for cpu in sorted(kernel.cpu_threads())]

    def run(self, words):
        kernel.kernel_file()
        known = list(points())
        if not words:
            table([("point", "at"), *((name, f"{file}:{line}") for name, file, line, _ in known)])
            return
        addresses = {address for name, _, _, address in known if name == words[0]}
        if not addresses:
            raise gdb.GdbError(f"there is no race point {words[0]} (fw stop-at lists them)")
        if len(words) > 1 and (not words[1].isdigit() or int(words[1]) not in kernel.cpu_threads()):
            raise gdb.GdbError(f"there is no CPU {words[1]}")
        RaceStop(words[0], addresses, int(words[1]) if len(words) > 1 else None)
