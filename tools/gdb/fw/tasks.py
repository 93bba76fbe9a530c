"""Tasks: the task table, and what it says of each."""
import gdb

from fw import kernel

STATES = ("enum task_state", "TASK_")


def need_tasks():
    kernel.need_machine()
    if not int(kernel.variable("task_table")[0]["tasks"]["next"]):
        kernel.not_yet("there is no task table (task_init())")


def every():
    """All tasks in the task table, by pid. The table is read at once: 1,024 buckets, most of them empty."""
    table = kernel.variable("task_table")
    first, last = table.type.range()
    size = table[0].type.sizeof
    offset = kernel.member_offset(gdb.lookup_type("struct task_bucket"), "tasks")
    start = int(table.address)
    raw = kernel.words(start, (last - first + 1) * size // 8)
    found = []
    for i in range(first, last + 1):
        node = raw[(i * size + offset) // 8]
        if node and node != start + i * size + offset:
            found += kernel.entries(table[i]["tasks"], "struct task_struct", "table_node")
    return sorted(found, key=lambda task: int(task["pid"]))


def find(pid):
    need_tasks()
    task = next((task for task in every() if int(task["pid"]) == pid), None)
    if task is None:
        raise gdb.GdbError(f"there is no task {pid} (fw tasks lists them)")
    return task


def comm(task):
    return kernel.text(task["comm"])


def label(task):
    return f"{comm(task) or 'nameless'} ({int(task['pid'])})"


def mm_of(task):
    """Its struct mm_struct, or None for a kernel thread, and for who has exited."""
    return task["mm"].dereference() if int(task["mm"]) else None


def owners():
    """Address of a struct mm_root to the processes that have it: "sh (12)", "pgstress (4) and 3 more"."""
    by_root = {}
    for task in every():
        mm = mm_of(task)
        if mm is not None:
            by_root.setdefault(int(mm["root"]), []).append(label(task))
    return {root: names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")
            for root, names in by_root.items()}
