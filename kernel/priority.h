/*
 * Priorities: who runs before whom. Linux's policies, as sched(7) has them.
 *
 * SCHED_FIFO and SCHED_RR have the levels 1 to 99, all others level 0; a higher level runs first, always. Within a
 * level tasks take turns of a slice, but SCHED_FIFO, which runs until it sleeps or yields. There is no share: `nice`
 * sets how long a turn is on level 0, 20 ms to 0.5 ms, so of two that compute on one CPU it divides the time. Nothing
 * holds a SCHED_FIFO task back that never sleeps: what is below it on that CPU moves to others, or waits.
 *
 * A task runs at the higher of its own priority and of what it inherits from the client that it serves
 * (kernel/ipc/inherit.h). Spin locks need no inheritance, since who holds one is not preempted; sleeping locks have
 * none: a thread may wait for a lower one of its own process that is in mmap() or in a page fault.
 */
#ifndef KERNEL_PRIORITY_H
#define KERNEL_PRIORITY_H

#include "kernel/base/types.h"

struct task_struct;

#define SCHED_OTHER    0
#define SCHED_FIFO     1
#define SCHED_RR       2
#define SCHED_BATCH    3
#define SCHED_IDLE     5 /* as SCHED_OTHER with the shortest slice */
#define SCHED_DEADLINE 6 /* not here */

#define RT_PRIO_MAX 99
#define NICE_MIN    (-20)
#define NICE_MAX    19

#define PRIO_LEVELS (RT_PRIO_MAX + 1)
#define PRIO_IDLE   (-1)

/* Zero is what a new task has: SCHED_OTHER, nice 0. */
struct sched_policy {
	u8 policy;
	u8 rt_prio; /* 1 to 99 for SCHED_FIFO and SCHED_RR, otherwise 0 */
	s8 nice;
	bool reset_on_fork;
};

/*
 * How long a task of nice 0 runs while others wait. Each tick is a timer armed and an interrupt taken, which on an
 * oversubscribed emulator goes through a lock of its own: no shorter than it need be.
 */
#define SLICE_NS 10000000UL

static inline u64 sched_slice_ns(const struct sched_policy *p)
{
	s64 nice = p->policy == SCHED_IDLE ? NICE_MAX : p->rt_prio ? 0 : p->nice;

	return SLICE_NS / 20 * (u64)(20 - nice);
}

/*
 * In force at once: another task that is lower now is preempted where t waits, and t where a higher one does. The
 * caller holds a reference or rcu_read_lock(). Any context.
 */
void sched_set_policy(struct task_struct *t, const struct sched_policy *p);

/* What `t` inherits, 0: nothing. The same contract; port->lock may be held. */
void sched_inherit(struct task_struct *t, unsigned int prio);

/* A child's, of a parent that asked for it: as on Linux, nothing above nice 0. */
void sched_reset_policy(struct sched_policy *p);

/*
 * Lets the others of this CPU run, whatever their priority: for who waits, without a lock to sleep on, for what any
 * of them may have to do.
 */
void sched_give_way(void);

#endif
