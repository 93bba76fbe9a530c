/*
 * Guards of what growth may cost others: a CPU that waits to grow answers interrupts (I32), nobody
 * is interrupted (I34), and the walk visits each process and each loaded root once, however many
 * come and go meanwhile (I41).
 */
#include "arch/call.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "kernel/base/atomic.h"
#include "kernel/base/ktest.h"
#include "mm/pgsync/tests/everywhere.h"
#include "mm/pgsync/tests/guard.h"
#include "mm/tlb.h"

static void grow_slot_of(void *slot)
{
	KTEST_EXPECT_EQ(grow_slot((unsigned int)(unsigned long)slot), 0);
}

static void note_irqs(void *enabled)
{
	*(bool *)enabled = irqs_enabled();
}

static void count_hit(void *hits)
{
	atomic_inc((u32 *)hits);
}

static struct {
	int cpu; /* who is called */
	u32 hits;
} call;

static void call_that_cpu(void *unused)
{
	DECLARE_BITMAP(mask, NR_CPUS) = {0};

	(void)unused;
	__set_bit((unsigned int)call.cpu, mask);
	(void)cpu_call_mask(mask, count_hit, &call.hits);
}

/*
 * One CPU grows, a second one waits for it, a third one needs an answer of the second: it must not
 * have to wait for the first, which may itself wait for an answer (Linux a79e53d85683).
 */
KTEST(guard, i32_who_waits_to_grow_answers_interrupts)
{
	int a_cpu = (int)last_cpu(), b_cpu = a_cpu - 1, c_cpu = a_cpu - 2;
	bool irqs_on = false;
	struct actor a, b, c;

	if (skip_without_growth() || !guard_begin(4))
		return;
	actor_start(&a, a_cpu);
	actor_start(&b, b_cpu);
	actor_start(&c, c_cpu);
	race_park("grow_stored", a_cpu, 1);
	actor_post(&a, grow_slot_of, (void *)TEST_SLOT);
	race_wait_parked("grow_stored");
	race_on("grow_waits", b_cpu, 1, note_irqs, &irqs_on);
	actor_post(&b, grow_slot_of, (void *)(TEST_SLOT + 1));
	while (!race_passed("grow_waits", b_cpu))
		yield_and_relax();
	KTEST_EXPECT(irqs_on);
	call.cpu = b_cpu;
	call.hits = 0;
	actor_post(&c, call_that_cpu, NULL);
	if (irqs_on) {
		/* Comes back only when the second CPU has answered, and the first is parked still. */
		actor_wait(&c);
		KTEST_EXPECT_EQ(call.hits, 1);
		KTEST_EXPECT(!kroot_ready(TEST_SLOT + 1));
	}
	race_release("grow_stored");
	actor_wait(&a);
	actor_wait(&b);
	actor_wait(&c);
	KTEST_EXPECT(kroot_ready(TEST_SLOT) && kroot_ready(TEST_SLOT + 1));
	actor_stop(&a);
	actor_stop(&b);
	actor_stop(&c);
	guard_end();
}

/* Every CPU has asked for the address in vain before. No processor remembers that (SDM 4.10.4.3). */
KTEST(guard, i34_a_new_slot_is_seen_without_a_flush)
{
	const void *va = (void *)root_slot_va(TEST_SLOT);
	u64 ipis;

	if (!guard_begin(1))
		return;
	everywhere_start();
	KTEST_EXPECT_EQ(everywhere_missing(va), cpus_online());
	ipis = tlb_ipis_sent();
	map_page_in(TEST_SLOT);
	KTEST_EXPECT_EQ(everywhere_missing(va), serves_tasks() ? 0 : cpus_online());
	KTEST_EXPECT_EQ(tlb_ipis_sent(), ipis);
	everywhere_stop();
	guard_end();
}

/* --- I41 --- */

static void count_visit(struct mm_root *root, void *n)
{
	(void)root;
	++*(unsigned int *)n;
}

