"""How `print` shows the kernel's types: a summary in front of the fields, or in the place of numbers.

`print /r` shows the bare fields. A summary reads no more than the object and what it names.
"""
import gdb

from fw import kernel, memory, paging, tasks

NODES_SHOWN = 10000


class Summary:
    """text(value), then the fields as they are."""

    def __init__(self, value, text):
        self.value, self.text = value, text

    def to_string(self):
        try:
            return self.text(self.value)
        except (gdb.error, gdb.GdbError):
            return None

    def children(self):
        return fields(self.value)


def fields(value):
    """Name and value of each field; what is in a nameless struct or union is a field of the whole."""
    for field in value.type.fields():
        if field.name:
            yield field.name, value[field]
        else:
            yield from fields(value[field])


class TextOnly:
    """The summary alone."""

    def __init__(self, value, text):
        self.value, self.text = value, text

    def to_string(self):
        try:
            return self.text(self.value)
        except (gdb.error, gdb.GdbError) as error:
            return f"unreadable: {error}"


def list_head(value):
    if not int(value["next"]):
        return "on no list"
    start, node, n = int(value.address), int(value["next"]), 0
    while node != start and n < NODES_SHOWN:
        node, n = kernel.words(node, 1)[0], n + 1
    return "empty" if not n else f"{n} other nodes" if n < NODES_SHOWN else f"more than {n} other nodes"


def spinlock(value):
    owner = int(value["owner"])
    return f"held by CPU {owner - 1}" if owner else "free"


def mutex(value):
    return {0: "free", 1: "held", 2: "held and waited for"}.get(int(value["state"]), "?")


def pte(value):
    return paging.describe(int(value))


def root(value):
    state = kernel.enum_name(value["state"], "enum root_state", "ROOT_")
    kind = kernel.enum_name(value["class"], "enum root_class", "ROOT_")
    return f"{kind} root, {state}, generation {int(value['gen'])}, table {int(value['pgd']):#x}"


def task(value):
    return f"{tasks.label(value)}, {kernel.enum_name(value['state'], *tasks.STATES)}, CPU {int(value['cpu'])}"


def mm(value):
    return f"address space, {int(value['nr_vmas'])} mappings, {int(value['resident'])} pages, {int(value['mm_users'])} users"


def vma(value):
    return f"{int(value['start']):#x}-{int(value['end']):#x} {memory.vma_flags(int(value['flags']))}"


def vm_range(value):
    return f"{int(value['start']):#x}, {int(value['nr_pages'])} pages, {kernel.enum_name(value['state'], *memory.RANGE)}"


def page(value):
    kind = kernel.enum_name(value["type"], "enum page_type", "PAGE_")
    return f"{int(value['refcount'])} references, type {kind}, order {int(value['order'])}"


SUMMARIES = {"task_struct": task, "mm_root": root, "mm_struct": mm, "vma": vma, "vm_range": vm_range, "page": page}
TEXTS = {"list_head": list_head, "spinlock": spinlock, "mutex": mutex}


def printer_of(value):
    """gdb's question: how is this value shown?"""
    if value.type.name == "pte_t":
        return TextOnly(value, pte)
    name = value.type.strip_typedefs().tag
    if name in TEXTS:
        return TextOnly(value, TEXTS[name])
    return Summary(value, SUMMARIES[name]) if name in SUMMARIES else None


def install():
    gdb.pretty_printers.append(printer_of)
