"""A task that does not run, shown in the place of what a CPU's frame 0 has for its caller.

Nothing is written to the machine, so nothing has to be put back: an unwinder (gdb's interface for programs that know a
stack better) says that the caller of frame 0 is the sleeping task. `bt`, `up`, `down` and `info locals` show that
task's stack from frame 1 on (from first() on, where frame 0 is inline). Running on ends it, and so does the choice of another task.
"""
import collections

import gdb
from gdb.unwinder import Unwinder, register_unwinder

from fw import kernel, stacks, tasks

FrameId = collections.namedtuple("FrameId", "sp pc")
USER_END = 1 << 63

shown = None  # a Shown, or None


def user_side_of(pc):
    """Whose user side an address belongs to that cannot be read now, or None."""
    return shown.label if shown and pc < USER_END and not shown.user_memory else None


class Shown:
    def __init__(self, task, rip, rsp, rbp):
        self.label, self.registers = tasks.label(task), {"rip": rip, "rsp": rsp, "rbp": rbp}
        self.thread = gdb.selected_thread().num
        frame = gdb.newest_frame()
        self.pc, self.sp = frame.pc(), int(frame.read_register("rsp")) & kernel.MASK
        older = frame.older()
        top = int(older.read_register("rsp")) & kernel.MASK if older else self.sp
        # The identity that frame 0 has without us, or a step would take it for another frame.
        self.identity = FrameId(gdb.Value(top), gdb.Value(start_of(self.pc)))
        self.user_memory = False


def start_of(pc):
    block = gdb.block_for_pc(pc)
    while block and (not block.function or block.function.symtab is None):
        block = block.superblock
    while block and block.superblock and block.superblock.function:
        block = block.superblock
    return block.start if block else pc


class TaskStack(Unwinder):
    def __init__(self):
        super().__init__("freewalk-task")
        register_unwinder(None, self, replace=True)
        gdb.events.cont.connect(lambda _: forget())

    def __call__(self, pending):
        if shown is None or gdb.selected_thread() is None or gdb.selected_thread().num != shown.thread:
            return None
        rip, rsp = (int(pending.read_register(name)) & kernel.MASK for name in ("rip", "rsp"))
        if (rip, rsp) == (shown.pc, shown.sp):
            return self.caller(pending, shown.identity, shown.registers)
        if rip < USER_END and not shown.user_memory:
            # Its stack is in an address space that no CPU has loaded: nothing there may be read as if it were.
            return self.caller(pending, FrameId(gdb.Value(rsp), gdb.Value(rip)), {"rip": 0, "rsp": rsp, "rbp": 0})
        return None

    @staticmethod
    def caller(pending, identity, registers):
        info = pending.create_unwind_info(identity)
        kind = pending.read_register("rsp").type
        for name, value in registers.items():
            number = gdb.Value(value & kernel.MASK).cast(gdb.lookup_type("unsigned long"))
            info.add_saved_register(name, number.cast(pending.read_register(name).type if name == "rip" else kind))
        return info


def forget():
    global shown
    if shown is not None:
        shown = None
        gdb.execute("set backtrace past-main off")
        gdb.invalidate_cached_frames()


def first():
    """The number of the frame behind the chosen CPU's newest function; what is inline in that has frames of its own."""
    number, frame = 1, gdb.newest_frame()
    while frame.type() == gdb.INLINE_FRAME:
        number, frame = number + 1, frame.older()
    return number


def show(task, user_memory):
    """The task's stack becomes the frames from first() on; that one, the switch away from it, is chosen and printed."""
    global shown
    forget()
    found = Shown(task, *stacks.context(task))
    found.user_memory = user_memory
    shown = found
    gdb.execute("set backtrace past-main on")  # frame 0 may be a program's main(), which has no caller otherwise
    gdb.invalidate_cached_frames()
    gdb.execute(f"frame {first()}")


def install():
    TaskStack()
