/*
 * A CPU on its way to cpu_online_mask, held up where it matters: the kernel half grows before it has
 * joined (I38), an address that it knows is unmapped, a grace period begins while it reads, and it
 * answers too late. Needs CPUs that were not started at boot (maxcpus=).
 */
#include "arch/cpu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "arch/uaccess.h"
#include "arch/x86/smp.h"
#include "kernel/base/barrier.h"
#include "kernel/base/ktest.h"
#include "kernel/racepoint.h"
#include "kernel/sched.h"
#include "kernel/tests/online.h"
#include "kernel/workers.h"
#include "mm/pgsync/tests/support.h"
#include "mm/vmalloc.h"

struct bring_up {
	unsigned int cpu;
	int result;
};

static void bring_up(void *arg)
{
	struct bring_up *b = arg;

	b->result = cpu_bring_online(b->cpu);
}

static void go_to_cpu(void *cpu)
{
	DECLARE_BITMAP(mask, NR_CPUS) = {0};

	__set_bit(*(unsigned int *)cpu, mask);
	KTEST_EXPECT_EQ(sched_set_affinity(current, mask), 0);
	KTEST_EXPECT_EQ(cpu_id(), *(unsigned int *)cpu);
}

static void read_test_slot(void *result)
{
	*(int *)result = read_page_in(TEST_SLOT);
}

/* The growth does not meet the CPU, which is in no mask. Then it takes over a process of before. */
KTEST(online, i38_growth_while_a_cpu_is_on_its_way)
{
	struct bring_up b = {spare_cpu(), 1};
	struct actor starter, old;
	int borrowed = 1, own = 1;

	if (!b.cpu)
		return;
	stay_on_cpu(0);
	actor_start(&old, 0);
	actor_run(&old, adopt_new_mm, mm_alloc());
	actor_start(&starter, 0);
	race_park("ap_arrives", (int)b.cpu, 1);
	actor_post(&starter, bring_up, &b);
	KTEST_EXPECT_EQ(race_wait_parked("ap_arrives"), b.cpu);
	KTEST_EXPECT(!cpu_online(b.cpu));
	map_page_in(TEST_SLOT);
	race_release("ap_arrives");
	actor_wait(&starter);
	KTEST_EXPECT_EQ(b.result, 0);
	KTEST_EXPECT_EQ(ap_joined_root(b.cpu), virt_to_phys(swapper_root.pgd));

	actor_run(&starter, go_to_cpu, &b.cpu);
	actor_run(&starter, read_test_slot, &borrowed);
	KTEST_EXPECT_EQ(borrowed, 0);
	actor_run(&old, go_to_cpu, &b.cpu);
	actor_run(&old, read_test_slot, &own);
	KTEST_EXPECT_EQ(own, serves_tasks() ? 0 : -EFAULT);
	actor_stop(&starter);
	actor_stop(&old);
	stay_on_cpu(-1);
	test_slots_reset();
}

/* --- what it may have cached --- */

static u32 read_before; /* release by the CPU: what it has read */
static u32 go_on;
static int result_before, result_joined;

static void read_and_wait(void *va)
{
	u64 value;

	result_before = probe_kernel_read(&value, va);
	smp_store_release(&read_before, 1);
	while (!smp_load_acquire(&go_on))
		cpu_relax();
}

static void read_once_joined(void *va)
{
	u64 value;

	result_joined = probe_kernel_read(&value, va);
}

KTEST(online, a_cpu_drops_its_translations_when_it_has_joined)
{
	struct bring_up b = {spare_cpu(), 1};
	struct actor starter;
	void *va;

	if (!b.cpu)
		return;
	stay_on_cpu(0);
	WRITE_ONCE(read_before, 0);
	WRITE_ONCE(go_on, 0);
	result_before = result_joined = 1;
	va = vmalloc(PAGE_SIZE);
	race_on("ap_arrives", (int)b.cpu, 1, read_and_wait, va);
	race_on("ap_joined", (int)b.cpu, 1, read_once_joined, va);
	actor_start(&starter, 0);
	actor_post(&starter, bring_up, &b);
	while (!smp_load_acquire(&read_before))
		yield_and_relax();
	/* No flush comes to a CPU that is not online. */
	vfree(va);
	vmalloc_purge();
	smp_store_release(&go_on, 1);
	actor_wait(&starter);
	KTEST_EXPECT_EQ(b.result, 0);
	KTEST_EXPECT_EQ(result_before, 0);
	KTEST_EXPECT_EQ(result_joined, -EFAULT);
	actor_stop(&starter);
	stay_on_cpu(-1);
}

/* --- a reader before it is online --- */

static void read_rcu_and_wait(void *unused)
{
	(void)unused;
	rcu_read_lock();
	smp_store_release(&read_before, 1);
	while (!smp_load_acquire(&go_on))
		cpu_relax();
	rcu_read_unlock();
}

static void wait_for_readers(void *done)
{
	synchronize_rcu();
	smp_store_release((u32 *)done, 1);
}

KTEST(online, a_grace_period_waits_for_a_cpu_that_is_not_online_yet)
{
	struct bring_up b = {spare_cpu(), 1};
	struct actor starter, updater;
	u32 done = 0;

	if (!b.cpu)
		return;
	stay_on_cpu(0);
	WRITE_ONCE(read_before, 0);
	WRITE_ONCE(go_on, 0);
	race_on("ap_arrives", (int)b.cpu, 1, read_rcu_and_wait, NULL);
	actor_start(&starter, 0);
	actor_start(&updater, 0);
	actor_post(&starter, bring_up, &b);
	while (!smp_load_acquire(&read_before))
		yield_and_relax();
	actor_post(&updater, wait_for_readers, &done);
	for (unsigned int i = 0; i < 200; i++)
		yield_and_relax();
	KTEST_EXPECT_EQ(smp_load_acquire(&done), 0);
	smp_store_release(&go_on, 1);
	actor_wait(&updater);
	actor_wait(&starter);
	KTEST_EXPECT_EQ(b.result, 0);
	actor_stop(&updater);
	actor_stop(&starter);
	stay_on_cpu(-1);
}

/* --- it does not answer, or too late --- */

KTEST(online, an_answer_that_comes_too_late_is_none)
{
	struct bring_up b = {spare_cpu(), 1};
	unsigned int n = cpus_online();
	struct actor starter;
	u64 until;

	if (!b.cpu)
		return;
	stay_on_cpu(0);
	actor_start(&starter, 0);
	race_park("ap_arrives", (int)b.cpu, 1);
	actor_run(&starter, bring_up, &b);
	KTEST_EXPECT_EQ(b.result, -ETIMEDOUT);
	race_release("ap_arrives");
	while (!race_passed("ap_arrives", (int)b.cpu))
		yield_and_relax();
	for (until = time_ns() + 10000000; time_ns() < until;)
		yield_and_relax();
	KTEST_EXPECT(!cpu_online(b.cpu));
	KTEST_EXPECT_EQ(cpus_online(), n);
	/* But it may be tried again. */
	actor_run(&starter, bring_up, &b);
	KTEST_EXPECT_EQ(b.result, 0);
	KTEST_EXPECT_EQ(cpus_online(), n + 1);
	actor_stop(&starter);
	stay_on_cpu(-1);
}
