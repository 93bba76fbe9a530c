/*
 * What the kernel supplies to the trap code. Interrupt handlers run with interrupts off and
 * preemption off; the other calls run in the context of the task that trapped.
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include "kernel/base/types.h"

struct regs;

/* Line `line` (arch/irq.h) interrupts. A level must be masked, or quiet, on return. */
void irq_line_interrupt(u32 line);

/*
 * The timer of this CPU fired, while it was in user mode or not; another CPU asks this one to look at its run
 * queue.
 */
void sched_timer_interrupt(bool user);
void sched_resched_interrupt(void);

/*
 * Whether the running task wants to be switched away, asked on the way out of an interrupt.
 * Switches. Interrupts off.
 */
void sched_preempt_irq(void);

/*
 * The running task did in user mode what signal `sig` stands for, at or about `addr`; `code` says how
 * (si_code). Either it has a handler, which runs next, or it dies here. Interrupts on.
 */
void user_fault(int sig, int code, unsigned long addr, const char *what);

/*
 * A general protection fault of the running task in user mode: whether it was for want of I/O ports that its process
 * has a right to, which it has now. Interrupts off.
 */
bool ioports_fault(void);

/* A system call above the table. Its result. */
long syscall_unknown(unsigned long nr);

/* Pending work of the running task before it goes back to user mode. Interrupts on. */
void user_exit_work(void);
/* Whether there is any: interrupts off, so the answer holds until user mode. */
bool user_exit_pending(void);

#endif
