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

from fw import (cpus, frames, functions, locks, memory, paging, ports, printers, racepoints, rcu, roots, session,  # noqa: E402
                taskcommands, taskframes, trace)


class Fw(gdb.Command):
    """Freewalk's commands: the kernel's own data, read from a machine that stands still.

`help fw NAME` has the usage of each, an example, and what it reads."""

    def __init__(self):
        super().__init__("fw", gdb.COMMAND_USER, prefix=True)

    def invoke(self, argument, from_tty):
        if argument:
            raise gdb.GdbError(f"there is no fw {argument.split()[0]}; `fw` lists the commands")
        gdb.execute("help fw")


for command in (Fw, session.Connect, session.Program, session.User, session.FirstUser, cpus.Cpus, roots.Roots,
                roots.RootDiff, roots.Slots, paging.Walk, frames.Filter, frames.UserStack, functions.Current,
                functions.PerCpu, functions.Task, taskcommands.Tasks, taskcommands.Task, taskframes.TaskStack,
                memory.Vmalloc, memory.Vmas, locks.Locks, rcu.Rcu, ports.Ports, racepoints.StopAt,
                trace.Trace):
    command()
printers.install()