static unsigned int processes(void)
{
	unsigned int n = 0;

	rcu_read_lock();
	for_each_task_root(count_visit, &n);
	rcu_read_unlock();
	return n;
}

static unsigned int loaded_roots(void)
{
	unsigned int cpu, n = 0;

	for_each_online_cpu (cpu)
		n += loaded_root(cpu) != &swapper_root;
	return n;
}

KTEST(guard, i41_growth_visits_each_process_and_each_loaded_root_once)
{
	struct pgsync_stats before, after;
	unsigned int visits;

	if (!guard_begin(1))
		return;
	unload_borrowed();
	everywhere_start();
	KTEST_EXPECT_EQ(processes(), cpus_online());
	KTEST_EXPECT_EQ(loaded_roots(), cpus_online());
	visits = (walks_tasks() ? processes() : 0) + (syncs_at_load() ? loaded_roots() : 0);
	if (strategy_is("list"))
		visits = processes();
	pgsync_get_stats(&before);
	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT), 0);
	pgsync_get_stats(&after);
	KTEST_EXPECT_EQ(after.walk_visits - before.walk_visits, visits);
	everywhere_stop();
	guard_end();
}

/* A kernel thread whose place in the walk is in the buckets [first, end). */
static void start_in_bucket(struct actor *a, int cpu, unsigned int first, unsigned int end)
{
	for (;;) {
		unsigned int next = ((unsigned int)pid_alloc() + 1) % TASK_BUCKETS;

		if (next < first || next >= end)
			continue;
		actor_start(a, cpu);
		if ((unsigned int)a->pid % TASK_BUCKETS >= first &&
		    (unsigned int)a->pid % TASK_BUCKETS < end)
			return;
		actor_stop(a);
	}
}

#define MIDDLE (TASK_BUCKETS / 2)

/*
 * The walker stands at a process in the middle; one is born where it has been, one where it will
 * come. It neither turns back nor starts again: the first has copied for itself, after growth's
 * barrier. So a storm of forks cannot hold the walk up.
 */
KTEST(guard, i41_who_is_born_behind_the_walk_does_not_lengthen_it)
{
	int last = (int)last_cpu();
	struct actor grower, middle, behind, ahead;
	struct mm_struct *mms[3];
	struct pgsync_stats before, after;

	if (!guard_begin_walk(3))
		return;
	unload_borrowed();
	for (int i = 0; i < 3; i++)
		mms[i] = mm_alloc();
	actor_start(&grower, last);
	start_in_bucket(&middle, last - 1, MIDDLE - 100, MIDDLE + 100);
	start_in_bucket(&behind, 0, 0, MIDDLE - 100);
	start_in_bucket(&ahead, 0, MIDDLE + 100, TASK_BUCKETS);
	actor_run(&middle, adopt_new_mm, mms[0]);
	KTEST_EXPECT_EQ(processes(), 1);
	pgsync_get_stats(&before);
	race_park("walk_has_mm", last, 1);
	actor_post(&grower, grow_slot_of, (void *)TEST_SLOT);
	race_wait_parked("walk_has_mm");
	actor_run(&behind, adopt_new_mm, mms[1]);
	actor_run(&ahead, adopt_new_mm, mms[2]);
	race_release("walk_has_mm");
	actor_wait(&grower);
	pgsync_get_stats(&after);
	/* Of three processes two; and what is loaded on the CPUs of the middle and of the others. */
	KTEST_EXPECT_EQ(processes(), 3);
	KTEST_EXPECT_EQ(loaded_roots(), 2);
	KTEST_EXPECT_EQ(after.walk_visits - before.walk_visits,
			2 + (syncs_at_load() ? loaded_roots() : 0));
	for (int i = 0; i < 3; i++)
		KTEST_EXPECT(root_has(mms[i]->root, TEST_SLOT));
	actor_stop(&grower);
	actor_stop(&middle);
	actor_stop(&behind);
	actor_stop(&ahead);
	guard_end();
}
