/*
 * Growth in the running kernel: whom it reaches, and what it leaves alone. Each kind of root is
 * alone in its test, so that what reaches it cannot be something else.
 */
#include "arch/mmu.h"
#include "arch/smp.h"
#include "kernel/base/atomic.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/base/string.h"
#include "kernel/pgctl.h"
#include "kernel/workers.h"
#include "mm/pgsync/tests/support.h"
#include "mm/pgtable.h"
#include "mm/tlb.h"
#include "mm/vmalloc.h"

KTEST(pgsync, a_slot_is_installed_once)
{
	struct pgsync_stats before, after;
	struct page *first, *second;

	if (skip_without_growth())
		return;
	first = pt_table_alloc();
	second = pt_table_alloc();

	pgsync_get_stats(&before);
	KTEST_EXPECT(!kroot_ready(TEST_SLOT));
	KTEST_EXPECT_EQ(kroot_install(TEST_SLOT, page_to_phys(first)), 0);
	KTEST_EXPECT(kroot_ready(TEST_SLOT));
	KTEST_EXPECT_EQ(kroot_install(TEST_SLOT, page_to_phys(second)), -EEXIST);
	KTEST_EXPECT_EQ(pte_phys(swapper_pg_dir[TEST_SLOT]), page_to_phys(first));
	pgsync_get_stats(&after);
	KTEST_EXPECT_EQ(after.growths, before.growths + 1);
	/* The loser's table was not taken. */
	pt_table_free(second);
	test_slots_reset();
	KTEST_EXPECT(!kroot_ready(TEST_SLOT));
}

/* The task walk alone: the root of a sleeping process, loaded nowhere. */
KTEST(pgsync, growth_reaches_a_sleeping_task)
{
	struct mm_struct *mm = mm_alloc();
	struct actor a;

	actor_start(&a, (int)last_cpu());
	actor_run(&a, adopt_new_mm, mm);
	/* While it is still awake its CPU would load the root again. */
	actor_wait_asleep(&a);
	unload_borrowed();
	KTEST_EXPECT_EQ(cpu_with_root(mm->root), -1);
	KTEST_EXPECT_EQ(times_walked(mm->root), 1);
	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT), 0);
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT), reaches_tasks());
	KTEST_EXPECT_EQ(audit_now().missing != 0, !serves_tasks());
	actor_stop(&a);
	test_slots_reset();
}

/* The loaded roots alone (I14): no task has the address space, an idle CPU still runs on it. */
KTEST(pgsync, growth_reaches_a_borrowed_root)
{
	struct mm_struct *mm = mm_alloc();
	struct actor a;

	actor_start(&a, (int)last_cpu());
	mmget(mm);
	actor_run(&a, adopt_new_mm, mm);
	actor_run(&a, exit_mm_lazily, NULL);
	KTEST_EXPECT_EQ(cpu_with_root(mm->root), last_cpu());
	KTEST_EXPECT_EQ(times_walked(mm->root), 0);
	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT), 0);
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT), reaches_loaded());
	KTEST_EXPECT_EQ(audit_now().missing, !serves_loaded());
	actor_stop(&a);
	mmput(mm);
	test_slots_reset();
}

static void grow_and_read(void *missing)
{
	map_page_in(TEST_SLOT);
	*(bool *)missing = read_page_in(TEST_SLOT) != 0;
}

/* The grower is the kernel thread on the borrowed root: it must have what it has just made (I19). */
KTEST(pgsync, a_grower_on_a_borrowed_root_has_its_own_slot)
{
	struct mm_struct *mm = mm_alloc();
	bool missing = false;
	struct actor a;

	actor_start(&a, (int)last_cpu());
	mmget(mm);
	actor_run(&a, adopt_new_mm, mm);
	actor_run(&a, exit_mm_lazily, NULL);
	actor_run(&a, grow_and_read, &missing);
	KTEST_EXPECT_EQ(cpu_with_root(mm->root), last_cpu());
	KTEST_EXPECT_EQ(missing, !serves_loaded());
	actor_stop(&a);
	mmput(mm);
	test_slots_reset();
}

/* Threads and vfork children: one root, found once for each of them (I16). */
KTEST(pgsync, growth_may_visit_a_shared_root_twice)
{
	struct mm_struct *mm = mm_alloc();
	struct pgsync_stats before, after;
	struct actor a, b;

	actor_start(&a, (int)last_cpu());
	actor_start(&b, 0);
	mmget(mm);
	actor_run(&a, adopt_new_mm, mm);
	actor_run(&b, adopt_mm, mm);
	/* Or their CPUs borrow the root afterwards, and it is found once more. */
	actor_wait_asleep(&a);
	actor_wait_asleep(&b);
	unload_borrowed();
	pgsync_get_stats(&before);
	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT), 0);
	pgsync_get_stats(&after);
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT), reaches_tasks());
	if (strategy_is("walk") || strategy_is("walk-v2"))
		KTEST_EXPECT_EQ(after.walk_visits - before.walk_visits, 2);
	actor_stop(&a);
	KTEST_EXPECT_EQ(times_walked(mm->root), 1);
	actor_stop(&b);
	test_slots_reset();
}

