"""fw rcu: the grace period, and who holds it up."""
from fw import kernel, tasks
from fw.command import Command, table

FILE = "kernel/base/rcu.c"


class Rcu(Command):
    """Show read-copy-update: the grace period, each CPU's readers and callbacks.

Usage: fw rcu

gp.seq is even while there is no grace period; which pair of counters new readers take. A line a CPU: for both pairs
how many sections have begun here less those that ended here (a section may end on another CPU, so only the sums say
how many are open), callbacks queued, taken and done, and the period that its waiting batch needs. Then the tasks in a
read section.

Example: fw rcu
Reads: gp, reader_idx, counters and rcu_callbacks of kernel/base/rcu.c, each task's rcu_reader. Changes nothing."""
    name = "rcu"

    def run(self, words):
        gp, idx = kernel.variable("gp", FILE), int(kernel.variable("reader_idx", FILE))
        seq = int(gp["seq"])
        step = "" if not seq & 1 else f", waits for pair {idx ^ 1}, " + ("flipped" if gp["flipped"] else "not flipped yet")
        print(f"gp.seq {seq}: {'a grace period' + step if seq & 1 else 'no grace period'}; new readers take pair {idx}")
        rows, open_sections = [("CPU", "pair 0", "pair 1", "queued", "taken", "done", "waits for")], [0, 0]
        for cpu in kernel.cpus():
            counters, callbacks = (kernel.per_cpu(name, cpu, FILE) for name in ("counters", "rcu_callbacks"))
            balance = [signed(int(counters["locks"][i]) - int(counters["unlocks"][i])) for i in (0, 1)]
            open_sections = [a + b for a, b in zip(open_sections, balance)]
            batch = f"gp.seq {int(callbacks['wait_seq'])}" if int(callbacks["wait"]) else "-"
            rows.append((cpu, *(f"{n:+d}" if n else "0" for n in balance),
                         *(int(callbacks[name]) for name in ("queued", "taken", "done")), batch))
        table(rows)
        print(f"open read sections: {open_sections[0]} in pair 0, {open_sections[1]} in pair 1")
        for reader in self.readers():
            print(reader)

    @staticmethod
    def readers():
        if not int(kernel.variable("task_table")[0]["tasks"]["next"]):
            return
        idle = [kernel.per_cpu("cpu_rq", cpu)["idle"] for cpu in kernel.cpus()]
        for task in tasks.every() + [task.dereference() for task in idle if int(task)]:
            reader = task["rcu_reader"]
            if int(reader["nesting"]):
                yield (f"{tasks.label(task)} is in a read section, depth {int(reader['nesting'])}, "
                       f"pair {int(reader['idx'])}")


def signed(n):
    return (n + (1 << 63)) % (1 << 64) - (1 << 63)
