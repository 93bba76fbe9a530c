/*
 * Guards of the fault handler (I31): wherever a missing slot is touched, in a thread, in an
 * interrupt, in an NMI, in the fault handler itself, half-way through a change of roots, it fills
 * the root that CR3 names, once. An NMI between a fault and its look at CR2 does not disturb it.
 *
 * And growth in the middle of a change of roots reaches the one that the CPU still runs on (I14).
 *
 * Under the other strategies the same touches find the slot there, or fault for good.
 */
#include "arch/call.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "kernel/base/ktest.h"
#include "mm/pgsync/tests/guard.h"

/* A touch of a test slot's page, wherever it happens, and what came of it. */
struct touch {
	unsigned int slot;
	int ret;
	u32 times;
};

static void touch(void *arg)
{
	struct touch *t = arg;

	t->ret = read_page_in(t->slot);
	t->times++;
}

static void expect_touched(const struct touch *t, const struct mm_root *root)
{
	KTEST_EXPECT_EQ(t->times, 1);
	KTEST_EXPECT_EQ(t->ret, serves_tasks() ? 0 : -EFAULT);
	KTEST_EXPECT_EQ(root_has(root, t->slot), serves_tasks());
}

static u64 repairs(void)
{
	struct pgsync_stats stats;

	pgsync_get_stats(&stats);
	return stats.fault_syncs;
}

/* --- from another CPU --- */

struct sending {
	unsigned int cpu;
	void (*fn)(void *);
	void *arg;
};

static void send_interrupt(void *arg)
{
	const struct sending *s = arg;
	DECLARE_BITMAP(mask, NR_CPUS) = {0};

	__set_bit(s->cpu, mask);
	(void)cpu_call_mask(mask, s->fn, s->arg);
}

static void send_nmi(void *arg)
{
	const struct sending *s = arg;

	cpu_call_nmi(s->cpu, s->fn, s->arg);
}

/* A process on the last CPU, and a kernel thread on the first that sends to it. */
static struct {
	struct actor process, sender;
	struct mm_struct *mm;
} pair;

/* False, and skipped: there are fewer CPUs. Two at least: one of them sends. */
static bool pair_start(unsigned int cpus)
{
	if (!guard_begin(cpus))
		return false;
	pair.mm = mm_alloc();
	actor_start(&pair.sender, 0);
	actor_start(&pair.process, (int)last_cpu());
	actor_run(&pair.process, adopt_new_mm, pair.mm);
	return true;
}

static void pair_stop(void)
{
	actor_stop(&pair.process);
	actor_stop(&pair.sender);
	guard_end();
}

static void send(void (*how)(void *), void (*fn)(void *), void *arg)
{
	struct sending s = {last_cpu(), fn, arg};

	actor_run(&pair.sender, how, &s);
}

/* --- */

KTEST(guard, i31_a_slot_is_repaired_once_wherever_it_is_touched)
{
	struct touch t[5] = {{.slot = TEST_SLOT},
			     {.slot = TEST_SLOT + 1},
			     {.slot = TEST_SLOT + 2},
			     {.slot = TEST_SLOT + 3},
			     {.slot = TEST_SLOT + 4}};
	u64 before;

	if (!pair_start(2))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++)
		map_page_in(t[i].slot);
	before = repairs();
	actor_run(&pair.process, touch, &t[0]);
	KTEST_EXPECT_EQ(cpu_with_root(pair.mm->root), last_cpu());
	send(send_interrupt, touch, &t[1]);
	send(send_nmi, touch, &t[2]);
	/* The handler of one fault takes another. */
	race_on("fault_read", (int)last_cpu(), 1, touch, &t[4]);
	actor_run(&pair.process, touch, &t[3]);
	/* Nobody faulted, so nobody was in the handler. */
	if (!race_passed("fault_read", (int)last_cpu()))
		actor_run(&pair.process, touch, &t[4]);
	KTEST_EXPECT_EQ(repairs() - before, repairs_faults() ? ARRAY_SIZE(t) : 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		expect_touched(&t[i], pair.mm->root);
		/* Once is for ever. */
		actor_run(&pair.process, touch, &t[i]);
	}
	KTEST_EXPECT_EQ(repairs() - before, repairs_faults() ? ARRAY_SIZE(t) : 0);
	pair_stop();
}

/*
 * Between the record of what will be loaded and the write of CR3, the record and tsk->mm name one
 * root and CR3 still names the other. The touch comes there, from the code itself or by NMI.
 */
static void touch_in_mid_load(bool by_nmi)
{
	struct mm_struct *from = pair.mm;
	struct touch t = {.slot = TEST_SLOT};
	int cpu = (int)last_cpu();
	u64 before;

	mmget(from);
	map_page_in(t.slot);
	before = repairs();
	if (by_nmi)
		race_park("load_synced", cpu, 1);
	else
		race_on("load_synced", cpu, 1, touch, &t);
	actor_post(&pair.process, adopt_new_mm, mm_alloc());
	if (by_nmi) {
		race_wait_parked("load_synced");
		send(send_nmi, touch, &t);
		race_release("load_synced");
	}
	actor_wait(&pair.process);
	KTEST_EXPECT(cpu_with_root(from->root) < 0);
	expect_touched(&t, from->root);
	KTEST_EXPECT_EQ(repairs() - before, repairs_faults());
	mmput(from);
}

