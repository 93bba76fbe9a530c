/*
 * I/O ports for processes: the handle of a right, and which ports a process has enabled by such handles.
 *
 * A process's ports are loaded when a thread of it wants one: its first IN or OUT is a general protection fault,
 * ioports_fault() loads them and marks the thread (task->ports). From then on they come and go with the switches to
 * and from it. So there is nobody to be interrupted when a process of many threads gets ports, and a switch between
 * tasks without ports has nothing more to do: context_switch() looks at `switch_work` and `rq->after` as it always
 * has.
 *
 *	a marked task is switched to	switch_work: rq->after is set, ioports_switched() loads
 *	it is switched away from	rq->after is still set, ioports_switched() unloads
 *	exec				ioports_exec() unloads, there is no switch
 *
 * So they are in force on a CPU in user mode only while a thread of their process runs there.
 */
#ifndef KERNEL_MACHINE_IOPORTS_H
#define KERNEL_MACHINE_IOPORTS_H

#include "kernel/ipc/object.h"
#include "kernel/task.h"

/* A right; constant. */
struct ioports_right {
	struct object object;
	u32 first, count;
};

/* Boot. */
void ioports_init(void);

/* For object.c: the last reference is gone. */
void ioports_right_free(struct ioports_right *right);

bool ioports_reload(void);

/*
 * For finish_switch(), in the context of the task that was switched to from `prev`, interrupts off: this CPU has its
 * ports, if any, and nobody else's. Whether the next switch is to ask too.
 */
static inline bool ioports_switched(const struct task_struct *prev)
{
	return unlikely(prev->ports || current->ports) && ioports_reload();
}

void ioports_drop(void);

/* For exec, when the process has one thread: the new program has no ports. */
static inline void ioports_exec(void)
{
	if (unlikely(current->group->ports))
		ioports_drop();
}

#endif
