/* Timers: see timer.h. */
#include "kernel/timer.h"

#include "arch/smp.h"
#include "arch/timer.h"
#include "kernel/base/contextcheck.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"
#include "kernel/base/racepoint.h"
#include "kernel/base/spinlock.h"
#include "kernel/sched.h"

struct timer_base {
	struct spinlock lock; /* irq-safe */
	struct list_head timers;
	u64 armed; /* this CPU, interrupts off: what the hardware is armed for; 0: nothing */
};

static DEFINE_PER_CPU(struct timer_base, timer_base)
= {.lock = SPINLOCK_INIT(timer_base)};

void timers_init(void)
{
	unsigned int cpu;

	for_each_cpu (cpu)
		list_init(&per_cpu_ptr(&timer_base, cpu)->timers);
}

void timer_want(u64 deadline)
{
	struct timer_base *base = this_cpu_ptr(&timer_base);
	u64 now;

	if (base->armed && base->armed <= deadline)
		return;
	base->armed = deadline;
	now = time_ns();
	timer_arm_ns(deadline > now ? deadline - now : 1);
}

void timer_expired(void)
{
	struct timer_base *base = this_cpu_ptr(&timer_base);
	u64 now = time_ns();

	base->armed = 0;
	spin_lock(&base->lock);
	while (!list_empty(&base->timers)) {
		struct ktimer *timer = list_first_entry(&base->timers, struct ktimer, node);

		if (timer->expires > now) {
			timer_want(timer->expires);
			break;
		}
		list_del(&timer->node);
		timer->pending = false;
		timer->fn(timer);
	}
	spin_unlock(&base->lock);
}

void ktimer_start(struct ktimer *timer, u64 expires, void (*fn)(struct ktimer *))
{
	unsigned long flags = irq_save();
	struct timer_base *base = this_cpu_ptr(&timer_base);
	struct list_head *at;

	timer->expires = expires;
	timer->fn = fn;
	timer->cpu = cpu_id();
	spin_lock(&base->lock);
	for (at = base->timers.next; at != &base->timers; at = at->next)
		if (list_entry(at, struct ktimer, node)->expires > expires)
			break;
	list_add_tail(&timer->node, at);
	timer->pending = true;
	timer_want(expires);
	spin_unlock_irqrestore(&base->lock, flags);
}

void ktimer_cancel(struct ktimer *timer)
{
	struct timer_base *base = per_cpu_ptr(&timer_base, timer->cpu);
	unsigned long flags = spin_lock_irqsave(&base->lock);

	if (timer->pending) {
		list_del(&timer->node);
		timer->pending = false;
	}
	spin_unlock_irqrestore(&base->lock, flags);
}

struct sleeper {
	struct ktimer timer;
	struct task_struct *task;
	bool fired;
};

static void sleeper_fire(struct ktimer *timer)
{
	struct sleeper *s = container_of(timer, struct sleeper, timer);

	WRITE_ONCE(s->fired, true);
	task_wake(s->task);
}

/* `broken`: whether something else than what is waited for ends the wait. */
static int wait_broken_by(struct wait_queue *wq, bool (*woken)(void *), void *arg, u64 deadline,
			  bool (*broken)(void))
{
	struct sleeper s = {.task = current};
	struct waiter w;
	int ret = 0;

	might_sleep();
	waiter_init(&w);
	if (deadline)
		ktimer_start(&s.timer, deadline, sleeper_fire);
	for (;;) {
		prepare_to_wait(wq, &w, TASK_KILLABLE);
		if (woken(arg))
			break;
		if (broken()) {
			ret = -EINTR;
			break;
		}
		if (READ_ONCE(s.fired)) {
			ret = -ETIMEDOUT;
			break;
		}
		RACE_POINT(wait_looked);
		schedule();
	}
	finish_wait(wq, &w);
	if (deadline)
		ktimer_cancel(&s.timer);
	return ret;
}

int wait_until(struct wait_queue *wq, bool (*woken)(void *), void *arg, u64 deadline)
{
	return wait_broken_by(wq, woken, arg, deadline, task_must_die);
}

int wait_until_interruptible(struct wait_queue *wq, bool (*woken)(void *), void *arg, u64 deadline)
{
	return wait_broken_by(wq, woken, arg, deadline, task_interrupted);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static int sleep_broken_by(u64 deadline, bool (*broken)(void))
{
	struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);
	int ret = wait_broken_by(&nobody, never, NULL, deadline, broken);

	return ret == -ETIMEDOUT ? 0 : ret;
}

int sleep_until(u64 deadline)
{
	return sleep_broken_by(deadline, task_must_die);
}

int sleep_until_interruptible(u64 deadline)
{
	return sleep_broken_by(deadline, task_interrupted);
}
