/*
 * The signal frame on the user stack, and what a system call's registers say to who restarts it.
 */
#ifndef ARCH_SIGFRAME_H
#define ARCH_SIGFRAME_H

#include "kernel/base/types.h"

struct regs;

/* The beginning of siginfo_t; the rest of its 128 bytes is zero. */
struct siginfo {
	s32 signo, err, code, pad;
	u64 field[4]; /* by the kind of signal: pid and uid, value; or an address; ... */
};

/* stack_t */
struct sigstack {
	u64 sp;
	u32 flags, pad;
	u64 size;
};

#define SS_ONSTACK    1U
#define SS_DISABLE    2U
#define SS_AUTODISARM (1U << 31)

/* What a handler is called with. */
struct sigcall {
	struct siginfo info;
	unsigned long handler, restorer;
	u64 mask; /* to be restored */
	bool on_stack;
	struct sigstack stack;
};

/*
 * The registers become those of the handler's first instruction, its frame is on the user stack as
 * Linux has it. -EFAULT: it cannot be written there; nothing has changed. May sleep.
 */
int sigframe_push(struct regs *regs, const struct sigcall *call);

/*
 * rt_sigreturn: takes registers, vector registers, mask and stack from the frame on which the handler has
 * returned, so that no register is one that user mode could not have set itself. -EFAULT. May sleep.
 */
int sigframe_pop(struct regs *regs, u64 *mask, struct sigstack *stack);

bool sigstack_holds(const struct sigstack *stack, unsigned long sp);

/* Whether the registers are those of a system call that has ended, and with what. */
bool regs_in_syscall(const struct regs *regs, long *result);
/* It ends with `result` for good. */
void regs_end_syscall(struct regs *regs, long result);
/* It is made once more; `nr` in its place, unless negative. */
void regs_repeat_syscall(struct regs *regs, long nr);

#endif
