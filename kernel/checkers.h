/* Debug builds: the kernel's side of the run-time checkers (docs/locking.md). A release build has nothing of them. */
#ifndef KERNEL_CHECKERS_H
#define KERNEL_CHECKERS_H

#include "kernel/base/debug.h"

#if DEBUG_KERNEL

/* A system call is done, on its way back (entry.asm): nothing is held, and interrupts are on. */
void checkers_leave_syscall(void);
/* But for one that has ended in a direct switch (kernel/switch.h): they may be off. */
void checkers_irqs_left_off(void);

/*
 * The machine is about to be switched off: prints how deep stacks have been, and with `locks=1` the order of locks that
 * was seen. Process context.
 */
void checkers_end(void);
/* For a panic's report: how deep stacks have been. */
void checkers_panic(void);

#else

static inline void checkers_irqs_left_off(void)
{
}

static inline void checkers_end(void)
{
}

static inline void checkers_panic(void)
{
}

#endif

#endif
