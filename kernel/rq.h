/* A CPU's run queue: for sched.c and balance.c. */
#ifndef KERNEL_RQ_H
#define KERNEL_RQ_H

#include "arch/cpu.h"
#include "kernel/task.h"

/* All under lock but where noted. The lock is irq-safe; two of them are never held together. */
struct rq {
	struct spinlock lock;
	unsigned int cpu;       /* constant */
	u32 nr_queued;          /* read without the lock by others */
	struct list_head queue; /* runnable, the running one left out */
	struct task_struct *curr, *idle;
	struct task_struct *prev;  /* across a switch */
	struct mm_struct *drop_mm; /* across a switch */
	bool after;                /* across a switch: something rare is to be done after it */
	bool tick;                 /* a tick is armed */
	bool sampling; /* a timer interrupt will come, to sample curr (kernel/usage.h) */
	u64 since;     /* until then its time has been charged: TSC */
	/* read without the lock by others: the idle task is about to halt */
	bool halted;
	u32 hash;
	u64 switches;
	u64 asleep_here; /* constant: sched_word of a task that sleeps killably, and ran here last */
};

DECLARE_PER_CPU(struct rq, cpu_rq);

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

/* Locks the run queue of `t`, wherever it is. Interrupts off. */
static __always_inline struct rq *rq_lock_of(struct task_struct *t)
{
	for (;;) {
		struct rq *rq = per_cpu_ptr(&cpu_rq, READ_ONCE(t->cpu));

		spin_lock(&rq->lock);
		if (likely(rq->cpu == t->cpu))
			return rq;
		spin_unlock(&rq->lock);
	}
}

/* The first task, off the queue but still on_rq, or NULL. */
static inline struct task_struct *rq_dequeue(struct rq *rq)
{
	struct task_struct *t;

	if (list_empty(&rq->queue))
		return NULL;
	t = list_first_entry(&rq->queue, struct task_struct, run_node);
	list_del(&t->run_node);
	WRITE_ONCE(rq->nr_queued, rq->nr_queued - 1);
	return t;
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
 * Takes a waiting task from another CPU onto this one's queue. True when there was one. Interrupts
 * off.
 */
bool rq_steal(struct rq *rq);
/* Wakes one halted CPU, if there is any, to steal. */
void rq_kick_idle(const struct rq *rq);

#endif
