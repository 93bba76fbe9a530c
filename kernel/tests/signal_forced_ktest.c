/*
 * A signal against a sleep, by forced schedules: the lost wake-up that kernel/signal.h argues away. The sleeper is a
 * thread that awaits the signal, so that it is neither fatal nor ignored, and would sleep long without it.
 */
#include "arch/smp.h"
#include "arch/timer.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/racepoint.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "kernel/tests/actor.h"

#define LONG_NS 5000000000UL

struct sleep {
	struct task_struct *task;
	int result;
	bool too_late; /* not the signal has ended it */
};

static void await_signals(u64 set)
{
	struct group_signals *s = &current->group->sig;
	unsigned long flags = sig_lock(s);

	current->sig.awaited = set;
	if (!set) {
		signal_flush(current->group, SIG_BIT(SIGUSR1));
		(void)atomic_fetch_and(&current->work, ~(u32)WORK_SIGNAL);
	}
	sig_unlock(s, flags);
}

static void begin_awaiting(void *arg)
{
	((struct sleep *)arg)->task = current;
	await_signals(SIG_BIT(SIGUSR1));
}

static void do_sleep(void *arg)
{
	struct sleep *s = arg;
	u64 deadline = time_ns() + LONG_NS;

	s->result = sleep_until_interruptible(deadline);
	s->too_late = time_ns() >= deadline;
}

static void end_awaiting(void *unused)
{
	(void)unused;
	await_signals(0);
}

static void send(void *arg)
{
	struct task_struct *t = ((struct sleep *)arg)->task;

	KTEST_EXPECT_EQ(signal_send(t->group, t, &(struct siginfo){.signo = SIGUSR1}), 0);
}

struct pair {
	struct sleep s;
	struct actor sleeper, sender;
};

/* The sender may wait with interrupts off: on a CPU of its own. */
static void pair_start(struct pair *p)
{
	stay_on_cpu(0);
	*p = (struct pair){0};
	actor_start(&p->sleeper, 0);
	actor_start(&p->sender, (int)cpus_online() - 1);
	actor_run(&p->sleeper, begin_awaiting, &p->s);
}

static void pair_stop(struct pair *p)
{
	KTEST_EXPECT_EQ(p->s.result, -EINTR);
	KTEST_EXPECT(!p->s.too_late);
	race_reset();
	actor_run(&p->sleeper, end_awaiting, NULL);
	actor_stop(&p->sleeper);
	actor_stop(&p->sender);
	stay_on_cpu(-1);
}

/* Done, or off its CPU. */
static void wait_done_or_asleep(const struct pair *p)
{
	while (READ_ONCE(p->s.task->on_rq) && READ_ONCE(p->sleeper.done) != p->sleeper.posted)
		yield_and_relax();
}

/* The sleep begins when the sender stands at the point. */
static void sleep_while_sender_at(const char *point)
{
	struct pair p;

	pair_start(&p);
	race_park(point, RACE_ANY_CPU, 1);
	actor_post(&p.sender, send, &p.s);
	(void)race_wait_parked(point);
	actor_post(&p.sleeper, do_sleep, &p.s);
	wait_done_or_asleep(&p);
	race_release(point);
	actor_wait(&p.sender);
	actor_wait(&p.sleeper);
	pair_stop(&p);
}

/* The sender has said that there is a signal, and is about to look whether anybody sleeps, or has looked. */
KTEST(signal, who_falls_asleep_sees_the_signal)
{
	if (cpus_online() == 1)
		KTEST_SKIP("needs two CPUs");
	sleep_while_sender_at("signal_kicking");
	sleep_while_sender_at("signal_kicked");
}

/* The sleeper has looked, found no signal, and is about to leave its CPU when one comes. */
KTEST(signal, a_signal_wakes_who_is_about_to_sleep)
{
	struct pair p;

	if (cpus_online() == 1)
		KTEST_SKIP("needs two CPUs");
	pair_start(&p);
	race_park("wait_looked", 0, 1);
	actor_post(&p.sleeper, do_sleep, &p.s);
	(void)race_wait_parked("wait_looked");
	actor_run(&p.sender, send, &p.s);
	race_release("wait_looked");
	actor_wait(&p.sleeper);
	pair_stop(&p);
}

/* The sleeper sleeps. */
KTEST(signal, a_signal_wakes_a_sleeper)
{
	struct pair p;

	pair_start(&p);
	actor_post(&p.sleeper, do_sleep, &p.s);
	while (READ_ONCE(p.s.task->on_rq))
		yield_and_relax();
	actor_run(&p.sender, send, &p.s);
	actor_wait(&p.sleeper);
	pair_stop(&p);
}
