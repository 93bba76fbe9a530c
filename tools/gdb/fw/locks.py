"""fw locks: who holds which lock, and who waits.

A spin lock's word names the CPU that holds it, in both builds. The debug build also keeps, for each CPU and task, what
it holds and where it took it (kernel/base/lockdep.h); locks inside of objects are found through that alone.
"""
import functools
import re

import gdb

from fw import cpus, kernel, stacks, tasks
from fw.command import Command, table


@functools.lru_cache(maxsize=None)
def names_of_globals(type_name):
    """
    (name, file) of the kernel's variables of a type, static ones too. gdb takes a second to find out. In C whatever
    the chosen CPU is at: in assembly, where an idle one stands, gdb calls the type by another name.
    """
    file, found = None, []
    for line in gdb.execute(f"with language c -- info variables -q -t '{type_name}'", to_string=True).splitlines():
        if m := re.match(r"File (\S+):$", line):
            file = m[1]
        elif m := re.match(rf"\d+:\s+(?:static )?{type_name} (\w+);$", line):
            found.append((m[1], file))
    return found


def globals_of(type_name):
    return [(f"{name} ({file})", kernel.variable(name, file)) for name, file in names_of_globals(type_name)]


def where(address):
    """The function that took a lock, by the return address of the call; not the inline functions of locks."""
    name, file = stacks.function(address - 1, outermost=True)
    return f"{name} ({file})"


def has_lockdep():
    return kernel.kernel_file().lookup_global_symbol("cpu_locks") is not None


def held_by(held):
    """(address, class, taken at) of each entry of a struct held_locks."""
    classes = kernel.enum_names("enum lock_class", "LOCK_")
    for i in range(int(held["n"])):
        entry = held["lock"][i]
        if int(entry["lock"]):
            yield int(entry["lock"]), classes.get(int(entry["class"]), "?"), where(int(entry["site"]))


def waiting_cpus():
    """CPU to the address of the spin lock that it spins on."""
    found = {}
    with kernel.selection():
        for cpu, thread in kernel.cpu_threads().items():
            thread.switch()
            frame = gdb.newest_frame()
            for _ in range(12):
                if frame is None:
                    break
                if frame.name() == "spin_lock_slow":
                    lock = frame.read_var("lock")
                    found[cpu] = None if lock.is_optimized_out else int(lock)
                    break
                frame = frame.older()
    return found


class Locks(Command):
    """List the locks that are held or waited for.

Usage: fw locks

Spin locks: the lock, the CPU that holds it and its task, and the CPUs that spin for it. Mutexes: the lock, and the
tasks that sleep for it, in their order; who holds a mutex is known in the debug build. In the debug build each
holder's line says the lock's class and where it was taken, and locks inside of objects are there too; the release
build shows the kernel's global spin locks, run queues, and every process's mmap_lock.

Example: fw locks
Reads: variables of type struct spinlock and struct mutex, cpu_rq, the task table; cpu_locks and task->locks in the
debug build. Changes nothing."""
    name = "locks"

    def run(self, words):
        waiters = waiting_cpus()
        spins = self.spin_locks(waiters)
        mutexes = self.mutexes()
        for title, rows in (("spin lock", spins), ("mutex", mutexes)):
            if rows:
                table([(title, "class", "held by", "taken at", "waited for by"), *rows])
        print(f"{len(spins)} spin locks and {len(mutexes)} mutexes are held or waited for" +
              ("" if has_lockdep() else "; the debug build knows locks inside of objects too, and where they were taken"))

    @staticmethod
    def spin_locks(waiters):
        """Rows by address: what lockdep knows, then the global ones it has not named, then what is only waited for."""
        known, rows = {}, {}
        for name, lock in globals_of("struct spinlock"):
            known[int(lock.address)] = name
            if int(lock["owner"]):
                rows[int(lock.address)] = [name, "-", int(lock["owner"]) - 1, "-"]
        for cpu in kernel.cpus():
            rq = kernel.per_cpu("cpu_rq", cpu)["lock"]
            known[int(rq.address)] = f"run queue of CPU {cpu}"
            if int(rq["owner"]):
                rows[int(rq.address)] = [f"run queue of CPU {cpu}", "-", int(rq["owner"]) - 1, "-"]
            if has_lockdep():
                for lock, name, site in held_by(kernel.per_cpu("cpu_locks", cpu)):
                    if int(kernel.at(lock, "struct spinlock")["owner"]) == cpu + 1:
                        rows[lock] = [known.get(lock, f"{lock:#x}"), name, cpu, site]
        for lock in filter(None, waiters.values()):
            rows.setdefault(lock, [known.get(lock, f"{lock:#x}"), "-", None, "-"])
        return [(name, kind, "nobody" if cpu is None else f"CPU {cpu}, {cpus.task_of(cpu)}", site,
                 ", ".join(f"CPU {c}" for c, waited in sorted(waiters.items()) if waited == lock) or "-")
                for lock, (name, kind, cpu, site) in rows.items()]

    @staticmethod
    def mutexes():
        found = {int(m.address): name for name, m in globals_of("struct mutex")}
        holders = {}
        if int(kernel.variable("task_table")[0]["tasks"]["next"]):
            for task in tasks.every():
                mm = tasks.mm_of(task)
                if mm is not None:
                    found.setdefault(int(mm["mmap_lock"].address), f"mmap_lock of {tasks.label(task)}")
                if has_lockdep():
                    for lock, name, site in held_by(task["locks"]["held"]):
                        holders[lock] = (name, tasks.label(task), site)
                        found.setdefault(lock, f"{lock:#x}")
        rows = []
        for lock, name in found.items():
            mutex = kernel.at(lock, "struct mutex")
            if not int(mutex["state"]):
                continue
            kind, holder, site = holders.get(lock, ("-", "?", "-"))
            waiting = [tasks.label(w["task"].dereference()) for w in
                       kernel.entries(mutex["waiters"]["waiters"], "struct waiter", "node")]
            rows.append((name, kind, holder, site, ", ".join(waiting) or "-"))
        return rows
