"""Connecting to a machine, and user programs: fw connect, fw program, fw user, fw first-user."""
import os
import struct

import gdb

from fw import kernel
from fw.command import Command

USER_BIN = os.path.join(kernel.ROOT, "build/user/bin")
FIRST_USER = "user_enter_first"  # the kernel passes here once, before its first return to user mode
COMPARED = 16  # bytes of code that tell one program from another

program = "pgstress"


def program_path(name):
    """The file of a user program given as NAME, /bin/NAME or a host path."""
    for path in (name, os.path.join(USER_BIN, os.path.basename(name))):
        if os.path.isfile(path):
            return path
    there = ", ".join(sorted(os.listdir(USER_BIN))) if os.path.isdir(USER_BIN) else "none is built"
    raise gdb.GdbError(f"no user program {name}; there are: {there}")


def elf_bytes(path, address, size):
    """What the file has for [address, address + size), from its program headers (ELF-64, little-endian)."""
    with open(path, "rb") as f:
        image = f.read()
    offset, entry, count = struct.unpack_from("<Q", image, 32)[0], *struct.unpack_from("<HH", image, 54)
    for i in range(count):
        kind, _, start, vaddr, _, filesz = struct.unpack_from("<IIQQQQ", image, offset + i * entry)
        if kind == 1 and vaddr <= address and address + size <= vaddr + filesz:
            at = start + address - vaddr
            return image[at:at + size]
    raise gdb.GdbError(f"{path} has no code at {address:#x}")


class UserBreakpoint(gdb.Breakpoint):
    """A temporary stop at one address of one program."""

    def __init__(self, path, address):
        super().__init__(f"*{address:#x}", type=gdb.BP_HARDWARE_BREAKPOINT)
        self.address = address
        self.code = elf_bytes(path, address, COMPARED)
        self.done = False

    def stop(self):
        try:
            here = bytes(gdb.selected_inferior().read_memory(self.address, COMPARED))
        except gdb.MemoryError:
            return False
        self.done = here == self.code
        return self.done


class Connect(Command):
    """Connect to QEMU's stub at a Unix socket, and run to kmain.

Usage: fw connect PATH

What `make gdb` does first. Sets scheduler-locking to `step`: stepping moves the chosen CPU alone, `continue` all.

Example: fw connect /tmp/stub
Reads: nothing; the machine runs to kmain(), on the boot CPU."""
    name = "connect"
    counts = (1, 1)
    reads = False

    def run(self, words):
        gdb.execute("set pagination off")
        gdb.execute("set confirm off")
        gdb.execute("set print thread-events off")
        gdb.execute(f"target remote {words[0]}", to_string=True)
        gdb.execute("set scheduler-locking step")
        gdb.execute("thbreak kmain")
        gdb.execute("continue")


def programs():
    return sorted(os.listdir(USER_BIN)) if os.path.isdir(USER_BIN) else []


class ProgramCommand(Command):
    """One whose argument is a user program."""
    counts = (0, 1)
    reads = False

    def choices(self, before):
        return programs()


class Program(ProgramCommand):
    """Choose the user program whose symbols `fw user` and `fw first-user` load.

Usage: fw program [NAME]

Without NAME it says which one is chosen.

Example: fw program bench
Reads: nothing. Changes nothing in the machine."""
    name = "program"

    def run(self, words):
        global program
        if words:
            program = words[0]
        else:
            print(program)


def load_symbols(path):
    """Adds a program's symbols, once."""
    if path not in [o.filename for o in gdb.objfiles()]:
        gdb.execute(f"add-symbol-file {path}", to_string=True)
    return next(o for o in gdb.objfiles() if o.filename == path)


def address_of_main(path):
    symbol = load_symbols(path).lookup_global_symbol("main")
    if symbol is None:
        raise gdb.GdbError(f"{path} has no symbol main (built without -g?)")
    return int(symbol.value().address)


def run_to_main(path):
    """Continues until the program's main() runs, on whatever CPU."""
    stop = UserBreakpoint(path, address_of_main(path))
    try:
        gdb.execute("continue")
    finally:
        if stop.is_valid():
            stop.delete()
    if stop.done:
        print(f"{os.path.basename(path)}: main() on CPU {kernel.chosen_cpu()}")


class User(ProgramCommand):
    """Load the symbols of a user program, and run to its main().

Usage: fw user [NAME]

NAME is /bin/NAME, or a file of the host; without it the chosen program (fw program). Other programs may be linked at
the same address: only this one's main() stops.

Example: fw user bench
Reads: the program's file. The machine runs."""
    name = "user"

    def run(self, words):
        path = program_path(words[0] if words else program)
        kernel.need_machine()
        run_to_main(path)


class FirstUser(ProgramCommand):
    """Run to the kernel's first return to user mode, then to main() of the chosen program.

Usage: fw first-user [NAME]

Example: fw first-user
Reads: the program's file. The machine runs."""
    name = "first-user"

    def run(self, words):
        path = program_path(words[0] if words else program)
        kernel.need_machine()
        # Said in our words: gdb calls all frames of the entry code "signal handler called".
        stop = gdb.Breakpoint(FIRST_USER, type=gdb.BP_HARDWARE_BREAKPOINT, temporary=True, internal=True)
        stop.silent = True
        gdb.execute("continue", to_string=True)
        print(f"{FIRST_USER}() on CPU {kernel.chosen_cpu()}: on the way to user mode")
        run_to_main(path)
