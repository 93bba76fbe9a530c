/* Run queues, sleeping and waking: see sched.h. The steps of a switch are in switch.h. */
#include "kernel/sched.h"

#include "arch/ipi.h"
#include "arch/machine.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "arch/trap.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/racepoint.h"
#include "kernel/kstack.h"
#include "kernel/machine/ioports.h"
#include "kernel/rq.h"
#include "kernel/switch.h"
#include "kernel/timer.h"

DEFINE_PER_CPU(struct rq, cpu_rq)
= {.lock = SPINLOCK_INIT(rq)};
DEFINE_PER_CPU(struct task_struct *, current_task);

void set_need_resched(void)
{
	this_cpu_and(preempt_count, ~PREEMPT_NO_RESCHED);
}

static bool need_resched(void)
{
	return !(this_cpu_read(preempt_count) & PREEMPT_NO_RESCHED);
}

/* --- switching --- */

/* One above SCHED_OTHER runs here no more: is displaced, or sleeps. */
static noinline void balance_above(struct rq *rq, bool displaced)
{
	if (displaced)
		rq_push_waiting(rq);
	else
		(void)rq_pull(rq);
}

/* The rare part of finish_switch(): somebody died, moves away, or lent us an address space. */
noinline void finish_switch_after(void)
{
	struct rq *rq = this_cpu_ptr(&cpu_rq);
	struct task_struct *prev = rq->prev;
	struct mm_struct *drop = rq->drop_mm;
	bool push = prev->evict && prev->on_rq, dead = prev->state == TASK_DEAD;
	bool above = prev->prio > 0, displaced = prev->on_rq;

	rq->after = ioports_switched(prev);
	rq->drop_mm = NULL;
	/* Behind the lock prev may run elsewhere, and die there: that is the other CPU's to clean up. */
	spin_unlock_uncounted(&rq->lock);
	if (push)
		rq_push(prev);
	if (unlikely(above))
		balance_above(rq, displaced);
	if (drop)
		mmdrop(drop);
	if (dead)
		task_release(prev);
	if (current->evict)
		set_need_resched();
}

void sched_watch_switch(void)
{
	ASSERT(!irqs_enabled());
	this_cpu_ptr(&cpu_rq)->after = true;
}

noinline bool handoff_ok_after(const struct task_struct *next)
{
	const u64 ports = (struct task_struct){.ports = true}.sched_word;
	struct rq *rq = this_cpu_ptr(&cpu_rq);

	if (next->sched_word != (rq->asleep_here | ports))
		return false;
	if (!MUTANT(handoff_forgets_ports))
		rq->after = true;
	return true;
}

noinline void context_switch_kthread(struct rq *rq, struct task_struct *prev,
				     struct task_struct *next)
{
	context_switch(rq, prev, prev->mm, next, next->mm);
}

/*
 * Interrupts off, preemption off. `preempted`: the task did not ask for it, so its state does not
 * count.
 */
static void schedule_locked(bool preempted)
{
	struct rq *rq = this_cpu_ptr(&cpu_rq);
	struct task_struct *prev = current, *next;

	spin_lock_uncounted(&rq->lock);
	this_cpu_or(preempt_count, PREEMPT_NO_RESCHED);
	ASSERT_MSG(preempt_depth() == 1, "task %d switches with %u locks held", prev->pid,
		   preempt_depth() - 1);
	if (!preempted && prev->state != TASK_RUNNING) {
		prev->on_rq = false;
		/* The CPU of one above SCHED_OTHER is for the highest that waits anywhere. */
		rq->after |= prev->state == TASK_DEAD || prev->prio > 0;
		next = rq_dequeue(rq);
	} else if (unlikely(prev->evict)) {
		rq->after = true;
		next = rq_dequeue(rq);
	} else if (prev != rq->idle) {
		if (!rq->nr_queued) {
			spin_unlock_uncounted(&rq->lock);
			return;
		}
		next = rq_take_turns(rq, prev);
	} else {
		/* Several came while the CPU was idle: none of them has armed the tick. */
		if (rq->nr_queued > 1)
			rq_arm_tick(rq, rq_first(rq));
		if (rq->nr_queued && !rq->sampling)
			usage_arm_sample(rq);
		next = rq_dequeue(rq);
	}
	if (next == prev) {
		spin_unlock_uncounted(&rq->lock);
		return;
	}
	usage_charge(rq, prev);
	if (unlikely(next->switch_work))
		rq->after = true;
	context_switch(rq, prev, prev->mm, next, next->mm);
}

void schedule(void)
{
	if (current->state == TASK_RUNNING)
		might_schedule();
	else
		might_sleep();
	ASSERT(irqs_enabled());
	preempt_disable();
	irq_disable();
	schedule_locked(false);
	irq_enable();
	preempt_enable_no_resched();
}

void preempt_schedule(void)
{
	if (!irqs_enabled())
		return;
	do {
		preempt_disable();
		irq_disable();
		schedule_locked(true);
		irq_enable();
		preempt_enable_no_resched();
	} while (unlikely(this_cpu_read(preempt_count) == 0));
}

void sched_preempt_irq(void)
{
	preempt_disable();
	schedule_locked(true);
	preempt_enable_no_resched();
}

