"""What `bt` shows of the ways into the kernel, beyond what the call-frame information of entry.asm says
(arch/x86/unwind.inc), which is how gdb finds the interrupted code at all.

A frame of the entry code is named after what came: "<page fault from user mode>". What is below the first function of
the kernel, or of a thread, is not shown; nor what gdb guesses behind a user function without unwind data (musl has
none), from the first address on that is no function.

Between SYSCALL's switch of stacks and the push of the user's stack pointer, two instructions, only a per-CPU variable
has it: UserStack finds it there.
"""
import collections

import gdb
from gdb.FrameDecorator import FrameDecorator
from gdb.unwinder import Unwinder, register_unwinder

from fw import cause, kernel, layout, taskframes
from fw.kernel import constant

# By the symbol that an entry frame's address lies behind; the others have come by what their struct regs say.
ENTRIES = {"ret_from_fork": "fork: the child's way to user mode", "user_enter": "to user mode"}


def is_entry(frame):
    return frame.type() == gdb.SIGTRAMP_FRAME and frame.pc() >= constant(layout.HEADER, "KERNEL_VMA")


class Entry(FrameDecorator):
    """A frame of the entry code that has called C: struct regs is at its stack pointer."""

    def function(self):
        frame = self.inferior_frame()
        name = frame.name() or ""
        if frame.level() == 0:
            return name
        if name in ENTRIES:
            return f"<{ENTRIES[name]}>"
        try:
            return f"<{cause.came_by(kernel.at(int(frame.read_register('rsp')), 'struct regs'))}>"
        except gdb.error:
            return f"<{name}>"


class UserSide(FrameDecorator):
    """Where a sleeping task is in a program whose address space nobody has loaded."""

    def function(self):
        return f"<user mode of {taskframes.user_side_of(self.inferior_frame().pc())}>"

    def filename(self):
        return None

    def line(self):
        return None

    def frame_args(self):
        return None


class Filter:
    """See above."""

    def __init__(self):
        self.name, self.enabled, self.priority = "freewalk", True, 100
        gdb.frame_filters[self.name] = self

    @staticmethod
    def is_guess(frame):
        """No function, and behind a user function that is one; the first user frame may be of an unknown program."""
        if frame.pc() == 0:
            return True
        newer = frame.newer()
        return frame.name() is None and newer is not None and newer.type() != gdb.SIGTRAMP_FRAME

    def filter(self, decorated):
        for item in decorated:
            frame = item.inferior_frame()
            if frame.level() and self.is_guess(frame):
                return
            if frame.level() and taskframes.user_side_of(frame.pc()):
                yield UserSide(item)
                return
            yield Entry(item) if is_entry(frame) else item


FrameId = collections.namedtuple("FrameId", "sp pc")  # gdb.unwinder has one from version 14 on
GENERAL = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", *(f"r{n}" for n in range(8, 16)))


class UserStack(Unwinder):
    """See above. SYSCALL has left the user's rip in rcx and rflags in r11 (SDM vol. 2B)."""

    def __init__(self):
        super().__init__("freewalk-user-stack")
        self.window = ()
        register_unwinder(None, self, replace=True)

    def addresses(self, pending):
        """The two instructions: the fourth and fifth of syscall_entry."""
        if not self.window:
            start = int(gdb.parse_and_eval("(unsigned long)&syscall_entry"))
            self.window = [i["addr"] for i in pending.architecture().disassemble(start, count=5)][3:]
        return self.window

    def __call__(self, pending):
        try:
            pc = pending.read_register("rip")
            if int(pc) not in self.addresses(pending):
                return None
            offset = int(pending.read_register("gs_base"))
            sp = kernel.at(int(gdb.parse_and_eval("(unsigned long)&cpu_user_rsp")) + offset, "long")
        except gdb.error:
            return None
        info = pending.create_unwind_info(FrameId(sp, pc))
        info.add_saved_register("rip", pending.read_register("rcx"))
        info.add_saved_register("rsp", sp)
        for name in GENERAL:
            info.add_saved_register(name, pending.read_register(name))
        return info


def install():
    Filter()
    UserStack()
