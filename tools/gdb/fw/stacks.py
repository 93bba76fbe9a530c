"""The kernel stack of a task that does not run: who called whom, along the frame pointers (every C function of the
kernel keeps one), without gdb's frames and so for any number of tasks."""
import gdb

from fw import cause, kernel
from fw.kernel import constant, words

KSTACK_SIZE = constant("kernel/kstack.h", "KSTACK_SIZE")
POP_RBP = 0x5d  # what switch_stacks() goes on with (arch/switch.h)
DEPTH = 40

# Files whose functions only say that somebody sleeps, not for what.
SLEEPERS = ("kernel/sched.c", "kernel/rq.h", "kernel/switch.h", "kernel/base/wait.c", "kernel/base/wait.h", "kernel/timer.c",
            "kernel/ipc/token.c", "arch/x86/include/arch/switch.h")


def context(task):
    """(rip, rsp, rbp) with which it goes on."""
    thread = task["thread"]
    rip, rsp = int(thread["rip"]), int(thread["rsp"])
    if gdb.selected_inferior().read_memory(rip, 1)[0] == bytes([POP_RBP]):
        return rip + 1, rsp + 8, words(rsp, 1)[0]
    return rip, rsp, 0


def addresses(task):
    """Where it is, then where each caller goes on."""
    rip, rsp, rbp = context(task)
    top = int(task["thread"]["stack_top"])
    yield rip
    for _ in range(DEPTH):
        if not top - KSTACK_SIZE <= rbp < top - 8:
            return
        rbp, back = words(rbp, 2)
        if not back:
            return
        yield back - 1


def function(pc, outermost=False):
    """(name, file) of the function at an address: the innermost inlined one, or that which holds them all."""
    block, found = gdb.block_for_pc(pc), None
    while block and not (found and not outermost):
        if block.function:
            found = block.function
        block = block.superblock
    return (found.name, found.symtab.filename) if found else ("?", "")


def waits_in(task):
    """The function for whose sake it sleeps, and the system call that it is in: "wait4: wait_for_event"."""
    inner = next((name for name, file in map(function, addresses(task)) if not file.endswith(SLEEPERS)), "?")
    call = syscall(task)
    return f"{call}: {inner}" if call else inner


def user_registers(task):
    """struct regs at the top of the stack, if the task has a user side; None for a kernel thread."""
    if not int(task["mm"]):
        return None
    size = gdb.lookup_type("struct regs").sizeof
    regs = kernel.at(int(task["thread"]["stack_top"]) - size, "struct regs")
    return regs if int(regs["cs"]) & 3 else None


def syscall(task):
    """The name of the system call it is in, or ""."""
    regs = user_registers(task)
    if regs is None or int(regs["error"]) != kernel.MASK:
        return ""
    return cause.syscall_name(int(regs["vector"])).split("(")[-1].rstrip(")")
