/* Wait queues and mutexes between CPUs: no wake-up is lost, nobody shares a mutex. */
#include "arch/smp.h"
#include "kernel/base/atomic.h"
#include "kernel/base/ktest.h"
#include "kernel/base/wait.h"
#include "kernel/tests/actor.h"

#define ROUNDS 2000

/* --- ping and pong --- */

static struct wait_queue turn_changed = WAIT_QUEUE_INIT(turn_changed);
static u32 turn; /* even: ping's, odd: pong's */

static void play(void *odd)
{
	u32 mine = *(u32 *)odd;

	for (unsigned int i = 0; i < ROUNDS; i++, mine += 2) {
		wait_event(&turn_changed, READ_ONCE(turn) == mine);
		WRITE_ONCE(turn, mine + 1);
		wake_up(&turn_changed);
	}
}

/* One lost wake-up and this never ends. */
static void ping_pong(unsigned int cpu)
{
	u32 even = 0, odd = 1;
	struct actor a, b;

	WRITE_ONCE(turn, 0);
	actor_start(&a, 0);
	actor_start(&b, (int)cpu);
	actor_post(&a, play, &even);
	actor_post(&b, play, &odd);
	actor_wait(&a);
	actor_wait(&b);
	KTEST_EXPECT_EQ(READ_ONCE(turn), 2 * ROUNDS);
	actor_stop(&a);
	actor_stop(&b);
}

KTEST(wait, no_wake_up_is_lost_between_two_cpus)
{
	ping_pong(cpus_online() - 1);
}

KTEST(wait, no_wake_up_is_lost_on_one_cpu)
{
	ping_pong(0);
}

/* --- one or all --- */

static struct wait_queue tickets_there = WAIT_QUEUE_INIT(tickets_there);
static u32 asleep, tickets, served; /* A */

static bool take_ticket(void)
{
	u32 n = READ_ONCE(tickets);

	while (n) {
		u32 seen = atomic_cmpxchg(&tickets, n, n - 1);

		if (seen == n)
			return true;
		n = seen;
	}
	return false;
}

static int want_ticket(void *unused)
{
	(void)unused;
	atomic_inc(&asleep);
	wait_event(&tickets_there, take_ticket());
	atomic_inc(&served);
	return 0;
}

static void serve(void *all)
{
	unsigned int n = *(unsigned int *)all;

	while (READ_ONCE(asleep) != n)
		yield_and_relax();
	/* One by one first: each wake-up serves one, whoever it is. */
	for (unsigned int i = 1; i <= n / 2; i++) {
		atomic_inc(&tickets);
		wake_up(&tickets_there);
		while (READ_ONCE(served) != i)
			yield_and_relax();
	}
	atomic_add(&tickets, n - n / 2);
	wake_up_all(&tickets_there);
}

KTEST(wait, wake_up_serves_one_and_wake_up_all_the_rest)
{
	unsigned int n = cpus_online() * 2;
	struct actor a;

	asleep = tickets = served = 0;
	actor_start(&a, -1);
	actor_post(&a, serve, &n);
	run_crowd(n, want_ticket);
	actor_wait(&a);
	actor_stop(&a);
	KTEST_EXPECT_EQ(READ_ONCE(served), n);
	KTEST_EXPECT_EQ(READ_ONCE(tickets), 0);
	KTEST_EXPECT(list_empty(&tickets_there.waiters));
}

/* --- mutex --- */

#define TURNS 200

static struct mutex lock = MUTEX_INIT(lock, test_a);
static u32 inside;
static u64 guarded, broken;

static int count_under_mutex(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < TURNS; i++) {
		u64 value;

		mutex_lock(&lock);
		broken += atomic_add_return(&inside, 1) != 1;
		value = READ_ONCE(guarded);
		if (i % 8 == 0)
			yield_and_relax(); /* holding it: the others must sleep meanwhile */
		WRITE_ONCE(guarded, value + 1);
		atomic_dec(&inside);
		mutex_unlock(&lock);
	}
	return 0;
}

KTEST(wait, a_mutex_excludes)
{
	unsigned int n = cpus_online() * 2;

	guarded = broken = 0;
	run_crowd(n, count_under_mutex);
	KTEST_EXPECT_EQ(guarded, n * TURNS);
	KTEST_EXPECT_EQ(broken, 0);
	KTEST_EXPECT(!mutex_is_locked(&lock) && list_empty(&lock.waiters.waiters));
}
