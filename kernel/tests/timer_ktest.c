/* Timers: order of expiry, cancelling, sleeping. How late they come is nobody's business here. */
#include "arch/cpu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "kernel/base/atomic.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/sched.h"
#include "kernel/tests/actor.h"
#include "kernel/timer.h"

#define N  8
#define MS 1000000UL

struct numbered {
	struct ktimer timer;
	unsigned int number;
};

static struct numbered timers[N];
static unsigned int order[N];
static u32 fired; /* A */
static u32 early; /* A */

static void note(struct ktimer *timer)
{
	u32 n = atomic_fetch_add(&fired, 1);

	if (n < N)
		order[n] = container_of(timer, struct numbered, timer)->number;
	if (time_ns() < timer->expires)
		atomic_inc(&early);
}

/* All on this CPU's list, latest first. */
static void start_backwards(void *unused)
{
	u64 now = time_ns();

	(void)unused;
	for (unsigned int i = N; i-- > 0;) {
		timers[i].number = i;
		ktimer_start(&timers[i].timer, now + (i + 1) * MS, note);
	}
}

static void start_over(void)
{
	WRITE_ONCE(fired, 0);
	WRITE_ONCE(early, 0);
}

KTEST(timer, timers_fire_by_deadline)
{
	struct actor a;

	start_over();
	actor_start(&a, (int)(cpus_online() - 1));
	actor_run(&a, start_backwards, NULL);
	while (READ_ONCE(fired) != N)
		yield_and_relax();
	for (unsigned int i = 0; i < N; i++) {
		KTEST_EXPECT_EQ(order[i], i);
		KTEST_EXPECT(!timers[i].timer.pending);
	}
	KTEST_EXPECT_EQ(READ_ONCE(early), 0);
	actor_stop(&a);
}

static struct numbered far, near;

static void start_far_and_near(void *unused)
{
	(void)unused;
	ktimer_start(&far.timer, time_ns() + 3600000 * MS, note);
	ktimer_start(&near.timer, time_ns() + MS, note);
}

/* From another CPU. What is cancelled is off the list, and what was behind it still fires. */
KTEST(timer, a_cancelled_timer_does_not_fire)
{
	struct actor a;

	start_over();
	far.number = 1;
	near.number = 2;
	actor_start(&a, (int)(cpus_online() - 1));
	actor_run(&a, start_far_and_near, NULL);
	KTEST_EXPECT(far.timer.pending);
	ktimer_cancel(&far.timer);
	KTEST_EXPECT(!far.timer.pending);
	while (READ_ONCE(fired) == 0)
		yield_and_relax();
	KTEST_EXPECT_EQ(order[0], 2);
	/* Again, and one that has fired already: nothing. */
	ktimer_cancel(&far.timer);
	ktimer_cancel(&near.timer);
	KTEST_EXPECT_EQ(READ_ONCE(fired), 1);
	actor_stop(&a);
}

static int sleep_a_while(void *number)
{
	u64 deadline = time_ns() + ((unsigned long)number % 4) * MS;

	KTEST_EXPECT_EQ(sleep_until(deadline), 0);
	KTEST_EXPECT(time_ns() >= deadline);
	return 0;
}

KTEST(timer, sleepers_of_all_cpus_wake_and_not_early)
{
	run_crowd(cpus_online() * 2, sleep_a_while);
}

static struct wait_queue door = WAIT_QUEUE_INIT(door);

static bool open(void *is_open)
{
	return READ_ONCE(*(bool *)is_open);
}

KTEST(timer, a_wait_ends_by_its_deadline_or_its_event)
{
	bool is_open = false;

	KTEST_EXPECT_EQ(wait_until(&door, open, &is_open, time_ns() + MS), -ETIMEDOUT);
	is_open = true;
	KTEST_EXPECT_EQ(wait_until(&door, open, &is_open, time_ns() + 3600000 * MS), 0);
	KTEST_EXPECT(list_empty(&door.waiters));
}