static void *copy_of(const struct mm_root *root)
{
	static pte_t copy[PT_ENTRIES];

	memcpy(copy, root->pgd, sizeof(copy));
	return copy;
}

/* Index arithmetic (I27): the posted series wrote slot 0, a user slot. */
KTEST(pgsync, growth_changes_that_slot_and_no_other)
{
	struct mm_struct *mm = mm_alloc();
	const pte_t *before;
	struct actor a;

	/* Pages in the first user slot and in the last one. */
	KTEST_EXPECT_EQ(do_mmap(mm, 0x400000, PAGE_SIZE, VMA_READ | VMA_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
			0x400000);
	KTEST_EXPECT_EQ(do_mmap(mm, LAST_USER_PAGE, PAGE_SIZE, VMA_READ | VMA_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
			LAST_USER_PAGE);
	KTEST_EXPECT_EQ(mm_fault(mm, 0x400000, FAULT_WRITE), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, LAST_USER_PAGE, FAULT_WRITE), 0);
	actor_start(&a, (int)last_cpu());
	actor_run(&a, adopt_new_mm, mm);
	before = copy_of(mm->root);
	KTEST_EXPECT(pte_present(before[0]) && pte_present(before[ROOT_KERNEL - 1]));
	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT + 5), 0);
	for (unsigned int slot = 0; slot < ROOT_SLOTS; slot++) {
		bool changed = !pte_same(before[slot], mm->root->pgd[slot]);

		if (changed != (slot == TEST_SLOT + 5 && (reaches_tasks() || reaches_loaded()) &&
				!never_grows()))
			KTEST_EXPECT_EQ(slot, TEST_SLOT + 5);
	}
	actor_stop(&a);
	test_slots_reset();
}

/* None to present needs no flush on this processor (I34). */
KTEST(pgsync, growth_sends_no_shootdown)
{
	struct mm_struct *mm = mm_alloc();
	struct actor a;
	u64 ipis;

	actor_start(&a, (int)last_cpu());
	actor_run(&a, adopt_new_mm, mm);
	ipis = tlb_ipis_sent();
	for (unsigned int i = 0; i < TEST_SLOTS; i++)
		KTEST_EXPECT_EQ(grow_slot(TEST_SLOT + i), 0);
	KTEST_EXPECT_EQ(tlb_ipis_sent(), ipis);
	actor_stop(&a);
	test_slots_reset();
}

static struct actor on_cpu[NR_CPUS];

static void read_first(void *missing)
{
	if (read_page_in(TEST_SLOT))
		atomic_inc((u32 *)missing);
}

/* Every CPU on a root of its own, its own task running there; all read what one of them mapped. */
KTEST(pgsync, every_cpu_reads_a_new_slot_by_its_own_root)
{
	unsigned int n = cpus_online();
	u32 missing = 0;

	for (unsigned int cpu = 0; cpu < n; cpu++) {
		actor_start(&on_cpu[cpu], (int)cpu);
		actor_run(&on_cpu[cpu], adopt_new_mm, mm_alloc());
		/* A translation of what is not there must not be remembered. */
		actor_run(&on_cpu[cpu], read_first, &missing);
	}
	KTEST_EXPECT_EQ(missing, n);
	missing = 0;
	map_page_in(TEST_SLOT);
	for (unsigned int cpu = 0; cpu < n; cpu++)
		actor_post(&on_cpu[cpu], read_first, &missing);
	for (unsigned int cpu = 0; cpu < n; cpu++)
		actor_wait(&on_cpu[cpu]);
	KTEST_EXPECT_EQ(READ_ONCE(missing), serves_tasks() ? 0 : n);
	KTEST_EXPECT_EQ(audit_now().missing, serves_tasks() ? 0 : n);
	for (unsigned int cpu = 0; cpu < n; cpu++)
		actor_stop(&on_cpu[cpu]);
	test_slots_reset();
}

/* A range across a slot boundary needs both slots, in every root (I26). */
KTEST(pgsync, a_range_across_a_boundary_grows_both_slots)
{
	struct mm_struct *mm = mm_alloc();
	struct actor a;
	unsigned int slot;
	char *va;

	actor_start(&a, (int)last_cpu());
	actor_run(&a, adopt_new_mm, mm);
	va = vmalloc_fresh_slot(4 * PAGE_SIZE, true);
	KTEST_EXPECT(!IS_ERR(va));
	slot = root_slot((unsigned long)va);
	KTEST_EXPECT_EQ(root_slot((unsigned long)va + 4 * PAGE_SIZE - 1), slot + 1);
	KTEST_EXPECT(kroot_ready(slot) && kroot_ready(slot + 1));
	KTEST_EXPECT_EQ(root_has(mm->root, slot), reaches_tasks() || reaches_loaded());
	KTEST_EXPECT_EQ(root_has(mm->root, slot + 1), reaches_tasks() || reaches_loaded());
	vfree(va);
	actor_stop(&a);
	KTEST_EXPECT(pgctl_reset_slots() >= (never_grows() ? 0 : 2));
}
