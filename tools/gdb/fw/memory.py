"""fw vmalloc, fw vmas."""
import gdb

from fw import kernel, layout, tasks
from fw.command import Command, table
from fw.kernel import constant

RANGE = ("enum range_state", "RANGE_")
VMA_HEADER = "mm/mm.h"
PAGE = 4096


class Vmalloc(Command):
    """List the ranges of the vmalloc area.

Usage: fw vmalloc

A line a range: addresses (without the unmapped page that follows each), pages, root slot, state (NEW: being made,
LIVE: somebody's, DEAD: freed, its addresses wait for a flush), and whether it is memory or a device's registers.

Example: fw vmalloc
Reads: the list of ranges of mm/vrange.c. Changes nothing."""
    name = "vmalloc"

    def run(self, words):
        head = kernel.variable("by_address", "mm/vrange.c")
        rows = [(f"{int(r['start']):#x}-{int(r['start']) + int(r['nr_pages']) * PAGE:#x}", int(r["nr_pages"]),
                 layout.slot_of(int(r["start"])), kernel.enum_name(r["state"], *RANGE),
                 "memory" if int(r["pages"]) else "device") for r in kernel.entries(head, "struct vm_range", "link")]
        if rows:
            table([("addresses", "pages", "slot", "state", "what"), *rows])
        print(f"{len(rows)} ranges, {sum(row[1] for row in rows if row[3] == 'LIVE')} pages in use")


def vma_flags(flags):
    """As /proc/PID/maps has them, then the names of the other bits."""
    letters = "".join(letter if flags & constant(VMA_HEADER, f"VMA_{name}") else "-"
                      for letter, name in (("r", "READ"), ("w", "WRITE"), ("x", "EXEC")))
    shared = constant(VMA_HEADER, "VMA_SHARED")
    rest = flags & ~(constant(VMA_HEADER, "VMA_READ") | constant(VMA_HEADER, "VMA_WRITE") |
                     constant(VMA_HEADER, "VMA_EXEC") | shared)
    names = kernel.set_bits(rest, kernel.bit_names(VMA_HEADER, "VMA_"))
    return " ".join([letters + ("s" if flags & shared else "p"), *names])


class Vmas(Command):
    """List the mappings of a process.

Usage: fw vmas PID

A line a mapping: addresses, rights and flags (VMA_... of mm/mm.h), and what is mapped: private memory, or a memory
object and the offset of the mapping's start in it.

Example: fw vmas 1
Reads: mm->vmas of the task. Changes nothing."""
    name = "vmas"
    counts = (1, 1)

    def choices(self, before):
        tasks.need_tasks()
        return [str(int(task["pid"])) for task in tasks.every() if int(task["mm"])]

    def run(self, words):
        if not words[0].isdigit():
            raise gdb.GdbError(self.usage())
        tasks.need_tasks()
        task = tasks.find(int(words[0]))
        mm = tasks.mm_of(task)
        if mm is None:
            raise gdb.GdbError(f"task {words[0]} ({tasks.comm(task)}) has no address space: a kernel thread, or exited")
        rows = [self.row(vma) for vma in kernel.entries(mm["vmas"], "struct vma", "node")]
        table([("addresses", "pages", "flags", "what"), *rows])
        print(f"{tasks.label(task)}: {len(rows)} mappings, {int(mm['resident'])} pages resident")

    @staticmethod
    def row(vma):
        start, end, obj = int(vma["start"]), int(vma["end"]), int(vma["obj"])
        what = f"object {obj:#x} +{start - int(vma['obj_origin']) & kernel.MASK:#x}" if obj else "private memory"
        return f"{start:#x}-{end:#x}", (end - start) // PAGE, vma_flags(int(vma["flags"])), what