KTEST(guard, i31_a_fault_in_mid_load_fills_the_root_of_cr3)
{
	if (!pair_start(2))
		return;
	touch_in_mid_load(false);
	pair_stop();
}

KTEST(guard, i31_an_nmi_in_mid_load_fills_the_root_of_cr3)
{
	if (!pair_start(2))
		return;
	touch_in_mid_load(true);
	pair_stop();
}

/*
 * The root that the CPU leaves is no task's any more, and the record names the new one; but an NMI
 * that hits there runs on it. So growth in this very window must find it (I14).
 */
KTEST(guard, i14_growth_reaches_the_root_that_a_cpu_is_leaving)
{
	struct touch t = {.slot = TEST_SLOT};
	int cpu = (int)last_cpu();
	struct mm_struct *from;

	if (!pair_start(2))
		return;
	from = pair.mm;
	mmget(from);
	actor_run(&pair.process, exit_mm_lazily, NULL);
	race_park("load_synced", cpu, 1);
	actor_post(&pair.process, unload_here, NULL);
	race_wait_parked("load_synced");
	KTEST_EXPECT_EQ(times_walked(from->root), 0);
	map_page_in(t.slot);
	KTEST_EXPECT_EQ(root_has(from->root, t.slot), reaches_loaded());
	send(send_nmi, touch, &t);
	race_release("load_synced");
	actor_wait(&pair.process);
	KTEST_EXPECT_EQ(t.ret, serves_loaded() ? 0 : -EFAULT);
	mmput(from);
	pair_stop();
}

/* The interrupted handler would otherwise look for the NMI's address, in vain. */
KTEST(guard, i31_an_nmi_leaves_the_address_of_the_fault_that_it_interrupts)
{
	struct touch first = {.slot = TEST_SLOT}, second = {.slot = TEST_SLOT + 1};
	int cpu = (int)last_cpu();
	u64 before;

	if (!repairs_faults())
		KTEST_SKIP("a slot is there, or a touch of it is fatal: nothing to disturb");
	if (!pair_start(2))
		return;
	map_page_in(first.slot);
	map_page_in(second.slot);
	before = repairs();
	race_park("fault_trapped", cpu, 1);
	actor_post(&pair.process, touch, &first);
	race_wait_parked("fault_trapped");
	send(send_nmi, touch, &second);
	race_release("fault_trapped");
	actor_wait(&pair.process);
	expect_touched(&first, pair.mm->root);
	expect_touched(&second, pair.mm->root);
	KTEST_EXPECT_EQ(repairs() - before, 2);
	/* Each fault was for its own address: none had to be taken twice. */
	KTEST_EXPECT_EQ(race_passed("fault_asked", cpu), 2);
	pair_stop();
}

/* Two threads on one root fault at once: the second one finds the slot filled, and is no fault. */
KTEST(guard, i31_a_slot_that_another_cpu_filled_meanwhile_is_there)
{
	struct touch first = {.slot = TEST_SLOT}, second = {.slot = TEST_SLOT};
	int cpu = (int)last_cpu();
	u64 before;

	if (!repairs_faults())
		KTEST_SKIP("nobody repairs");
	if (!pair_start(2))
		return;
	map_page_in(first.slot);
	before = repairs();
	mmget(pair.mm);
	actor_run(&pair.sender, adopt_mm, pair.mm);
	race_park("fault_trapped", cpu, 1);
	actor_post(&pair.process, touch, &first);
	race_wait_parked("fault_trapped");
	actor_run(&pair.sender, touch, &second);
	race_release("fault_trapped");
	actor_wait(&pair.process);
	expect_touched(&first, pair.mm->root);
	expect_touched(&second, pair.mm->root);
	KTEST_EXPECT_EQ(repairs() - before, 1);
	pair_stop();
}

static void grow_the_next_slot(void *unused)
{
	(void)unused;
	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT + 1), 0);
}

/* The handler takes no lock: who has it may be the one that was interrupted, or wait for us. */
KTEST(guard, i31_a_fault_waits_for_nobody_who_grows)
{
	struct touch t = {.slot = TEST_SLOT};
	int cpu = (int)last_cpu() - 1;
	struct actor grower;

	if (!repairs_faults())
		KTEST_SKIP("nobody repairs");
	if (!pair_start(3))
		return;
	map_page_in(t.slot);
	actor_start(&grower, cpu);
	race_park("grow_stored", cpu, 1);
	actor_post(&grower, grow_the_next_slot, NULL);
	race_wait_parked("grow_stored");
	actor_run(&pair.process, touch, &t);
	KTEST_EXPECT_EQ(race_passed("grow_stored", cpu), 0);
	race_release("grow_stored");
	actor_wait(&grower);
	expect_touched(&t, pair.mm->root);
	actor_stop(&grower);
	pair_stop();
}
