"""fw tasks, fw task."""
import os

import gdb

from fw import kernel, session, stacks, taskframes, tasks
from fw.command import Command, table

IPC = ("enum ipc_state", "IPC_")


def running():
    """pid to the CPU that runs it."""
    found = {}
    for cpu in kernel.cpus():
        task = kernel.per_cpu("current_task", cpu)
        if int(task):
            found[int(task["pid"])] = cpu
    return found


def state(task, on):
    name = kernel.enum_name(task["state"], *tasks.STATES)
    if int(task["pid"]) in on:
        return f"on CPU {on[int(task['pid'])]}"
    return "waiting to run" if name == "RUNNING" else name.lower()


def waits_for(task, on):
    if int(task["pid"]) in on or kernel.enum_name(task["state"], *tasks.STATES) in ("RUNNING", "DEAD"):
        return "-"
    ipc = kernel.enum_name(task["ipc"]["state"], *IPC)
    if ipc in ("SEND", "REPLY"):
        return f"{stacks.waits_in(task)}, {ipc.lower()} of port {int(task['ipc']['connection']['port']):#x}"
    if ipc == "RECEIVE":
        return f"{stacks.waits_in(task)}, a message on port {int(task['ipc']['port']):#x}"
    return stacks.waits_in(task)


class Tasks(Command):
    """List the tasks: threads and kernel threads, what each does and what it waits for.

Usage: fw tasks

A line a task: pid, its process, the parent process, state, the CPU of its run queue, its address space (mm), and
for one that sleeps the system call it is in and the function for whose sake it sleeps; for one in a message call the
port too. Idle tasks are not in the task table, fw cpus shows them.

Example: fw tasks
Reads: the task table, each task's kernel stack along its frame pointers. Changes nothing."""
    name = "tasks"

    def run(self, words):
        tasks.need_tasks()
        on = running()
        rows = [("pid", "process", "parent", "state", "CPU", "mm", "name", "waits in")]
        for task in tasks.every():
            mm = int(task["mm"])
            rows.append((int(task["pid"]), int(task["group"]["tgid"]), int(task["group"]["ppid"]), state(task, on),
                         int(task["cpu"]), f"{mm:#x}" if mm else "-", tasks.comm(task), waits_for(task, on)))
        table(rows)
        print(f"{len(rows) - 1} tasks")


def cpu_with(mm):
    """A CPU that has the address space loaded, the chosen one first; None: none has."""
    if not mm:
        return None
    there = [cpu for cpu in kernel.cpus() if int(kernel.per_cpu("cpu_loaded_mm", cpu)) == mm]
    return kernel.chosen_cpu() if kernel.chosen_cpu() in there else next(iter(there), None)


def choose_symbols(task):
    """The symbols of its program in place of another one's, if it is one of ours; its name, or None."""
    path = os.path.join(session.USER_BIN, tasks.comm(task))
    if not int(task["mm"]) or not os.path.isfile(path):
        return None
    for objfile in gdb.objfiles():
        if objfile.filename != path and os.path.dirname(objfile.filename or "") == session.USER_BIN:
            gdb.execute(f"remove-symbol-file {objfile.filename}", to_string=True)
    session.load_symbols(path)
    return os.path.basename(path)


class Task(Command):
    """Show the stack and the registers of a task, also of one that sleeps.

Usage: fw task PID | -

A running task: chooses its CPU, as `thread` does. One that sleeps: its kernel stack is frame 1 and those above, so
that bt, up, down, info locals and print work on it; frame 0 stays what the CPU is at. If some CPU has its address
space loaded, that one is chosen, the symbols of its program take the place of those of another one, and its user
side is shown too; otherwise nobody can read that, and the backtrace ends there. Nothing in the machine is changed: continue and
step at any time, the task is then no longer shown. `fw task -` shows the CPU's own stack again.

Example: fw task 1
Reads: the task's saved context (struct thread), its kernel stack, cpu_loaded_mm."""
    name = "task"
    counts = (1, 1)
    reads = False

    def choices(self, before):
        tasks.need_tasks()
        return ["-"] + [str(int(task["pid"])) for task in tasks.every()]

    def run(self, words):
        kernel.need_machine()
        if words[0] == "-":
            taskframes.forget()
            gdb.execute("frame 0")
            return
        if not words[0].isdigit():
            raise gdb.GdbError(self.usage())
        with kernel.paged_cpu():
            task = tasks.find(int(words[0]))
        taskframes.forget()
        with kernel.paged_cpu():
            on = running()
            cpu = on.get(int(words[0]), cpu_with(int(task["mm"])))
        program = choose_symbols(task) if cpu is not None else None
        print(f"{tasks.label(task)}, {state(task, on)}" + (f", symbols of {program}" if program else ""))
        if cpu is not None and cpu != kernel.chosen_cpu():
            kernel.cpu_threads()[cpu].switch()
        if int(words[0]) in on:
            gdb.execute("frame 0")
        else:
            print(f"its stack is shown from frame {taskframes.first()} on, what is before is CPU {kernel.chosen_cpu()}'s; nothing is changed")
            taskframes.show(task, cpu is not None)
