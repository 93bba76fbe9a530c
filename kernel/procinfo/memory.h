/* Looking at another process's memory: see memory.c. */
#ifndef KERNEL_PROCINFO_MEMORY_H
#define KERNEL_PROCINFO_MEMORY_H

struct mm_struct;

/*
 * *mm gets the address space of process `pid` with a use of it, for mmput(), or NULL: it has none (any more). 0 or
 * -ESRCH. Process context.
 */
int procinfo_hold_mm(int pid, struct mm_struct **mm);

#endif
