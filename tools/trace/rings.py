"""Reads the trace rings (kernel/base/trace.h) out of a guest's memory file, when QEMU has ended, however it did.

    recording = rings.read("build/trace/memory", "build/freewalk.elf")

The kernel writes nothing out: `trace_places` (kernel/trace.c) says where in physical memory each ring is, and the
symbol table of the image says where `trace_places` is.
"""
import dataclasses
import mmap
import os
import re
import struct
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KERNEL_VMA = 0xFFFFFFFF80000000  # linker.ld
COUNT_MASK = (1 << 48) - 1  # TRACE_COUNT_BITS
EVENT = struct.Struct("<QHHIQQ")  # struct trace_event
PLACES = struct.Struct("<QQ")  # the head of struct trace_places, and each of its rows
# QEMU's pc machine has memory up to 3 GiB at its own address, and what is more from 4 GiB on.
LOW_MEMORY, HIGH_MEMORY = 3 << 30, 4 << 30


@dataclasses.dataclass(frozen=True)
class Event:
    time: float  # microseconds since kernel entry
    cpu: int
    pid: int
    name: str
    a: int
    b: int


@dataclasses.dataclass
class Recording:
    events: list  # of Event, in the order of their times
    cpus: int
    lost: list  # for each CPU: its oldest events, overwritten
    strings: dict  # address: text, of the names that events point to


def event_table(path=os.path.join(ROOT, "kernel/base/trace_events.h")):
    """[(name, class, meaning of a, meaning of b)], by number: 0 is no event."""
    with open(path, encoding="utf-8") as f:
        rows = re.findall(r"^TRACE_EVENT\((\w+), (\w+), (\w+), (\w+)\)$", f.read(), re.M)
    return [("none", "none", "none", "none"), *rows]


def symbols(kernel):
    rows = subprocess.run(["nm", kernel], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {name: int(address, 16) for address, name in re.findall(r"^([0-9a-f]{16}) \w (\w+)$", rows, re.M)}


class Memory:
    """Physical memory, and the kernel's image in it."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.map = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)

    def read(self, phys, size):
        at = phys if phys < HIGH_MEMORY else phys - HIGH_MEMORY + LOW_MEMORY
        data = self.map[at:at + size]
        if len(data) != size:
            raise ValueError(f"physical address {phys:#x} is not in the memory file")
        return data

    def word(self, phys):
        return int.from_bytes(self.read(phys, 8), "little")

    def string(self, virtual):
        """A name in the kernel's image."""
        text = self.read(virtual - KERNEL_VMA, 64).split(b"\0")[0]
        return text.decode("ascii", "replace")


def ring(memory, head, base, size):
    """(the raw events of one ring, oldest first; how many are lost)."""
    count = memory.word(head) & COUNT_MASK
    data = memory.read(base, size * EVENT.size)
    first = max(0, count - size)
    return [EVENT.unpack_from(data, n % size * EVENT.size) for n in range(first, count)], first


def read(memory_file, kernel):
    """Raises ValueError if tracing was off."""
    memory, symbol, table = Memory(memory_file), symbols(kernel), event_table()

    def image(name):
        return symbol[name] - KERNEL_VMA
    places = image("trace_places")
    size, cpus = PLACES.unpack(memory.read(places, PLACES.size))
    khz, start = memory.word(image("tsc_khz")), memory.word(image("boot_entry_tsc"))
    if not size or not khz:
        raise ValueError("the kernel was not traced: trace=1 on its command line turns it on")
    events, lost, strings = [], [], {}
    for cpu in range(cpus):
        head, base = PLACES.unpack(memory.read(places + PLACES.size * (cpu + 1), PLACES.size))
        raw, missing = ring(memory, head, base, size)
        lost.append(missing)
        for time, event, on, pid, a, b in raw:
            if not event:  # the machine ended in the middle of it
                continue
            name, group = table[event][:2]
            if group == "race":
                strings[a] = memory.string(a)
            events.append(Event((time - start) * 1000 / khz, on, pid, name, a, b))
    events.sort(key=lambda e: e.time)
    return Recording(events, cpus, lost, strings)
