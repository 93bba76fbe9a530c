/*
 * For in-kernel tests: tasks that never run. They are what the task table and the task walk see of
 * a task, and nothing else.
 */
#ifndef KERNEL_TESTS_DUMMY_H
#define KERNEL_TESTS_DUMMY_H

#include "kernel/task.h"

/* Not in the table yet; in `group`, or NULL: leads one of its own. */
struct task_struct *dummy_task(int pid, struct thread_group *group);

/*
 * Out of the table, if it ever was in it, and without an mm: frees it after a grace period. May
 * sleep.
 */
void dummy_free(struct task_struct *t);

#endif
