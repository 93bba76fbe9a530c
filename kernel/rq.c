/*
 * A CPU's run queue: who waits, in which order, and the tick: see rq.h. All that is done for a task of level 0, where
 * nearly all are, is short and inline in rq.h or here; the rest is out of its way.
 */
#include "kernel/rq.h"

#include "arch/ipi.h"
#include "arch/timer.h"
#include "arch/trap.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/sched.h"
#include "kernel/timer.h"

u32 rt_waiting;

void rq_arm_tick(struct rq *rq, const struct task_struct *t)
{
	if (!rq->tick_at) {
		rq->tick_at = time_ns() + sched_slice_ns(&t->sched);
		timer_want(rq->tick_at);
	}
}

/* Behind all of its level, which is not the lowest, or before them. */
static void add_above(struct rq *rq, struct task_struct *t, bool first)
{
	if (first)
		prioq_add_first(&rq->queue, &t->run_node, (unsigned int)t->prio);
	else
		prioq_add(&rq->queue, &t->run_node, (unsigned int)t->prio);
	WRITE_ONCE(rq->nr_queued, rq->nr_queued + 1);
	atomic_inc(&rt_waiting);
}

static __always_inline void add_lowest(struct rq *rq, struct task_struct *t)
{
	prioq_add(&rq->queue, &t->run_node, 0);
	WRITE_ONCE(rq->nr_queued, rq->nr_queued + 1);
}

static noinline void enqueue_above(struct rq *rq, struct task_struct *t)
{
	bool preempts = t->prio > rq->curr->prio && !MUTANT(higher_waits);

	add_above(rq, t, false);
	if (rq->cpu != cpu_id()) {
		if (preempts || !rq->tick_at)
			ipi_resched(rq->cpu);
		return;
	}
	if (preempts)
		set_need_resched();
	if (rq->curr != rq->idle)
		rq_arm_tick(rq, rq->curr);
}

void rq_enqueue(struct rq *rq, struct task_struct *t)
{
	ASSERT(spin_is_held(&rq->lock) && t->cpu == rq->cpu);
	t->on_rq = true;
	if (unlikely(t->prio)) {
		enqueue_above(rq, t);
		return;
	}
	add_lowest(rq, t);
	if (rq->cpu != cpu_id()) {
		/* A halted CPU must wake, a busy one must start its tick. */
		if (rq->curr == rq->idle || !rq->tick_at)
			ipi_resched(rq->cpu);
	} else if (rq->curr == rq->idle) {
		set_need_resched();
	} else {
		rq_arm_tick(rq, rq->curr);
	}
}

void rq_remove(struct rq *rq, struct task_struct *t)
{
	prioq_del(&rq->queue, &t->run_node, (unsigned int)t->prio);
	WRITE_ONCE(rq->nr_queued, rq->nr_queued - 1);
	if (t->prio)
		(void)atomic_dec_and_test(&rt_waiting);
}

struct task_struct *rq_dequeue_above(struct rq *rq)
{
	struct task_struct *t = rq_first(rq);

	rq_remove(rq, t);
	return t;
}

struct task_struct *rq_take_turns_above(struct rq *rq, struct task_struct *prev)
{
	if (prev->prio)
		add_above(rq, prev, !prev->slice_over);
	else
		add_lowest(rq, prev);
	/* Another CPU may be better for it, if it does not stay. */
	rq->after |= prev->prio > 0;
	prev->slice_over = false;
	return rq_dequeue(rq);
}

/* --- interrupts --- */

/* Whether somebody waits whose turn it is now. */
static bool slice_is_over(const struct rq *rq)
{
	return rq->curr->sched.policy != SCHED_FIFO && rq_waiting_prio(rq) >= rq->curr->prio;
}

static void tick(struct rq *rq)
{
	struct task_struct *next = rq->curr;

	rq->tick_at = 0;
	if (!rq->nr_queued)
		return;
	if (slice_is_over(rq)) {
		next->slice_over = true;
		next = rq_first(rq);
		set_need_resched();
	}
	rq_arm_tick(rq, next);
	rq_kick_idle(rq);
}

/* Other timers come by the same interrupt. */
static void tick_if_due(struct rq *rq)
{
	if (time_ns() >= rq->tick_at)
		tick(rq);
	else
		timer_want(rq->tick_at);
}

void sched_timer_interrupt(bool user)
{
	struct rq *rq = this_cpu_ptr(&cpu_rq);
	bool misplaced;

	timer_expired();
	spin_lock(&rq->lock);
	usage_sample(rq, user);
	if (rq->tick_at)
		tick_if_due(rq);
	/* Somebody may wait here for longer than he has to. */
	misplaced = rq->nr_queued && (rq->curr->prio > 0 || prioq_top(&rq->queue));
	spin_unlock(&rq->lock);
	if (unlikely(misplaced))
		rq_push_waiting(rq);
}

void sched_resched_interrupt(void)
{
	struct rq *rq = this_cpu_ptr(&cpu_rq);

	spin_lock(&rq->lock);
	if (rq->curr == rq->idle || rq_waiting_prio(rq) > rq->curr->prio)
		set_need_resched();
	if (rq->curr != rq->idle && rq->nr_queued)
		rq_arm_tick(rq, rq->curr);
	if (rcu_need_poll() || current->evict)
		set_need_resched();
	spin_unlock(&rq->lock);
}
