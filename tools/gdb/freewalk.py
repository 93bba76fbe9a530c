"""gdb's side of `make gdb`: the command `fw` and its sub-commands (type `help fw`). The package fw has them.

Rules that keep gdb usable on a multiprocessor that boots through 32-bit mode:
- the architecture is never set: QEMU's stub describes the 64-bit registers in every mode;
- breakpoints are hardware breakpoints: they hold before the page tables that map their address exist, and they
  change no memory that another CPU may run or another process may share;
- scheduler-locking is `step`: stepping moves one CPU, `continue` moves all;
- two programs may be linked at the same address, so a user breakpoint stops only where the memory holds the
  instructions of the program's own file.
"""
import os
import sys

import gdb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from fw import cpus, frames, functions, locks, memory, paging, ports, printers  # noqa: E402 (their path is set above)
from fw import racepoints, rcu, roots, session, taskcommands, taskframes, trace  # noqa: E402
from fw.command import Command  # noqa: E402


class Fw(gdb.Command):
    """Freewalk's commands: the kernel's own data, read from a machine that stands still.

`help fw NAME` has the usage of each, an example, and what it reads."""

    def __init__(self):
        super().__init__("fw", gdb.COMMAND_USER, prefix=True)

    def invoke(self, argument, from_tty):
        if argument:
            raise gdb.GdbError(f"there is no fw {argument.split()[0]}; `fw` lists the commands")
        gdb.execute("help fw")


def commands_of(module):
    """The commands that a module has; a class without a name is what several of them share."""
    return [item for item in vars(module).values()
            if isinstance(item, type) and issubclass(item, Command) and item.name]


Fw()
for family in (session, cpus, roots, paging, taskcommands, memory, locks, rcu, ports, trace, racepoints):
    for command in commands_of(family):
        command()
for part in (frames, taskframes, functions, printers):
    part.install()
