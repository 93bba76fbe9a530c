/* What tasks have used: see usage.h. */
#include "kernel/usage.h"

#include "arch/timer.h"
#include "kernel/rq.h"
#include "kernel/task.h"
#include "kernel/timer.h"
#include "mm/mm.h"

/* How often a task that nobody waits for is sampled. */
#define SAMPLE_NS 100000000UL

/* --- counting; the run queue is locked, interrupts are off --- */

void usage_arm_sample(struct rq *rq)
{
	rq->sampling = true;
	timer_want(time_ns() + SAMPLE_NS);
}

void usage_sample(struct rq *rq, bool user)
{
	rq->curr->usage_mode = user ? USAGE_USER : USAGE_SYSTEM;
	usage_charge(rq, rq->curr);
	rq->sampling = false;
	if (rq->curr != rq->idle)
		usage_arm_sample(rq);
}

/* --- asking --- */

struct usage usage_of_thread(struct task_struct *t)
{
	unsigned long flags = irq_save();
	struct rq *rq = rq_lock_of(t);
	struct usage u;

	/* Not only read: the next sample may be of the other mode, and may not take back what has been told. */
	if (rq->curr == t)
		usage_charge(rq, t);
	u = t->usage;
	spin_unlock_irqrestore(&rq->lock, flags);
	return u;
}

struct usage usage_of_cpu(unsigned int cpu, u64 *idle)
{
	struct rq *rq = per_cpu_ptr(&cpu_rq, cpu);
	unsigned long flags = spin_lock_irqsave(&rq->lock);
	const u64 *nobody = rq->idle->usage.ticks;
	struct usage u = {0};

	/* As above. */
	usage_charge(rq, rq->curr);
	*idle = nobody[USAGE_USER] + nobody[USAGE_SYSTEM];
	u.ticks[USAGE_USER] = rq->ticks[USAGE_USER] - nobody[USAGE_USER];
	u.ticks[USAGE_SYSTEM] = rq->ticks[USAGE_SYSTEM] - nobody[USAGE_SYSTEM];
	spin_unlock_irqrestore(&rq->lock, flags);
	return u;
}

void usage_add(struct usage *to, const struct usage *from)
{
	to->ticks[USAGE_USER] += from->ticks[USAGE_USER];
	to->ticks[USAGE_SYSTEM] += from->ticks[USAGE_SYSTEM];
	to->faults += from->faults;
}

u64 usage_mode_ns(const struct usage *u, enum usage_mode mode)
{
	return tsc_to_ns(u->ticks[mode]);
}

u64 usage_ns(const struct usage *u)
{
	return tsc_to_ns(u->ticks[USAGE_USER] + u->ticks[USAGE_SYSTEM]);
}

struct usage usage_of_group_locked(struct thread_group *g)
{
	struct usage sum = g->usage.exited;
	struct task_struct *t;

	list_for_each_entry (t, &g->threads, thread_node) {
		struct usage one = usage_of_thread(t);

		usage_add(&sum, &one);
	}
	return sum;
}

struct usage usage_of_group(struct thread_group *g)
{
	struct usage sum;

	spin_lock(&g->lock);
	sum = usage_of_group_locked(g);
	spin_unlock(&g->lock);
	return sum;
}

u64 usage_peak(const struct mm_struct *mm)
{
	return mm ? MAX(READ_ONCE(mm->resident_peak), READ_ONCE(mm->resident)) : 0;
}

void usage_exec(void)
{
	struct thread_group *g = current->group;
	u64 peak = usage_peak(current->mm);

	spin_lock(&g->lock);
	g->usage.peak = MAX(g->usage.peak, peak);
	spin_unlock(&g->lock);
}

void usage_exit(u64 peak)
{
	struct group_usage *to = &current->group->usage;
	unsigned long flags = irq_save();

	/* What has not been charged yet; nobody asks for the thread's own account from now on. */
	to->exited.ticks[current->usage_mode] += cpu_cycles() - this_cpu_ptr(&cpu_rq)->since;
	usage_add(&to->exited, &current->usage);
	irq_restore(flags);
	to->peak = MAX(to->peak, peak);
}

void usage_reap(struct thread_group *parent, const struct thread_group *child)
{
	struct group_usage *to = &parent->usage;

	usage_add(&to->children, &child->usage.exited);
	to->children_peak = MAX(to->children_peak, child->usage.peak);
	/* Most have waited for nobody. */
	if (likely(!(child->usage.children.ticks[0] | child->usage.children.ticks[1])))
		return;
	usage_add(&to->children, &child->usage.children);
	to->children_peak = MAX(to->children_peak, child->usage.children_peak);
}
