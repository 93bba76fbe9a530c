"""Convenience functions for expressions: $fw_current(), $fw_per_cpu("NAME" [, CPU]), $fw_task(PID).

	break sys_wait4 if $fw_current()->pid == 12
	print $fw_per_cpu("cpu_rq", 2).nr_queued
	print $fw_task(1)->mm->root.gen
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