void sched_yield_cpu(void)
{
	if (!READ_ONCE(this_cpu_ptr(&cpu_rq)->nr_queued))
		return;
	/* Counts above SCHED_OTHER. */
	current->slice_over = true;
	schedule();
}

void schedule_if_needed(void)
{
	if (need_resched())
		schedule();
	if (rcu_need_poll())
		rcu_poll();
}

/* For kernel/base/rcu.c. */
void rcu_wait_hook(void)
{
	sched_give_way();
	cpu_relax();
}

void rcu_kick_hook(unsigned int cpu)
{
	ipi_resched(cpu);
}

/* A new task's first words (entry.asm): it comes out of context_switch() without having gone in. */
void schedule_tail(void);

void schedule_tail(void)
{
	finish_switch();
	irq_enable();
	preempt_enable_no_resched();
}

void sched_exit(void)
{
	context_leave_kernel();
	preempt_disable();
	irq_disable();
	WRITE_ONCE(current->state, TASK_DEAD);
	schedule_locked(false);
	BUG("task %d runs after its death", current->pid);
}

/* --- sleeping and waking --- */

struct task_struct *task_self(void)
{
	return current;
}

void task_set_state(enum task_state state)
{
	/*
	 * Full barrier: the state before the condition that the caller looks at next (partner:
	 * task_wake's lock).
	 */
	(void)atomic_xchg(&current->state, (u32)state);
}

/* Where it was, unless it may not run there, or would have to wait for who is above SCHED_OTHER. */
static __always_inline struct rq *rq_to_wake_on(struct rq *rq, struct task_struct *t)
{
	struct rq *better;

	if (unlikely(t->evict)) {
		t->evict = false;
		return rq_allowed(t);
	}
	if (likely(rq->curr->prio <= 0 || t->prio > rq->curr->prio))
		return rq;
	better = rq_better(rq, t);
	return better ? better : rq;
}

/* Makes `t` runnable if it is in one of `states`, a bit for each. */
static bool wake_if(struct task_struct *t, u64 states)
{
	unsigned long flags = irq_save();
	struct rq *rq = rq_lock_of(t);
	bool woken = BIT(READ_ONCE(t->state)) & states;

	if (woken) {
		WRITE_ONCE(t->state, TASK_RUNNING);
		if (!t->on_rq) {
			struct rq *to = rq_to_wake_on(rq, t);

			if (unlikely(to != rq)) {
				WRITE_ONCE(t->cpu, (u8)to->cpu);
				spin_unlock(&rq->lock);
				rq = to;
				spin_lock(&rq->lock);
			}
			rq_enqueue(rq, t);
		}
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	return woken;
}

bool task_wake(struct task_struct *t)
{
	return wake_if(t, BIT(TASK_KILLABLE) | BIT(TASK_SLEEPING));
}

bool task_wake_killable(struct task_struct *t)
{
	return wake_if(t, BIT(TASK_KILLABLE));
}

bool sched_thaw_task(struct task_struct *t)
{
	return wake_if(t, BIT(TASK_FROZEN));
}

enum freeze_result sched_freeze_task(struct task_struct *t, bool sleepers)
{
	unsigned long flags = irq_save();
	struct rq *rq = rq_lock_of(t);
	u32 state = READ_ONCE(t->state);
	enum freeze_result result = NOT_FROZEN;

	/* Off the queue, and so off its CPU: the lock is held across a switch. */
	if (!t->on_rq && state == TASK_FROZEN) {
		result = WAS_FROZEN;
	} else if (!t->on_rq && state == TASK_KILLABLE && MUTANT(freeze_lets_wake)) {
		result = WAS_FROZEN;
	} else if (!t->on_rq && state == TASK_KILLABLE && sleepers) {
		WRITE_ONCE(t->state, TASK_FROZEN);
		result = NOW_FROZEN;
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	return result;
}

void sched_kick_running(struct task_struct *t)
{
	unsigned int cpu = READ_ONCE(t->cpu);

	if (READ_ONCE(per_cpu(cpu_rq, cpu).curr) == t && t != current)
		ipi_resched(cpu);
}

void sched_kick_task(struct task_struct *t)
{
	if (!wake_if(t, BIT(TASK_KILLABLE) | BIT(TASK_FROZEN)))
		sched_kick_running(t);
}

void sched_start_task(struct task_struct *t)
{
	unsigned long flags = irq_save();
	struct rq *rq = this_cpu_ptr(&cpu_rq);

	if (!test_bit(rq->cpu, t->affinity))
		rq = rq_allowed(t);
	else
		rq = rq_to_wake_on(rq, t);
	spin_lock(&rq->lock);
	t->cpu = rq->cpu;
	WRITE_ONCE(t->state, TASK_RUNNING);
	rq_enqueue(rq, t);
	spin_unlock_irqrestore(&rq->lock, flags);
}

/* --- for the way back to user mode and for reports --- */

bool user_exit_pending(void)
{
	return READ_ONCE(current->work) || need_resched();
}

int panic_pid_of(unsigned int cpu)
{
	const struct task_struct *t = READ_ONCE(per_cpu(current_task, cpu));

	return t ? t->pid : 0;
}
