/*
 * The life of roots beside growth: made, published, pinned, loaded late, left, freed, made again.
 */
#include "arch/mmu.h"
#include "kernel/base/ktest.h"
#include "mm/pgsync/tests/support.h"

static unsigned int present_kernel_slots(const struct mm_root *root)
{
	unsigned int n = 0;

	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++)
		n += pte_present(READ_ONCE(root->pgd[slot]));
	return n;
}

/* Patch 12 of the series: the copy comes late, when the root can be found. */
KTEST(pgsync, the_kernel_half_is_empty_before_the_late_copy)
{
	struct mm_struct *mm;
	unsigned int early;

	/* Not a new page: one that was a root before. */
	mmput(mm_pinned());
	mm = mm_alloc();
	early = present_kernel_slots(mm->root);
	KTEST_EXPECT_EQ(mm->root->state, ROOT_NEW);
	if (copies_early())
		KTEST_EXPECT_EQ(early, present_kernel_slots(&swapper_root));
	else if (!never_grows())
		KTEST_EXPECT_EQ(early, 0);
	arch_pgd_init_late(mm->root);
	KTEST_EXPECT_EQ(mm->root->state, ROOT_READY);
	KTEST_EXPECT_EQ(present_kernel_slots(mm->root), present_kernel_slots(&swapper_root));
	mmput(mm);
}

/* A root page that was used before and waited in a cache while the kernel half grew (I18). */
KTEST(pgsync, a_cached_root_does_not_miss_growth)
{
	struct mm_struct *mms[4];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 4; i++)
			mms[i] = mm_pinned();
		for (int i = 0; i < 4; i++) {
			if (round)
				KTEST_EXPECT(root_has(mms[i]->root, TEST_SLOT));
			mmput(mms[i]);
		}
		if (!round)
			KTEST_EXPECT_EQ(grow_slot(TEST_SLOT), 0);
	}
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	test_slots_reset();
}

static void publish_grow_copy(void *arg)
{
	struct mm_struct *mm = arg;

	/* Like exec, but growth comes exactly between publication and copy. */
	preempt_disable();
	task_lock(current);
	WRITE_ONCE(current->mm, mm);
	task_unlock(current);
	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT), 0);
	KTEST_EXPECT(root_has(mm->root, TEST_SLOT) || !reaches_tasks() || never_grows());
	task_lock(current);
	WRITE_ONCE(current->mm, NULL);
	task_unlock(current);
	preempt_enable();
	adopt_new_mm(mm);
}

/* Whoever is published is found, even before it has copied anything (I1, I5). */
KTEST(pgsync, growth_finds_a_root_that_waits_for_its_copy)
{
	struct mm_struct *mm = mm_alloc();
	struct actor a;

	actor_start(&a, (int)last_cpu());
	actor_run(&a, publish_grow_copy, mm);
	KTEST_EXPECT(root_has(mm->root, TEST_SLOT));
	KTEST_EXPECT_EQ(present_kernel_slots(mm->root), present_kernel_slots(&swapper_root));
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	actor_stop(&a);
	test_slots_reset();
}

static void read_second(void *missing)
{
	*(bool *)missing = read_page_in(TEST_SLOT + 1) != 0;
}

/* Neither a task's nor a CPU's while the kernel half grows, and loaded afterwards (I15). */
KTEST(pgsync, a_pinned_root_is_filled_when_it_is_loaded)
{
	struct mm_struct *mm = mm_pinned();
	struct pgsync_stats before, after;
	struct pgsync_audit result;
	bool missing = false;
	struct actor a;

	map_page_in(TEST_SLOT + 1);
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT + 1), reaches_pinned());
	result = audit_now();
	KTEST_EXPECT_EQ(result.lagging, syncs_at_load() || repairs_faults());
	KTEST_EXPECT_EQ(result.missing, !serves_pinned());

	pgsync_get_stats(&before);
	actor_start(&a, (int)last_cpu());
	actor_run(&a, adopt_mm, mm);
	pgsync_get_stats(&after);
	KTEST_EXPECT_EQ(after.late_syncs - before.late_syncs, syncs_at_load());
	actor_run(&a, read_second, &missing);
	KTEST_EXPECT_EQ(missing, !serves_pinned());
	result = audit_now();
	KTEST_EXPECT_EQ(result.lagging, 0);
	KTEST_EXPECT_EQ(result.missing, !serves_pinned());
	actor_stop(&a);
	test_slots_reset();
}

/* A thread that exits is off its root before the task walk cannot find it any more (I13). */
KTEST(pgsync, exit_leaves_the_root_first)
{
	struct mm_struct *mm = mm_alloc();
	struct actor a;

	actor_start(&a, (int)last_cpu());
	mmget(mm);
	actor_run(&a, adopt_new_mm, mm);
	KTEST_EXPECT_EQ(cpu_with_root(mm->root), last_cpu());
	actor_stop(&a);
	/* It would still be there: the other user kept it, so nobody was asked to leave. */
	KTEST_EXPECT_EQ(cpu_with_root(mm->root), pgsync_exit_keeps_root() ? (int)last_cpu() : -1);
	KTEST_EXPECT_EQ(times_walked(mm->root), 0);
	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT), 0);
	KTEST_EXPECT_EQ(audit_now().missing, !serves_pinned());
	mmput(mm);
	test_slots_reset();
}

/* The last user is gone: no CPU may keep the root because it has nothing better to load (I14). */
KTEST(pgsync, nobody_borrows_a_dead_address_space)
{
	struct mm_struct *mm = mm_alloc();
	struct mm_root *root = mm->root;
	struct actor a;

	actor_start(&a, (int)last_cpu());
	mmget(mm);
	actor_run(&a, adopt_new_mm, mm);
	actor_run(&a, exit_mm_lazily, NULL);
	KTEST_EXPECT_EQ(cpu_with_root(root), last_cpu());
	mmput(mm);
	KTEST_EXPECT_EQ(cpu_with_root(root), -1);
	actor_stop(&a);
	unload_borrowed();
	/* Now the structure is free too. */
	KTEST_EXPECT_EQ(root->state, ROOT_FREE);
}

/* Slots that a root got from growth after its death do not survive into its next life. */
KTEST(pgsync, a_freed_root_is_empty)
{
	struct mm_struct *mm = mm_pinned();
	struct mm_root *root = mm->root;
	u64 life = root->life;

	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT), 0);
	mmput(mm);
	KTEST_EXPECT_EQ(root->state, ROOT_FREE);
	/* Unless nothing can grow: then it may keep what it has. */
	KTEST_EXPECT_EQ(present_kernel_slots(root), never_grows() ? ROOT_SLOTS - ROOT_KERNEL : 0);
	KTEST_EXPECT_EQ(root->life, life);
	test_slots_reset();
}
