/*
 * How a task comes by an address space and leaves it, so that the task walk of mm/pgsync misses no
 * root: see task_mm.c.
 */
#ifndef KERNEL_TASK_MM_H
#define KERNEL_TASK_MM_H

#include "kernel/task.h"
#include "mm/mm.h"

/*
 * fork: puts a complete task into the task table; with `new_mm`, its root has not had its late copy
 * and gets it now. Afterwards it may be made runnable. Process context. (Series, patch 5.)
 */
void publish_task(struct task_struct *t, bool new_mm);

/*
 * exec: the running task leaves its address space, or the one that it borrows, for `mm`, whose use
 * passes to it and whose root has not had its late copy. Process context, no locks. (Series, patch
 * 5.)
 */
void exec_mmap(struct mm_struct *mm);

/* exit: the running task gives up current->mm, which is not NULL. Process context, no locks. */
void leave_mm(void);

/*
 * The running task, which has no address space, gives back the one that its CPU has lent it, and
 * the CPU loads the reference root. Process context, no locks.
 */
void leave_borrowed_mm(void);

#endif
