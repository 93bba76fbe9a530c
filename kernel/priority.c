/* Changes of priorities: see priority.h. */
#include "kernel/priority.h"

#include "arch/ipi.h"
#include "kernel/base/mutant.h"
#include "kernel/ipc/inherit.h"
#include "kernel/rq.h"
#include "kernel/sched.h"

static int own_prio(const struct task_struct *t)
{
	return MAX((int)t->sched.rt_prio, (int)t->inherited);
}

/* A running task of rq has become lower. rq->lock held. */
static void preempt_if_lower(const struct rq *rq)
{
	if (rq_waiting_prio(rq) <= rq->curr->prio)
		return;
	if (rq->cpu == cpu_id())
		set_need_resched();
	else
		ipi_resched(rq->cpu);
}

/* rq->lock held. On a queue it changes its list; on its way to one it is on none. */
static void set_prio(struct rq *rq, struct task_struct *t, int prio)
{
	bool queued = t->run_node.next != NULL;

	if (queued)
		rq_remove(rq, t);
	WRITE_ONCE(t->prio, prio);
	if (queued)
		rq_enqueue(rq, t);
	else if (t == rq->curr)
		preempt_if_lower(rq);
}

/*
 * Its policy, or what it inherits, has changed, under rq->lock: released, interrupts on again as in `flags`. Who may
 * wait for a server is told without the lock; the server's is a change like this one.
 */
static void settle(struct rq *rq, struct task_struct *t, unsigned long flags)
{
	int before = t->prio, now = own_prio(t);
	bool waits = false;

	preempt_disable();
	if (before != now) {
		set_prio(rq, t, now);
		waits = t->run_node.next != NULL;
	}
	spin_unlock_no_resched(&rq->lock);
	/* Raised, but not to the highest of its CPU: there may be a lower one elsewhere. */
	if (waits && now > before)
		rq_push_waiting(rq);
	if (before != now)
		ipc_prio_changed(t);
	irq_restore(flags);
	preempt_enable();
}

void sched_set_policy(struct task_struct *t, const struct sched_policy *p)
{
	unsigned long flags = irq_save();
	struct rq *rq = rq_lock_of(t);

	t->sched = *p;
	settle(rq, t, flags);
}

void sched_inherit(struct task_struct *t, unsigned int prio)
{
	unsigned long flags = irq_save();
	struct rq *rq = rq_lock_of(t);

	t->inherited = (u8)prio;
	settle(rq, t, flags);
}

void sched_reset_policy(struct sched_policy *p)
{
	p->reset_on_fork = false;
	if (p->rt_prio)
		*p = (struct sched_policy){.policy = SCHED_OTHER};
	else if (p->nice < 0)
		p->nice = 0;
}

void sched_give_way(void)
{
	unsigned long flags;
	struct rq *rq;

	if (!READ_ONCE(this_cpu_ptr(&cpu_rq)->nr_queued))
		return;
	if (likely(current->prio == 0)) {
		schedule();
		return;
	}
	flags = irq_save();
	rq = rq_lock_of(current);
	set_prio(rq, current, 0);
	spin_unlock_irqrestore(&rq->lock, flags);
	schedule();
	flags = irq_save();
	settle(rq_lock_of(current), current, flags);
}
