"""fw cpus: each CPU, what it runs and where it is."""
import gdb

from fw import kernel, tasks
from fw.command import Command, table


def task_of(cpu):
    """"name (pid)" of the task that a CPU runs, from the kernel's own data; "-" before it has any."""
    try:
        task = kernel.per_cpu("current_task", cpu)
        return tasks.label(task.dereference()) if int(task) else "-"
    except (gdb.error, gdb.GdbError):
        return "-"


class Cpus(Command):
    """List the CPUs: the task that each runs, and where it is.

Usage: fw cpus

The chosen CPU is marked. `thread N` chooses another one: gdb's thread N is CPU N - 1.

Example: fw cpus
Reads: current_task and the program counter of each CPU. Changes nothing."""
    name = "cpus"
    reads = False

    def run(self, words):
        kernel.need_machine()
        chosen, rows = kernel.chosen_cpu(), []
        with kernel.paged_cpu():
            names = {cpu: task_of(cpu) for cpu in kernel.cpu_threads()}
        with kernel.selection():
            for cpu, thread in sorted(kernel.cpu_threads().items()):
                thread.switch()
                frame = gdb.newest_frame()
                rows.append((f"{'*' if cpu == chosen else ' '} CPU {cpu:3}", names[cpu], f"{frame.pc():#018x}",
                             frame.name() or "?"))
        table(rows)
