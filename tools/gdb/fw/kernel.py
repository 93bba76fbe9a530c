"""Reading the kernel: the one place that knows how its variables, lists and constants are found.

	variable(name)			a global; variable(name, file) a static one of that file
	per_cpu(name, cpu)		one CPU's copy of a per-CPU variable
	entries(head, type, member)	the objects of a list
	enum_name(value, type)		"READY" for 2 of enum root_state
	constant(header, name)		a #define, read from the source tree, so that nothing is copied here
	at(address, type)		the object of that type at an address
	words(address, n)		n 64-bit words of memory
	address(expression)		what a person types

Names are looked up in the kernel's own symbols, whatever user program's are loaded and whatever the selected frame
calls its locals. What cannot be told yet, because the kernel has not come so far, is an error that says so: not_yet().
"""
import contextlib
import functools
import os
import re
import struct

import gdb

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
MASK = (1 << 64) - 1
LIST_MAX = 1 << 20  # a longer list is a broken one


def not_yet(what):
    raise gdb.GdbError(f"not yet: {what}")


# --- symbols ---

def kernel_file():
    """The kernel's own symbols."""
    for objfile in gdb.objfiles():
        if objfile.lookup_global_symbol("kmain"):
            return objfile
    raise gdb.GdbError("the kernel's symbols are not loaded: start with `make gdb`, or type `file build/freewalk.elf`")


def need_machine():
    """Refuses without symbols or a machine; of what is needed for anything at all."""
    kernel_file()
    if gdb.selected_thread() is None:
        raise gdb.GdbError("not connected to a machine: start with `make gdb`, or type `fw connect PATH`")


def member_type(type_name, member):
    """The type of a member, for one whose own name tests have given to types of theirs too."""
    return next(field.type for field in gdb.lookup_type(type_name).fields() if field.name == member)


def variable(name, file=None):
    if file:
        return gdb.parse_and_eval(f"'{file}'::{name}")
    symbol = kernel_file().lookup_global_symbol(name)
    if symbol is None:
        raise gdb.error(f"this kernel has no variable {name}")
    return symbol.value()


def at(where, type_name):
    kind = gdb.lookup_type(type_name) if isinstance(type_name, str) else type_name
    return gdb.Value(where & MASK).cast(gdb.lookup_type("unsigned long")).cast(kind.pointer()).dereference()


def address(expression):
    """What a person means by an expression: the number or pointer that it is, or where the object is."""
    value = gdb.parse_and_eval(expression)
    if value.type.strip_typedefs().code in (gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_FUNC,
                                            gdb.TYPE_CODE_UNION):
        value = value.address
    return int(value) & MASK


# --- CPUs ---

def cpu_threads():
    """gdb's thread of each CPU, by number."""
    return {thread.num - 1: thread for thread in gdb.selected_inferior().threads()}


def cpus():
    """The CPUs that have per-CPU data, in their order; before they are counted, the boot CPU alone."""
    return range(max(1, int(variable("nr_cpus"))))


def per_cpu(name, cpu, file=None):
    template = variable(name, file)
    offset = int(variable("percpu_offset")[cpu])
    if cpu and not 0 < offset < MASK or offset == 1 << 62:
        not_yet(f"CPU {cpu} has no per-CPU variables")
    return at(int(template.address) + offset, template.type.unqualified())


@contextlib.contextmanager
def selection():
    """What is chosen now, thread and frame, is chosen again afterwards."""
    thread, frame = gdb.selected_thread(), None
    with contextlib.suppress(gdb.error):
        frame = gdb.selected_frame()
    try:
        yield
    finally:
        if thread and thread.is_valid() and gdb.selected_thread().num != thread.num:
            thread.switch()
        if frame and frame.is_valid() and frame != gdb.selected_frame():
            frame.select()


def registers(cpu, *names):
    """Registers of a CPU as it stands, whatever frame is chosen."""
    thread = cpu_threads().get(cpu)
    if thread is None:
        raise gdb.GdbError(f"there is no CPU {cpu}")
    with selection():
        if gdb.selected_thread().num != thread.num:
            thread.switch()
        frame = gdb.newest_frame()
        return [int(frame.read_register(name)) & MASK for name in names]


