"""For test_gdb_frames.py, sourced by gdb: steps through the entry code, in and out, and requires at each instruction
that the caller that gdb sees is the interrupted code: its rip, rsp and preserved registers.

Prints a line each way: how many instructions were right, and of how many gdb says that it does not know."""
import gdb

KERNEL = 1 << 63
PRESERVED = ("rbx", "rbp", "r12", "r13", "r14", "r15")


def register(frame, name):
    value = frame.read_register(name)
    return None if value.is_optimized_out else int(value) & (1 << 64) - 1


def word(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8), "little")


def run_to(address):
    gdb.execute(f"thbreak *{address:#x}", to_string=True)
    gdb.execute("continue", to_string=True)


def caller():
    """(rip, rsp) of the caller as gdb unwinds it; None for what it does not know."""
    frame = gdb.newest_frame().older()
    return (frame.pc(), register(frame, "rsp"), [register(frame, name) for name in PRESERVED]) if frame else None


def step_through(what, rip, rsp, here):
    """From an entry to the interrupted code again; a call of C is one step. `here`: whether an address is entry code."""
    preserved = [register(gdb.newest_frame(), name) for name in PRESERVED]
    right = unknown = 0
    while here(gdb.newest_frame().pc()):
        seen = caller()
        if seen is None:
            unknown += 1
        elif seen == (rip, rsp, preserved):
            right += 1
        else:
            print(f"{what}: WRONG at {gdb.newest_frame().pc():#x}: {seen} in place of {(rip, rsp, preserved)}")
            return
        gdb.execute("nexti", to_string=True)
    end = gdb.newest_frame().pc()
    print(f"{what}: {right} right, {unknown} unknown, then {'back' if end == rip else f'at {end:#x}'}")


def symbol(name):
    return int(gdb.parse_and_eval(f"(unsigned long)&{name}"))


FIRST, LAST = symbol("syscall_entry"), symbol("trap_stub_255") + 16


def entry_code(pc):
    return FIRST <= pc < LAST


run_to(FIRST)
step_through("system call", register(gdb.newest_frame(), "rcx"), register(gdb.newest_frame(), "rsp"), entry_code)
for name, vector, error in (("page fault", 14, 8), ("timer", 0xf0, 0)):
    run_to(symbol(f"trap_stub_{vector}"))
    sp = register(gdb.newest_frame(), "rsp")
    step_through(name, word(sp + error), word(sp + error + 24), entry_code)
