"""Page tables: what an entry says, and the walk that the processor makes (SDM vol. 3A, 4.5).

The tables are read through the direct map; the format of entries comes from arch/pgtable.h of the source tree.
"""
import gdb

from fw import kernel, layout, rootname
from fw.command import Command, table
from fw.kernel import constant

HEADER = "arch/x86/include/arch/pgtable.h"
ENTRIES = 512
PAGE_SHIFT = 12
SIZES = {1: "4 KiB", 2: "2 MiB", 3: "1 GiB"}
FLAGS = ("P", "W", "U", "PWT", "PCD", "A", "D", "PS", "G", "SPECIAL", "NONE", "DEVICE", "NX")


def bit(name):
    return constant(HEADER, "PTE_" + name)


def flags(entry):
    return " ".join(name for name in FLAGS if entry & bit(name)) or "-"


def present(entry):
    return bool(entry & (bit("P") | bit("NONE")))


def same(a, b):
    """As pte_same(): the accessed bit is no difference."""
    return not (a ^ b) & ~bit("A")


def physical(entry):
    return entry & constant(HEADER, "PTE_PHYS_MASK")


def is_leaf(entry, level):
    return level == 1 or bool(entry & bit("PS"))


def describe(entry, level=None):
    """An entry in one line; without a level it may be a table or a page."""
    if not entry:
        return "none"
    if not present(entry):
        return f"{entry:#x} not present"
    kind = "frame" if level is None else "page" if is_leaf(entry, level) else "table"
    return f"{kind} {physical(entry):#x}  {flags(entry)}"


def index(address, level):
    return address >> PAGE_SHIFT + 9 * (level - 1) & ENTRIES - 1


def entries_of(table, first=0, n=ENTRIES):
    """Entries of the table at a direct-map address."""
    return kernel.words(table + 8 * first, n)


def walk(table, address):
    """(level, index, address of the entry, entry) from the root down to the last entry that there is."""
    for level in range(layout.levels(), 0, -1):
        at = table + 8 * index(address, level)
        entry, = kernel.words(at, 1)
        yield level, index(address, level), at, entry
        if not entry & bit("P") or is_leaf(entry, level):
            return
        table = layout.phys_to_virt(physical(entry))


def page_line(pa):
    """What the page array says of a page frame, if it can be asked."""
    try:
        page = kernel.at(layout.field("vmemmap_start") + (pa >> PAGE_SHIFT) * 64, "struct page")
        kind = kernel.enum_name(page["type"], "enum page_type", "PAGE_")
        return f"struct page {int(page.address):#x}: {int(page['refcount'])} references, type {kind}"
    except gdb.error:
        return "no struct page: not RAM, or the page array is not there yet"


class Walk(Command):
    """Walk the page tables to an address, and decode the entry of each level.

Usage: fw walk ADDRESS [ROOT]

ADDRESS is an expression. ROOT is whose table the walk begins at: `ref` (the reference root), `cpuN` (what CPU N has
in CR3), a pid, or the address of a struct mm_root or of its table; the chosen CPU's CR3 without it. Prints for each
level the slot, where the entry is and what it says; then the page, or at which level there is nothing. If the slot
is missing although the reference root has it, it says so. 4 and 5 levels, 2 MiB and 1 GiB pages. $physical is the
physical address that was found, for `x/4gx page_layout.page_offset + $physical`.

Example: fw walk page_layout.vmalloc_start 12
Reads: CR3, the tables through the direct map, struct page of what is found. Changes nothing."""
    name = "walk"
    counts = (1, 2)

    def choices(self, before):
        return rootname.words() if len(before) == 1 else []

    def run(self, words):
        address = kernel.address(words[0])
        layout.need_direct_map()
        root = rootname.find(words[1] if len(words) > 1 else f"cpu{kernel.chosen_cpu()}")
        print(f"{address:#018x} in {root.label}, {layout.levels()} levels")
        if not layout.canonical(address):
            top = 9 * layout.levels() + PAGE_SHIFT - 1
            print(f"not canonical: bits 63 to {top} of an address are all equal; every access is a fault (#GP)")
            return
        self.show(root, address)

    def show(self, root, address):
        rows, last = [], None
        for last in walk(root.table, address):
            level, slot, at, entry = last
            name = f" ({layout.slot_name(slot)})" if level == layout.levels() else ""
            rows.append((f"level {level}", f"slot {slot}{name}", f"at {at:#x}", f"{entry:#018x}",
                         describe(entry, level)))
        table(rows)
        self.conclude(address, *last)

    def conclude(self, address, level, slot, at, entry):
        if entry & bit("P"):
            size = 1 << PAGE_SHIFT + 9 * (level - 1)
            pa = physical(entry) & ~(size - 1) | address & size - 1
            gdb.set_convenience_variable("physical", gdb.Value(pa))
            print(f"physical {pa:#x}, in a page of {SIZES[level]}; {page_line(pa)}")
        elif entry & bit("NONE"):
            print("a page is here, out of everybody's reach (PTE_NONE)")
        else:
            print(f"nothing is mapped: no entry at level {level}")
            if level == layout.levels() and slot >= layout.FIRST_KERNEL:
                reference, = entries_of(rootname.reference_table(), slot, 1)
                if present(reference):
                    print(f"a MISSING SLOT: the reference root has {slot}: {describe(reference, level)}")


