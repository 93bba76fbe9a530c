"""What has brought a CPU into the kernel: the names of interrupts, exceptions and system calls, from struct regs."""
import gdb

from fw import kernel
from fw.kernel import constant

VECTORS = "arch/x86/vectors.h"
FIRST_INTERRUPT = 32
IRQ_LINES = 128


def interrupt_name(vector):
    first = constant(VECTORS, "VECTOR_DEVICE")
    if first <= vector < first + IRQ_LINES:
        return f"interrupt {vector:#x} (line {vector - first})"
    for name in kernel.definitions(VECTORS):
        if name.startswith("VECTOR_") and vector == constant(VECTORS, name):
            return f"interrupt {vector:#x} ({name.removeprefix('VECTOR_').lower()})"
    return f"interrupt {vector:#x}"


def exception_name(vector):
    name = kernel.variable("exceptions", "arch/x86/trap.c")[vector]["name"]
    return name.string() if int(name) else f"exception {vector}"


def syscall_name(number):
    if number >= int(kernel.variable("sys_call_count")):
        return f"system call {number}"
    handler = gdb.block_for_pc(int(kernel.variable("sys_call_table")[number]))
    name = handler.function.name.removeprefix("sys_") if handler and handler.function else "?"
    return f"system call {number} ({name})"


def came_by(regs):
    """What has filled these struct regs."""
    number = int(regs["vector"])
    if int(regs["error"]) == kernel.MASK:
        return syscall_name(number)
    what = interrupt_name(number) if number >= FIRST_INTERRUPT else exception_name(number)
    return f"{what} from {'user mode' if int(regs['cs']) & 3 else 'the kernel'}"
