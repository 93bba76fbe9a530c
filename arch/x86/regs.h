/* The registers as the entry code leaves them on the kernel stack, lowest address first. */
#ifndef ARCH_X86_REGS_H
#define ARCH_X86_REGS_H

#include "kernel/base/types.h"

struct regs {
	u64 r15, r14, r13, r12, rbp, rbx; /* preserved by C */
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 vector; /* system calls: the number */
	u64 error;  /* system calls: REGS_SYSCALL, while rax is, or is to be, their result */
	u64 rip, cs, rflags, rsp, ss; /* as the CPU pushes them */
};

#define REGS_SYSCALL (~0UL) /* no trap has such an error code */

static inline bool regs_user_mode(const struct regs *r)
{
	return r->cs & 3;
}

/*
 * An NMI is about to return to the HLT of cpu_wait_for_interrupt(): steps over it. What STI held off
 * until behind the HLT would now come before it, and the CPU would halt although there is work.
 */
void trap_leave_halt(struct regs *regs);

/* The HLT. entry.asm. */
extern const char cpu_halt_instruction[];

#endif
