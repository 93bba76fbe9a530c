"""fw ports: the ports of messages, found through the handle tables of all tasks."""
import gdb

from fw import kernel, tasks
from fw.command import Command, table

TYPES = ("enum object_type", "OBJECT_")


def handles(task):
    """(number, struct object) of each handle of a task."""
    if not int(task["handles"]):
        return
    held = task["handles"].dereference()
    cloexec = kernel.constant("kernel/ipc/handle.h", "HANDLE_CLOEXEC")
    size = int(held["used"])
    object_type = kernel.member_type("struct port", "object")
    for number, slot in enumerate(kernel.words(int(held["slots"]), size) if size else []):
        if slot:
            yield number, kernel.at(slot & ~cloexec, object_type)


def names(list_head, member="ipc.node"):
    return [tasks.label(task) for task in kernel.entries(list_head, "struct task_struct", member)]


class Ports(Command):
    """List the ports of messages: who owns each, who waits to send, to be answered, or to receive.

Usage: fw ports [PID]

A line a port: the processes that have a handle of it (the right to receive), the tasks that receive from it
(sleeping until something comes), that send (nobody has received their message), and that wait for a reply. With a
PID: the handles of that task, number, kind and object.

Example: fw ports
Reads: the handle tables of all tasks, struct port. Changes nothing."""
    name = "ports"
    counts = (0, 1)

    def choices(self, before):
        tasks.need_tasks()
        return [str(int(task["pid"])) for task in tasks.every() if int(task["handles"])]

    def run(self, words):
        tasks.need_tasks()
        if words and not words[0].isdigit():
            raise gdb.GdbError(self.usage())
        if words:
            self.show_handles(tasks.find(int(words[0])))
        else:
            self.show_ports()

    @staticmethod
    def show_handles(task):
        rows = [(number, kernel.enum_name(obj["type"], *TYPES).lower(), f"{int(obj.address):#x}", int(obj["refs"]))
                for number, obj in handles(task)]
        if rows:
            table([("handle", "kind", "object", "references"), *rows])
        print(f"{tasks.label(task)}: {len(rows)} handles")

    def show_ports(self):
        owners = {}
        port_type = next(n for n, name in kernel.enum_names(*TYPES).items() if name == "PORT")
        for task in tasks.every():
            for _, obj in handles(task):
                if int(obj["type"]) == port_type:
                    owners.setdefault(int(obj.address), {})[int(task["group"]["tgid"])] = tasks.label(task)
        rows = [self.row(kernel.at(address, "struct port"), processes.values()) for address, processes in owners.items()]
        if rows:
            table([("port", "owner", "receiving", "sending", "awaiting a reply"), *rows])
        print(f"{len(rows)} ports")

    @staticmethod
    def row(port, owner):
        receiving, replies = names(port["receivers"]), []
        if int(port["waiting"]):
            receiving.insert(0, tasks.label(port["waiting"].dereference()))
        if int(port["latest"]):
            replies.append(tasks.label(port["latest"].dereference()))
        first, last = port["received"].type.range()
        for bucket in range(first, last + 1):
            replies += names(port["received"][bucket])
        return (f"{int(port.address):#x}", ", ".join(owner), ", ".join(receiving) or "-",
                ", ".join(names(port["senders"])) or "-", ", ".join(replies) or "-")
