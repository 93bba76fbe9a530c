"""fw trace: the rings of kernel/base/trace.h, of all CPUs together."""
import struct

import gdb

from fw import kernel, rootname
from fw.command import Command, table
from fw.kernel import constant

HEADER, FILE = "kernel/base/trace.h", "kernel/base/trace.c"
LAYOUT = "<QHHIQQ"  # struct trace_event
DEFAULT = 20


def last_of(cpu, n):
    """The last n events of a CPU, oldest first, as tuples in the order of struct trace_event."""
    ring, size = int(kernel.per_cpu("trace_ring", cpu)), int(kernel.variable("trace_size"))
    if not ring or not size:
        return []
    bits = constant(HEADER, "TRACE_COUNT_BITS")
    end = int(kernel.per_cpu("trace_head", cpu)) & (1 << bits) - 1
    width = struct.calcsize(LAYOUT)
    found = []
    for number in range(end - min(end, size, n), end):
        raw = gdb.selected_inferior().read_memory(ring + number % size * width, width)
        found.append(struct.unpack(LAYOUT, bytes(raw)))
    return [event for event in found if event[1]]


def described(event, descriptions, owners):
    """"name  a=..., b=..." by the list of kernel/base/trace_events.h; a root with who has it."""
    _, kind, _, _, a, b = event
    about = descriptions[kind] if kind < len(descriptions) else None
    if about is None:
        return f"event {kind}  {a:#x} {b:#x}"
    name, *meanings = about
    parts = []
    for meaning, value in zip(meanings, (a, b)):
        if meaning != "none":
            who = owners.get(value & ~0xfff) if meaning == "root" else None
            parts.append(f"{meaning}={value:#x}" + (f" ({who})" if who else "") if value > 0xffff else f"{meaning}={value}")
    return f"{name:16}  {', '.join(parts)}"


def descriptions():
    events = kernel.variable("events", FILE)
    found = []
    for kind in range(events.type.range()[1] + 1):
        one = events[kind]
        found.append([one[field].string() for field in ("name", "a", "b")] if int(one["name"]) else None)
    return found


class Trace(Command):
    """Show the last events of every CPU's trace ring, in the order of time.

Usage: fw trace [N]

The last N events (20) of all CPUs together: ticks of the TSC since the first one shown, the CPU, the task that ran,
the event and its two numbers (kernel/base/trace_events.h has all of them). The kernel must have been started with
`trace=1`; then TRACE(mark, x, y) in the code, wherever you like, shows up here too.

Example: fw trace 40
Reads: trace_ring and trace_head of each CPU. Changes nothing."""
    name = "trace"
    counts = (0, 1)

    def run(self, words):
        if words and not words[0].isdigit():
            raise gdb.GdbError(self.usage())
        if not int(kernel.variable("trace_size")):
            raise gdb.GdbError("nothing is traced: start with `make gdb APPEND=trace=1`, and run past trace_init()")
        n = int(words[0]) if words else DEFAULT
        events = sorted(event for cpu in kernel.cpus() for event in last_of(cpu, n))[-n:] if n else []
        known = descriptions()
        owners = {int(root["pgd"]): rootname.name(root) for root in rootname.registered()} if events else {}
        if events:
            owners[rootname.reference_table()] = "the reference"
            table([("ticks", "CPU", "pid", "event"),
                   *((event[0] - events[0][0], event[2], event[3], described(event, known, owners)) for event in events)])
        print(f"{len(events)} events")
