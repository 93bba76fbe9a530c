"""Which root table is meant: the ROOT argument of fw walk and fw rootdiff.

	ref		the reference root, swapper_pg_dir
	cpuN		what CPU N has in CR3
	PID		the root of a process
	ADDRESS		a struct mm_root, or its table: in the direct map, or physical as in CR3
"""
import dataclasses
import re

import gdb

from fw import kernel, layout, tasks
from fw.kernel import constant

PAGE_MASK = constant("arch/x86/include/arch/pgtable.h", "PTE_PHYS_MASK")


@dataclasses.dataclass
class Root:
    label: str  # how a person finds it again
    table: int  # direct-map address of its 512 entries
    root: object = None  # struct mm_root, if it has one


def reference_table():
    return int(kernel.variable("swapper_pg_dir").address)


def registered():
    """struct mm_root of every root there is but the reference; nothing before the first one is made."""
    return kernel.entries(kernel.variable("registry", "mm/pgsync/root.c"), "struct mm_root", "registry")


def physical_of(table):
    image = constant(layout.HEADER, "KERNEL_VMA")
    return table - image if table >= image else table - layout.field("page_offset")


def by_table(pa):
    """The struct mm_root whose table is at a physical address, or None."""
    if pa == physical_of(reference_table()):
        return kernel.variable("swapper_root")
    return next((root for root in registered() if physical_of(int(root["pgd"])) == pa), None)


def of_physical(pa, label):
    root = by_table(pa)
    if root is not None and pa == physical_of(reference_table()):
        label += ", the reference root"
    elif root is not None:
        label += f", {name(root)}"
    return Root(label, layout.phys_to_virt(pa), root)


def name(root):
    """A root by the processes that have it, or by its state."""
    return tasks.owners().get(int(root.address)) or \
        "of no process, " + kernel.enum_name(root["state"], "enum root_state", "ROOT_")


def of_cpu(cpu):
    cr3, = kernel.registers(cpu, "cr3")
    return of_physical(cr3 & PAGE_MASK, f"the root {cr3 & PAGE_MASK:#x} that CPU {cpu} has loaded")


def of_task(pid):
    task = tasks.find(pid)
    mm = tasks.mm_of(task)
    if mm is None:
        raise gdb.GdbError(f"task {pid} ({tasks.comm(task)}) has no address space of its own: a kernel thread, or exited")
    root = mm["root"].dereference()
    return Root(f"the root of {tasks.label(task)}", int(root["pgd"]), root)


def of_address(address):
    for root in registered():
        if address in (int(root.address), int(root["pgd"])):
            return Root(f"root {int(root.address):#x}, {name(root)}", int(root["pgd"]), root)
    if address in (reference_table(), int(kernel.variable("swapper_root").address)):
        return find("ref")
    if by_table(address) is not None:
        return of_physical(address, f"root table {address:#x}")
    raise gdb.GdbError(f"{address:#x} is no root: neither a struct mm_root nor a root table (fw roots lists them)")


def find(text):
    """The root that a person names; an error with the ways to name one."""
    if text in ("ref", "reference"):
        return Root("the reference root", reference_table(), kernel.variable("swapper_root"))
    if match := re.fullmatch(r"cpu(\d+)", text):
        return of_cpu(int(match[1]))
    if re.fullmatch(r"\d+", text):
        return of_task(int(text))
    try:
        value = int(gdb.parse_and_eval(text))
    except gdb.error as error:
        raise gdb.GdbError(f"{text}: {error}; a root is named ref, cpuN, by a pid, or by an address") from None
    return of_address(value)


def words():
    found = ["ref"] + [f"cpu{cpu}" for cpu in sorted(kernel.cpu_threads())]
    return found + [str(int(task["pid"])) for task in tasks.every() if tasks.mm_of(task) is not None]