def chosen_cpu():
    return gdb.selected_thread().num - 1


@contextlib.contextmanager
def paged_cpu():
    """
    Memory is read through the page tables of the chosen CPU; one that has not been started has none, and sees
    physical memory. Then the boot CPU is asked.
    """
    with selection():
        if not registers(chosen_cpu(), "cr0")[0] >> 31 & 1:
            cpu_threads()[0].switch()
        yield


# --- memory ---

def words(where, n):
    raw = gdb.selected_inferior().read_memory(where & MASK, 8 * n)
    return list(struct.unpack(f"<{n}Q", bytes(raw)))


def entries(head, type_name, member):
    """The objects on the list whose head is `head`, a struct list_head."""
    kind = gdb.lookup_type(type_name)
    offset = member_offset(kind, member)
    first, node = int(head.address), int(head["next"])
    if not node:
        return
    for _ in range(LIST_MAX):
        if node == first:
            return
        item = at(node - offset, kind)
        yield item
        node, = words(node, 1)
        if not node:
            raise gdb.GdbError(f"the list at {first:#x} is broken: a node without a successor")
    raise gdb.GdbError(f"the list at {first:#x} does not end")


def member_offset(kind, member):
    """
    Bytes from the start of a type to a member, `member` or `member.member`. By the type itself: its name as gdb prints
    it is another one where the CPU stands in assembly, as an idle one does.
    """
    offset = 0
    for part in member.split("."):
        field = next(field for field in kind.fields() if field.name == part)
        offset, kind = offset + field.bitpos // 8, field.type
    return offset


def text(array):
    """A char array as far as its NUL."""
    return array.string(errors="replace")


# --- names and constants ---

def enum_names(type_name, prefix=""):
    return {field.enumval: field.name.removeprefix(prefix) for field in gdb.lookup_type(type_name).fields()}


def enum_name(value, type_name, prefix=""):
    return enum_names(type_name, prefix).get(int(value), f"{int(value)}?")


UNITS = {"BIT": lambda n: 1 << n, "KiB": lambda n: n << 10, "MiB": lambda n: n << 20, "GiB": lambda n: n << 30,
         "TiB": lambda n: n << 40}


@functools.lru_cache(maxsize=None)
def definitions(header):
    """The #defines of a header of the kernel that have no parameters, name to text, in their order."""
    with open(os.path.join(ROOT, header), encoding="utf-8") as file:
        source = re.sub(r"/\*.*?\*/", " ", file.read(), flags=re.S).replace("\\\n", " ")
    return {m[1]: m[2].strip() for m in re.finditer(r"^#define[ \t]+(\w+)[ \t]+(\S.*)$", source, re.M)}


def constant(header, name):
    """The value of a #define that is arithmetic on numbers and on others of the same header."""
    expression = definitions(header)[name]
    expression = re.sub(r"\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", expression)
    names = {word: UNITS.get(word) or constant(header, word)
             for word in set(re.findall(r"\b[A-Za-z_]\w*", expression))}
    return eval(expression, {"__builtins__": {}}, names)  # of our own header


def bit_names(header, prefix):
    """Name by bit of all #defines that begin with the prefix and are one bit."""
    found = {}
    for name in definitions(header):
        if name.startswith(prefix):
            with contextlib.suppress(KeyError, SyntaxError, TypeError):
                value = constant(header, name)
                if value and not value & value - 1:
                    found.setdefault(value, name.removeprefix(prefix))
    return found


def set_bits(value, names):
    """The names of the bits that are set, lowest first; a bit without a name as a number."""
    return [names.get(1 << n, f"bit{n}") for n in range(64) if value >> n & 1]


def ranges(numbers):
    """Sorted numbers as text: 1,3-5."""
    runs = []
    for n in numbers:
        if runs and runs[-1][1] == n - 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
