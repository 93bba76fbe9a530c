/* The workers: each CPU once, and a stopped machine that stands still. */
#include "kernel/workers.h"

#include "arch/cpu.h"
#include "arch/smp.h"
#include "kernel/base/atomic.h"
#include "kernel/base/ktest.h"
#include "kernel/tests/actor.h"

static u32 runs[NR_CPUS];

static void count_run(void *arg)
{
	KTEST_EXPECT_EQ(*(u32 *)arg, 42);
	atomic_inc(&runs[cpu_id()]);
}

KTEST(workers, each_cpu_runs_it_once)
{
	u32 arg = 42;

	for (unsigned int cpu = 0; cpu < cpus_online(); cpu++)
		runs[cpu] = 0;
	for (unsigned int round = 1; round <= 5; round++) {
		run_on_each_cpu(count_run, &arg);
		for (unsigned int cpu = 0; cpu < cpus_online(); cpu++)
			KTEST_EXPECT_EQ(runs[cpu], round);
	}
}

static u64 counter[NR_CPUS];
static u32 counting, stop_counting;

static int count_up(void *number)
{
	u64 *mine = &counter[(unsigned long)number];

	atomic_inc(&counting);
	while (!READ_ONCE(stop_counting)) {
		WRITE_ONCE(*mine, *mine + 1);
		yield_and_relax();
	}
	return 0;
}

static u64 sum_counters(void)
{
	u64 sum = 0;

	for (unsigned int cpu = 0; cpu < cpus_online(); cpu++)
		sum += READ_ONCE(counter[cpu]);
	return sum;
}

struct stopped {
	u32 times, moved;
};

static void watch(void *arg)
{
	struct stopped *s = arg;
	u64 before = sum_counters();

	s->times++;
	KTEST_EXPECT(!irqs_enabled());
	for (unsigned int i = 0; i < 500; i++) {
		cpu_relax();
		s->moved += sum_counters() != before;
	}
}

static void stop_often(void *arg)
{
	unsigned int n = cpus_online();
	u64 before;

	while (READ_ONCE(counting) != n)
		yield_and_relax();
	for (unsigned int i = 0; i < 3; i++) {
		before = sum_counters();
		stop_machine(watch, arg);
		/* And it goes on. */
		while (sum_counters() == before)
			yield_and_relax();
	}
	WRITE_ONCE(stop_counting, 1);
}

KTEST(workers, a_stopped_machine_stands_still)
{
	struct stopped s = {0};
	struct actor a;

	counting = stop_counting = 0;
	actor_start(&a, -1);
	actor_post(&a, stop_often, &s);
	run_crowd(cpus_online(), count_up);
	actor_wait(&a);
	actor_stop(&a);
	KTEST_EXPECT_EQ(s.times, 3);
	KTEST_EXPECT_EQ(s.moved, 0);
}
