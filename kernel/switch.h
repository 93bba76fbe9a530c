/*
 * From one task to the next, inline: for sched.c, and for messages, whose direct switch is too short for calls.
 *
 * rq->lock is held across the switch: the task that is switched to releases it (finish_switch). So
 * nobody sees a task that has left the queue but is not saved yet, and a waker needs no flag to
 * wait for. At the switch the depth of preemption is 1, and interrupts are off.
 */
#ifndef KERNEL_SWITCH_H
#define KERNEL_SWITCH_H

#include "arch/switch.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/trace.h"
#include "kernel/checkers.h"
#include "kernel/rq.h"
#include "kernel/task.h"
#include "mm/switch.h"

static __always_inline void hash_switch(struct rq *rq, const struct task_struct *next)
{
	rq->hash = rq->hash * 0x01000193U ^ (u32)next->pid;
	rq->switches++;
}

/* prev_user, next_user: whether it has an address space, and is no kernel thread. */
static __always_inline void switch_mm_tasks(struct rq *rq, struct task_struct *prev, bool prev_user,
					    struct task_struct *next, bool next_user)
{
	if (prev_user && next_user) {
		/* Not lazily: prev has used it. */
		struct mm_struct *loaded = this_cpu_read(cpu_loaded_mm), *to = next->mm;

		ASSERT(!DEBUG_KERNEL || next->active_mm == to);
		if (likely(loaded != to))
			switch_mm_inline(loaded, true, to, true);
	} else if (next_user) {
		switch_mm(next->mm);
		next->active_mm = next->mm;
		rq->drop_mm = prev->active_mm;
		rq->after = true;
		prev->active_mm = NULL;
	} else {
		/*
		 * A kernel thread runs on whatever is loaded: kernel addresses are the same in all
		 * (lazy TLB).
		 */
		next->active_mm = prev->active_mm;
		if (prev_user) {
			mmgrab(prev->active_mm);
			tlb_enter_lazy();
		} else {
			prev->active_mm = NULL;
		}
	}
}

/* In the new task's context. Releases the lock that was taken before context_switch(). */
static __always_inline void finish_switch(void)
{
	struct rq *rq = this_cpu_ptr(&cpu_rq);

	if (unlikely(rq->after))
		finish_switch_after();
	else
		spin_unlock_uncounted(&rq->lock);
}

/* Interrupts off, rq->lock held and not counted. Returns when prev runs again, without the lock. */
static __always_inline void context_switch(struct rq *rq, struct task_struct *prev, bool prev_user,
					   struct task_struct *next, bool next_user)
{
	hash_switch(rq, next);
	rq->prev = prev;
	rq->curr = next;
	switch_mm_tasks(rq, prev, prev_user, next, next_user);
	this_cpu_write(current_task, next);
	TRACE(switched, prev->pid, next->mm ? next->mm->root->pgd : NULL);
	thread_switch(&prev->thread, prev_user, &next->thread, next_user);
	/* Another time, perhaps another CPU: nothing computed above holds. */
	finish_switch();
}

/*
 * Whether `me`, which runs, may sleep and `next` run at once. Whoever wakes me, or wants it dead, has changed
 * what it waits for before he takes rq->lock: either he finds me asleep, or he was here first. The caller's
 * lock covers the first, this look at me->work the second.
 */
static __always_inline bool handoff_ok(const struct rq *rq, const struct task_struct *me,
				       const struct task_struct *next)
{
	bool asleep = next->sched_word == rq->asleep_here ||
		      (MUTANT(handoff_thaws) && next->state == TASK_FROZEN);

	/*
	 * One above SCHED_OTHER goes by way of the run queue, and tells its server (kernel/ipc/inherit.h). One that is
	 * not may be followed by anybody: nobody higher waits here.
	 */
	if (unlikely(READ_ONCE(me->work_or_prio)) && !(MUTANT(handoff_of_the_dead) && !me->prio) &&
	    !(MUTANT(handoff_lends_nothing) && !me->work))
		return false;
	return likely(asleep) || handoff_ok_after(next);
}

/*
 * A direct switch, in two steps: the running task `me` goes to sleep killably and `next` runs in its place at once,
 * on the same CPU and with what is left of its slice.
 *
 * The first locks this CPU's run queue and returns it, or NULL: `next` is not asleep killably on this CPU, or may
 * not stay here, or the running task must die. Interrupts off, the caller's lock the only one.
 */
static __always_inline struct rq *sched_handoff_begin(const struct task_struct *me,
						      const struct task_struct *next)
{
	struct rq *rq = this_cpu_ptr(&cpu_rq);

	RACE_POINT(sched_handing_off);
	ASSERT(!DEBUG_KERNEL || (me == current && preempt_depth() == 1));
	if (MUTANT(handoff_never))
		return NULL;
	spin_lock_uncounted(&rq->lock);
	if (likely(handoff_ok(rq, me, next)))
		return rq;
	spin_unlock_uncounted(&rq->lock);
	return NULL;
}

/*
 * The second returns when `me` has been woken, with interrupts off. `held`, the caller's lock, is released when nobody
 * can see the one neither asleep nor awake.
 */
static __always_inline void sched_handoff(struct rq *rq, struct task_struct *me,
					  struct task_struct *next, struct spinlock *held)
{
	me->on_rq = false;
	WRITE_ONCE(me->state, TASK_KILLABLE);
	next->on_rq = true;
	WRITE_ONCE(next->state, TASK_RUNNING);
	/* Its count of preemption stays: the depth is that of schedule(), for who comes back. */
	spin_unlock_uncounted(held);
	if (likely(me->mm && next->mm))
		context_switch(rq, me, true, next, true);
	else
		context_switch_kthread(rq, me, next);
	checkers_irqs_left_off();
	preempt_enable_no_resched();
}

#endif
