/* A CPU's run queue: for sched.c and balance.c. */
#ifndef KERNEL_RQ_H
#define KERNEL_RQ_H

#include "arch/cpu.h"
#include "kernel/prioq.h"
#include "kernel/task.h"

/* All under lock but where noted. The lock is irq-safe; two of them are never held together. */
struct rq {
	struct spinlock lock;
	unsigned int cpu; /* constant */
	u32 nr_queued;    /* read without the lock by others */
	/* Runnable, the running one left out. Its top is read without the lock by others. */
	struct prio_queue queue;
	struct task_struct *curr, *idle;
	struct task_struct *prev;  /* across a switch */
	struct mm_struct *drop_mm; /* across a switch */
	bool after;                /* across a switch: something rare is to be done after it */
	bool sampling; /* a timer interrupt will come, to sample curr (kernel/usage.h) */
	u64 since;     /* until then its time has been charged: TSC */
	u64 tick_at;   /* when the next tick is due, in time_ns(); 0: none is armed */
	u64 ticks[2];  /* charged here, the idle task's too, by enum usage_mode */
	/* read without the lock by others: the idle task is about to halt */
	bool halted;
	u32 hash;
	u64 switches;
	u64 asleep_here; /* constant: sched_word of a task that sleeps killably, and ran here last */
};

DECLARE_PER_CPU(struct rq, cpu_rq);

/* Tasks above SCHED_OTHER in all run queues. A; others look at it first, which is mostly all. */
extern u32 rt_waiting;

/* Locks the run queue of `t`, wherever it is. Interrupts off. */
static inline struct rq *rq_lock_of(struct task_struct *t)
{
	for (;;) {
		struct rq *rq = per_cpu_ptr(&cpu_rq, READ_ONCE(t->cpu));

		spin_lock(&rq->lock);
		if (likely(rq->cpu == t->cpu))
			return rq;
		spin_unlock(&rq->lock);
	}
}

/* A tick when the slice of `t`, which runs or is about to, is over; if none is armed. This CPU's. */
void rq_arm_tick(struct rq *rq, const struct task_struct *t);

/* `t`, off its CPU or about to leave it, waits; whoever it should replace is told. */
void rq_enqueue(struct rq *rq, struct task_struct *t);
/* The rare part of what follows a switch; releases rq->lock. */
void finish_switch_after(void);
/*
 * The rare part of what is asked of who is to be switched to directly: whether nothing is in the way but what
 * will be done after the switch.
 */
bool handoff_ok_after(const struct task_struct *next);
/* A direct switch of which one side is a kernel thread: as context_switch(). */
void context_switch_kthread(struct rq *rq, struct task_struct *prev, struct task_struct *next);

/* --- the queue; rq->lock held --- */

/* Off the queue but still on_rq. */
void rq_remove(struct rq *rq, struct task_struct *t);

/* The first of the highest level, or NULL. */
static inline struct task_struct *rq_first(const struct rq *rq)
{
	struct list_head *node = prioq_first(&rq->queue);

	return node ? list_entry(node, struct task_struct, run_node) : NULL;
}

/* For rq_dequeue() and rq_take_turns(), when not all are on level 0. */
struct task_struct *rq_dequeue_above(struct rq *rq);
struct task_struct *rq_take_turns_above(struct rq *rq, struct task_struct *prev);

/* The first of the highest level, off the queue but still on_rq, or else the idle task. */
static __always_inline struct task_struct *rq_dequeue(struct rq *rq)
{
	struct list_head *level = &rq->queue.level[0];
	struct task_struct *t;

	if (unlikely(rq->queue.nr_above))
		return rq_dequeue_above(rq);
	if (list_empty(level))
		return rq->idle;
	t = list_first_entry(level, struct task_struct, run_node);
	prioq_del(&rq->queue, &t->run_node, 0);
	WRITE_ONCE(rq->nr_queued, rq->nr_queued - 1);
	return t;
}

/*
 * The running task gives way to those that wait, of which there are some: the next one, which may be the same.
 * Who is above SCHED_OTHER keeps its turn, unless its slice is over or it yields (POSIX, 2.8.4): who preempts it is
 * of a higher level.
 */
static __always_inline struct task_struct *rq_take_turns(struct rq *rq, struct task_struct *prev)
{
	struct list_head *level = &rq->queue.level[0];
	struct task_struct *next;

	if (unlikely(rq->queue.nr_above | (u32)prev->prio))
		return rq_take_turns_above(rq, prev);
	next = list_first_entry(level, struct task_struct, run_node);
	list_del(&next->run_node);
	list_add_tail(&prev->run_node, level);
	return next;
}

/* The highest priority that waits; that of the idle task when nobody does. */
static inline int rq_waiting_prio(const struct rq *rq)
{
	return rq->nr_queued ? (int)prioq_top(&rq->queue) : PRIO_IDLE;
}

/* This CPU shall call schedule() as soon as it may. */
void set_need_resched(void);

/* --- usage.c --- */

/* The time since the last charge was t's, which has run all the while. Lock held, interrupts off. */
static __always_inline void usage_charge(struct rq *rq, struct task_struct *t)
{
	u64 now = cpu_cycles(), ran = now - rq->since;

	rq->since = now;
	t->usage.ticks[t->usage_mode] += ran;
	rq->ticks[t->usage_mode] += ran;
}

/* A timer interrupt found this CPU in user mode, or not. Lock held. */
void usage_sample(struct rq *rq, bool user);
/* This CPU comes out of idleness, with no timer running that would sample it. Lock held. */
void usage_arm_sample(struct rq *rq);

/* --- balance.c --- */

/* The run queue of an online CPU in t's affinity. */
struct rq *rq_allowed(const struct task_struct *t);
/*
 * Moves a task that was running here, and is saved, to a CPU that it may run on. No lock held,
 * interrupts off.
 */
void rq_push(struct task_struct *t);
/*
 * Takes a waiting task from another CPU onto this one's queue, the highest first. True when there was one.
 * Interrupts off, no lock held.
 */
bool rq_steal(struct rq *rq);
/* The same for one above SCHED_OTHER and above what waits here. */
bool rq_pull(struct rq *rq);
/*
 * Another CPU for `t`, which would have to wait on rq->cpu: the one that runs the lowest priority, of those that
 * run less than t's. NULL: there is none. Interrupts off; rq->lock may be held.
 */
struct rq *rq_better(const struct rq *rq, const struct task_struct *t);
/* Moves the first waiting task that has a better CPU there. Interrupts off, no lock held. */
void rq_push_waiting(struct rq *rq);
/* Wakes one halted CPU, if there is any, to steal. */
void rq_kick_idle(const struct rq *rq);

#endif
