/*
 * Debug builds: how deep kernel stacks have been. A release build has nothing of it.
 *
 * A stack is filled with a pattern once, when it is made. What counts is the deepest that was ever seen, so only
 * the words below that depth are looked at when a task ends, and nothing needs to be filled again: a few dozen loads.
 */
#ifndef KERNEL_STACKCHECK_H
#define KERNEL_STACKCHECK_H

#include "kernel/base/debug.h"
#include "kernel/task.h"

#if DEBUG_KERNEL

/* A new stack, not used yet. */
void stackcheck_fill(unsigned long top);

/* How many bytes of it have been used, ever. */
unsigned long stackcheck_depth(unsigned long top);

/* `t` has been as deep as it will be, or as it is: remembers it if nobody was deeper. Any context. */
void stackcheck_note(const struct task_struct *t);

/* One line: the deepest, and whose. Any context. */
void stackcheck_print(void);

#else

static inline void stackcheck_fill(unsigned long top)
{
	(void)top;
}

static inline void stackcheck_note(const struct task_struct *t)
{
	(void)t;
}

#endif

#endif
