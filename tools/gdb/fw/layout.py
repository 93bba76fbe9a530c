"""The virtual layout: struct page_layout of the running kernel, and which root slot is for what.

The numbers that the kernel computes with macros come from its headers (arch/page.h, mm/memblock.h).
"""
import gdb

from fw import kernel
from fw.kernel import constant

HEADER = "arch/x86/include/arch/page.h"
FIRST_KERNEL = constant(HEADER, "ROOT_KERNEL")
SLOTS = constant(HEADER, "ROOT_SLOTS")


def field(name):
    return int(kernel.variable("page_layout")[name])


def levels():
    n = field("levels")
    if n not in (4, 5):
        kernel.not_yet("the kernel has not chosen its layout (boot/entry.asm)")
    return n


def slot_span():
    return 1 << 12 + 9 * (levels() - 1)


def slot_of(address):
    return address // slot_span() % SLOTS


def slot_address(slot):
    """First address of a slot; of the kernel half, everything above the index is ones."""
    return (slot * slot_span() | (-1 << 12 + 9 * levels() if slot >= FIRST_KERNEL else 0)) & kernel.MASK


def canonical(address):
    top = address >> 12 + 9 * levels() - 1
    return top in (0, (1 << 64 - (12 + 9 * levels() - 1)) - 1)


def phys_to_virt(pa):
    return field("page_offset") + pa


def need_direct_map():
    levels()
    try:
        kernel.words(phys_to_virt(0), 1)
    except gdb.MemoryError:
        kernel.not_yet("there is no direct map to read page tables through")


def areas():
    """(name, first slot, last slot) of the kernel half, in their order. With five levels the last two share one."""
    span = slot_span()
    memory = constant("mm/memblock.h", "MEMBLOCK_PHYS_MAX")
    stacks = constant(HEADER, "KSTACK_START")
    image = constant(HEADER, "KERNEL_VMA")

    def area(name, address, size):
        first = slot_of(address)
        return name, first, max(first, first + -(-size // span) - 1)
    vmalloc = slot_of(field("vmalloc_start"))
    found = [area("direct map", field("page_offset"), memory),
             ("vmalloc", vmalloc, vmalloc + field("vmalloc_slots") - 1),
             area("page array", field("vmemmap_start"), memory >> 12 << 6),
             area("kernel stacks", stacks, constant(HEADER, "KSTACK_AREA")),
             area("kernel image", image, 1)]
    if found[-1][1] == found[-2][1]:
        found[-2:] = [("kernel stacks and image", *found[-1][1:])]
    return found


def area_of(slot):
    """What a kernel slot is for."""
    return next((name for name, first, last in areas() if first <= slot <= last), "unused")


def slot_name(slot):
    return "user half" if slot < FIRST_KERNEL else area_of(slot)
