"""gdb's side of `make gdb`: the command `fw` and its sub-commands (type `help fw`).

Rules that keep gdb usable on a multiprocessor that boots through 32-bit mode:
- the architecture is never set: QEMU's stub describes the 64-bit registers in every mode;
- breakpoints are hardware breakpoints: they hold before the page tables that map their address exist, and they
  change no memory that another CPU may run or another process may share;
- scheduler-locking is `step`: stepping moves one CPU, `continue` moves all;
- two programs may be linked at the same address, so a user breakpoint stops only where the memory holds the
  instructions of the program's own file.
"""
import os
import struct

import gdb

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
USER_BIN = os.path.join(ROOT, "build/user/bin")
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


class Fw(gdb.Command):
    """Freewalk's commands.

fw first-user     run to the kernel's first return to user mode, then to main() of the program
fw user [NAME]    load the symbols of a user program (/bin/NAME) and run to its main()
fw program NAME   choose the program for the two above
fw cpus           each CPU: its task, where it is
fw connect PATH   what `make gdb` does first: connect to QEMU's stub and run to kmain"""

    def __init__(self):
        super().__init__("fw", gdb.COMMAND_USER, prefix=True)

    def invoke(self, argument, from_tty):
        gdb.execute("help fw")


class FwConnect(gdb.Command):
    """Connect to QEMU's stub at a Unix socket and run to kmain."""

    def __init__(self):
        super().__init__("fw connect", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        gdb.execute("set pagination off")
        gdb.execute("set confirm off")
        gdb.execute("set print thread-events off")
        gdb.execute(f"target remote {argument}", to_string=True)
        gdb.execute("set scheduler-locking step")
        gdb.execute("thbreak kmain")
        gdb.execute("continue")


class FwProgram(gdb.Command):
    """Choose the user program whose symbols `fw user` and `fw first-user` load."""

    def __init__(self):
        super().__init__("fw program", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        global program
        program = argument.strip() or program


def load_user(path):
    """Adds the program's symbols once; returns the address of its main()."""
    if path not in [o.filename for o in gdb.objfiles()]:
        gdb.execute(f"add-symbol-file {path}", to_string=True)
    objfile = next(o for o in gdb.objfiles() if o.filename == path)
    symbol = objfile.lookup_global_symbol("main")
    if symbol is None:
        raise gdb.GdbError(f"{path} has no symbol main (built without -g?)")
    return int(symbol.value().address)


def run_to_main(path):
    """Continues until the program's main() runs, on whatever CPU."""
    stop = UserBreakpoint(path, load_user(path))
    try:
        gdb.execute("continue")
    finally:
        if stop.is_valid():
            stop.delete()
    if stop.done:
        print(f"{os.path.basename(path)}: main() on CPU {gdb.selected_thread().num - 1}")


class FwUser(gdb.Command):
    """Load the symbols of a user program and run to its main()."""

    def __init__(self):
        super().__init__("fw user", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        run_to_main(program_path(argument.strip() or program))


class FwFirstUser(gdb.Command):
    """Run to the kernel's first return to user mode, then to main() of the chosen program."""

    def __init__(self):
        super().__init__("fw first-user", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        path = program_path(argument.strip() or program)
        gdb.execute(f"thbreak {FIRST_USER}")
        gdb.execute("continue")
        run_to_main(path)


def per_cpu(name, cpu):
    """The value of a per-CPU variable of one CPU. gdb does the arithmetic: these are 64-bit unsigned."""
    return gdb.parse_and_eval(f"*(__typeof__(&{name}))((unsigned long)&{name} + percpu_offset[{cpu}])")


def task_of(cpu):
    """"name (pid)" of the task that a CPU runs, from the kernel's own data; "-" before it has any."""
    try:
        task = per_cpu("current_task", cpu)
        return f"{task['comm'].string()} ({int(task['pid'])})" if int(task) else "-"
    except gdb.error:
        return "-"


class FwCpus(gdb.Command):
    """Each CPU: its task, and where it is."""

    def __init__(self):
        super().__init__("fw cpus", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        chosen = gdb.selected_thread()
        try:
            for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num):
                thread.switch()
                frame = gdb.newest_frame()
                mark = "*" if thread.num == chosen.num else " "
                cpu = thread.num - 1
                print(f"{mark} CPU {cpu:3}  {task_of(cpu):24} {frame.pc():#018x} {frame.name() or '?'}")
        finally:
            chosen.switch()


for command in (Fw, FwConnect, FwProgram, FwUser, FwFirstUser, FwCpus):
    command()
