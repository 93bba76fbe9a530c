"""Convenience functions for expressions: $fw_current(), $fw_per_cpu("NAME" [, CPU]), $fw_task(PID), $fw_cpus(BITMAP).

	break sys_wait4 if $fw_current()->pid == 12
	print $fw_per_cpu("cpu_rq", 2).nr_queued
	print $fw_task(1)->mm->root.gen
	print $fw_cpus(cpu_online_mask)
"""
import gdb

from fw import kernel, tasks


class Current(gdb.Function):
    """$fw_current([CPU]): the task that the chosen CPU runs, or another CPU; a struct task_struct *."""

    def __init__(self):
        super().__init__("fw_current")

    def invoke(self, cpu=None):
        return kernel.per_cpu("current_task", kernel.chosen_cpu() if cpu is None else int(cpu))


class PerCpu(gdb.Function):
    """$fw_per_cpu("NAME" [, CPU]): the chosen CPU's copy of a per-CPU variable, or another CPU's."""

    def __init__(self):
        super().__init__("fw_per_cpu")

    def invoke(self, name, cpu=None):
        return kernel.per_cpu(name.string(), kernel.chosen_cpu() if cpu is None else int(cpu))


class Task(gdb.Function):
    """$fw_task(PID): the task of that number; a struct task_struct *."""

    def __init__(self):
        super().__init__("fw_task")

    def invoke(self, pid):
        return tasks.find(int(pid)).address


class Cpus(gdb.Function):
    """$fw_cpus(BITMAP): the numbers of the bits that are set in a set of CPUs, as text: "0-3,5"."""

    def __init__(self):
        super().__init__("fw_cpus")

    def invoke(self, bitmap):
        start = int(bitmap if bitmap.type.code == gdb.TYPE_CODE_PTR else bitmap.address)
        count = int(kernel.variable("nr_cpus"))
        bits = kernel.words(start, -(-count // 64))
        return kernel.ranges(cpu for cpu in range(count) if bits[cpu // 64] >> cpu % 64 & 1) or "none"


def install():
    for function in (Current, PerCpu, Task, Cpus):
        function()
