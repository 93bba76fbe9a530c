/*
 * A CPU that comes online late: which numbers are refused, and that a CPU which has come has its
 * part in all that goes by CPUs. Needs CPUs that were not started at boot (maxcpus=).
 */
#include "kernel/tests/online.h"

#include "arch/call.h"
#include "arch/cpu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "kernel/base/atomic.h"
#include "kernel/base/ktest.h"
#include "kernel/sched.h"
#include "kernel/tests/actor.h"
#include "kernel/workers.h"

unsigned int spare_cpu(void)
{
	for (unsigned int cpu = 1; cpu < nr_cpus; cpu++)
		if (!cpu_online(cpu))
			return cpu;
	ktest_skip("every CPU is online: boot with maxcpus=");
	return 0;
}

KTEST(online, numbers_that_are_refused)
{
	KTEST_EXPECT_EQ(cpu_bring_online(0), -EEXIST);
	KTEST_EXPECT_EQ(cpu_bring_online(cpus_online() - 1), -EEXIST);
	KTEST_EXPECT_EQ(cpu_bring_online(nr_cpus), -EINVAL);
	KTEST_EXPECT_EQ(cpu_bring_online(NR_CPUS), -EINVAL);
	KTEST_EXPECT_EQ(cpu_bring_online(~0U), -EINVAL);
}

static u32 visits[NR_CPUS];

static void visit(void *unused)
{
	(void)unused;
	atomic_inc(&visits[cpu_id()]);
}

static void stop_and_look(void *stood)
{
	*(bool *)stood = !irqs_enabled();
}

static void nap(void *cpu)
{
	u64 until = time_ns() + 1000000;

	if (sleep_until(until) == 0 && time_ns() >= until)
		*(unsigned int *)cpu = cpu_id();
}

KTEST(online, a_cpu_that_comes_late_takes_part)
{
	unsigned int cpu = spare_cpu(), n = cpus_online(), slept_on = 0;
	bool stood = false;
	struct actor a;

	if (!cpu)
		return;
	/* Jobs that are older than its worker are none of its. */
	run_on_each_cpu(visit, NULL);
	WRITE_ONCE(visits[cpu], 0);

	KTEST_EXPECT_EQ(cpu_bring_online(cpu), 0);
	KTEST_EXPECT(cpu_online(cpu));
	KTEST_EXPECT_EQ(cpus_online(), n + 1);
	KTEST_EXPECT_EQ(cpu_bring_online(cpu), -EEXIST);

	KTEST_EXPECT_EQ(READ_ONCE(visits[cpu]), 0);
	run_on_each_cpu(visit, NULL);
	KTEST_EXPECT_EQ(READ_ONCE(visits[cpu]), 1);
	stop_machine(stop_and_look, &stood);
	KTEST_EXPECT(stood);
	cpu_call_mask(cpu_online_mask, visit, NULL);
	KTEST_EXPECT_EQ(READ_ONCE(visits[cpu]), 2);
	/* Threads and timers of its own; and a grace period that it has its part in. */
	actor_start(&a, (int)cpu);
	actor_run(&a, nap, &slept_on);
	KTEST_EXPECT_EQ(slept_on, cpu);
	actor_stop(&a);
	synchronize_rcu();
}

static u32 on_spare; /* A: threads that have run where no thread was put */

static void spin_until_stolen(void *spare)
{
	while (!READ_ONCE(on_spare)) {
		if (cpu_id() == *(unsigned int *)spare)
			atomic_inc(&on_spare);
		yield_and_relax();
	}
}

/* More threads than CPUs, all started elsewhere: the new CPU comes and takes one. */
KTEST(online, a_cpu_that_comes_late_takes_work)
{
	static struct actor crowd[NR_CPUS];
	unsigned int cpu = spare_cpu(), n = cpus_online() + 1;

	if (!cpu)
		return;
	WRITE_ONCE(on_spare, 0);
	for (unsigned int i = 0; i < n; i++) {
		actor_start(&crowd[i], -1);
		actor_post(&crowd[i], spin_until_stolen, &cpu);
	}
	KTEST_EXPECT_EQ(cpu_bring_online(cpu), 0);
	for (unsigned int i = 0; i < n; i++) {
		actor_wait(&crowd[i]);
		actor_stop(&crowd[i]);
	}
	KTEST_EXPECT(READ_ONCE(on_spare) > 0);
}
