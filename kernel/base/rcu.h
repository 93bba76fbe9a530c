/*
 * Read-copy-update: readers without locks, and memory that is reused only when no reader can still
 * see it.
 *
 *	rcu_read_lock() ... rcu_read_unlock()	a read section; nests, may be preempted
 *						and may migrate
 *	synchronize_rcu()			waits until every section that has begun is over
 *	call_rcu(&object->rcu, fn)		calls fn(&object->rcu) after that, without waiting
 *	rcu_poll()				makes grace periods happen and runs callbacks; never
 *						waits
 *	rcu_barrier_drain()			waits until all callbacks queued so far have run
 *
 * Rules. A read section must not sleep, although it may be preempted. Preemption off is NOT a read
 * section (invariant I11): a grace period may end while a CPU is inside of one. Interrupt handlers
 * may read; they may not call_rcu(). Callbacks run in process context or on the way to idle,
 * possibly with preemption off: they must not sleep, and must not take a lock under which anyone
 * calls rcu_poll(). Those queued on one CPU run in order.
 *
 * Nothing here is driven by a timer. A CPU's callbacks run when that CPU calls rcu_poll(): the
 * scheduler does so on the way to idle and when rcu_need_poll(). An idle CPU takes no part in a
 * grace period and is never woken for one.
 *
 * First symptom of a missing read section: a task or a root page of poison in mm/pgsync/walk.c.
 */
#ifndef KERNEL_BASE_RCU_H
#define KERNEL_BASE_RCU_H

#include "kernel/base/percpu.h"
#include "kernel/base/types.h"

/* Embedded in what is to be freed; the caller's until call_rcu(), RCU's until the callback. */
struct rcu_head {
	struct rcu_head *next;
	void (*fn)(struct rcu_head *head);
};

/* A task's own state as a reader: zero at birth. Only the task itself, and interrupts on top of it,
 * look at it. */
struct rcu_reader {
	int nesting;
	int idx; /* valid while nesting > 0: the counter pair that was incremented */
};

/* Any context in which rcu_current_reader() works. Full barriers, inside of the section. */
void rcu_read_lock(void);
void rcu_read_unlock(void);

/* Whether the running task is in a read section. For assertions. */
bool rcu_read_lock_held(void);

/* Process context, or boot: not from an interrupt handler. Never fails, never runs anything. */
void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head));

/*
 * Process context, preemption on, not in a read section; may sleep. What the caller stored before
 * is seen by every section that this call does not wait for.
 */
void synchronize_rcu(void);

/*
 * Process context or idle; not in a read section that callbacks would wait for, no locks that
 * callbacks take. Without callbacks on this CPU: a few instructions.
 */
void rcu_poll(void);

/* As synchronize_rcu(). For leak checks and shutdown: it interrupts CPUs. */
void rcu_barrier_drain(void);

/* Letters: o the owning CPU, preemption off; r whoever has set `running`; - any CPU reads. */
struct rcu_callbacks {
	u64 queued;   /* o -: ever, by call_rcu() */
	u64 poll_at;  /* o: value of queued at which rcu_poll() is due; a drainer writes 0 */
	u64 taken;    /* o: ever, for running */
	u64 done;     /* r -: ever, callback has returned */
	bool running; /* o sets, r clears: a batch of this CPU is being run, perhaps preempted or
			 elsewhere */
	struct rcu_head *next, *next_tail; /* o: no grace period asked for yet */
	struct rcu_head *wait;             /* o: waiting for grace period wait_seq */
	u64 wait_seq, wait_end; /* o: wait_end: value of queued when the batch was closed */
} __aligned(64);

DECLARE_PER_CPU(struct rcu_callbacks, rcu_callbacks);

/* Whether enough callbacks have gathered here to pay for a grace period. Two instructions, any
 * context. */
static inline bool rcu_need_poll(void)
{
	return this_cpu_read(rcu_callbacks.queued) >= this_cpu_read(rcu_callbacks.poll_at);
}

/* --- the scheduler's part --- */

/* The running task's. */
struct rcu_reader *rcu_current_reader(void);

/* Lets others run; called between two looks at a grace period, in process context. */
void rcu_wait_hook(void);

/* Makes `cpu` look at rcu_need_poll() soon, out of idle if need be. */
void rcu_kick_hook(unsigned int cpu);

#endif
