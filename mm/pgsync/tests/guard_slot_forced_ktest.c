/*
 * Guards of the rules on a single slot: it is never cleared, and its table never freed (I20), not
 * while somebody copies it either; the table is empty when the slot appears (I22); of two growers
 * one wins and the other's table comes back (I23); who finds a slot that is being grown waits (I24),
 * because it is not ready before every root has it (I25).
 */
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/ktest.h"
#include "kernel/drain.h"
#include "kernel/pgctl.h"
#include "mm/buddy.h"
#include "mm/pgsync/tests/everywhere.h"
#include "mm/pgsync/tests/guard.h"
#include "mm/pgtable.h"
#include "mm/vmalloc.h"

static bool slot_is_kept(unsigned int slot, pte_t value)
{
	/* A freed page has no reference. */
	return pte_same(READ_ONCE(swapper_pg_dir[slot]), value) &&
	       phys_to_page(pte_phys(value))->refcount == 1;
}

KTEST(guard, i20_a_slot_and_its_table_outlive_what_was_mapped_there)
{
	unsigned int missing = serves_tasks() ? 0 : cpus_online(), slot, roots;
	pte_t value;
	void *va;

	if (!guard_begin(1))
		return;
	(void)pgctl_reset_slots();
	everywhere_start();
	va = vmalloc_fresh_slot(PAGE_SIZE, false);
	slot = root_slot((unsigned long)va);
	value = swapper_pg_dir[slot];
	KTEST_EXPECT_EQ(everywhere_missing(va), missing);
	roots = everywhere_has(slot);
	vfree(va);
	vmalloc_purge();
	/* What sits in a cache only until the next one needs a table is found in the allocator. */
	drain_all();
	KTEST_EXPECT(slot_is_kept(slot, value));
	KTEST_EXPECT_EQ(everywhere_has(slot), roots);
	if (slot_is_kept(slot, value)) {
		/* Nobody else has addresses, so it is the same place again. */
		KTEST_EXPECT_EQ(vmalloc(PAGE_SIZE), va);
		KTEST_EXPECT_EQ(everywhere_missing(va), missing);
		KTEST_EXPECT(slot_is_kept(slot, value));
		vfree(va);
	}
	everywhere_stop();
	KTEST_EXPECT_EQ(pgctl_reset_slots(), !never_grows());
	guard_end();
}

static void live(void *arg)
{
	struct mm_struct *mm = mm_alloc();

	*(struct mm_root **)arg = mm->root;
	adopt_new_mm(mm);
}

/* Present slots up to and with `slot`: the copy comes to it as the nth. */
static u64 nth_present(unsigned int slot)
{
	u64 n = 0;

	for (unsigned int i = ROOT_KERNEL; i <= slot; i++)
		n += pte_present(swapper_pg_dir[i]);
	return n;
}

/* Litmus R1: cleared everywhere, the slot would come back from the copier's register. */
KTEST(guard, i20_a_slot_is_not_cleared_while_it_is_copied)
{
	int cpu = (int)last_cpu();
	struct mm_root *root = NULL;
	unsigned int slot;
	struct actor a;
	void *va;

	if (skip_without_growth() || !guard_begin(2))
		return;
	(void)pgctl_reset_slots();
	va = vmalloc_fresh_slot(PAGE_SIZE, false);
	slot = root_slot((unsigned long)va);
	actor_start(&a, cpu);
	race_park("copy_loaded", cpu, nth_present(slot));
	actor_post(&a, live, &root);
	race_wait_parked("copy_loaded");
	vfree(va);
	vmalloc_purge();
	KTEST_EXPECT(pte_present(swapper_pg_dir[slot]));
	race_release("copy_loaded");
	actor_wait(&a);
	KTEST_EXPECT(root_has(root, slot));
	KTEST_EXPECT_EQ(audit_now().stray, 0);
	/* A slot that only one root has would stay there. */
	if (!pte_present(swapper_pg_dir[slot]))
		WRITE_ONCE(root->pgd[slot], 0);
	actor_stop(&a);
	KTEST_EXPECT_EQ(pgctl_reset_slots(), 1);
	guard_end();
}

/* --- growth --- */

static int populate_one(unsigned int slot)
{
	return kroot_populate(root_slot_va(slot), root_slot_va(slot) + PAGE_SIZE);
}

static void populate_test_slot(void *ret)
{
	*(int *)ret = populate_one(TEST_SLOT);
}

static void count_entries(void *arg)
{
	const pte_t *table = pte_table(READ_ONCE(swapper_pg_dir[TEST_SLOT]));

	for (unsigned int i = 0; i < PT_ENTRIES; i++)
		*(unsigned int *)arg += table[i] != 0;
}

KTEST(guard, i22_the_table_is_empty_when_its_slot_appears)
{
	unsigned int entries = 0;

	if (skip_without_growth() || !guard_begin(1))
		return;
	race_on("grow_stored", RACE_ANY_CPU, 1, count_entries, &entries);
	KTEST_EXPECT_EQ(populate_one(TEST_SLOT), 0);
	KTEST_EXPECT_EQ(race_passed("grow_stored", RACE_ANY_CPU), 1);
	KTEST_EXPECT_EQ(entries, 0);
	guard_end();
}

static u64 free_pages_now(void)
{
	/* What an earlier test left loaded somewhere would go in between. */
	unload_borrowed();
	drain_all();
	return nr_free_pages();
}

KTEST(guard, i23_of_two_growers_of_a_slot_one_wins)
{
	int a_cpu = (int)last_cpu(), b_cpu = a_cpu - 1, a_ret = 1, b_ret = 1;
	struct pgsync_stats before, after;
	struct actor a, b;
	u64 pages;

	if (skip_without_growth() || !guard_begin(3))
		return;
	actor_start(&a, a_cpu);
	actor_start(&b, b_cpu);
	pages = free_pages_now();
	pgsync_get_stats(&before);
	race_park("grow_checked", a_cpu, 1);
	actor_post(&a, populate_test_slot, &a_ret);
	race_wait_parked("grow_checked");
	actor_post(&b, populate_test_slot, &b_ret);
	while (!race_passed("grow_waits", b_cpu))
		yield_and_relax();
	give_time();
	/* One of them has found the slot empty: the other may not look before that one is ready. */
	KTEST_EXPECT_EQ(race_passed("grow_checked", b_cpu), 0);
	KTEST_EXPECT(!kroot_ready(TEST_SLOT));
	race_release("grow_checked");
	actor_wait(&a);
	actor_wait(&b);
	KTEST_EXPECT(a_ret == 0 && b_ret == 0);
	KTEST_EXPECT_EQ(race_passed("grow_waits", b_cpu), 1);
	KTEST_EXPECT(kroot_ready(TEST_SLOT));
	pgsync_get_stats(&after);
	KTEST_EXPECT_EQ(after.growths, before.growths + 1);
	test_slots_reset();
	/* The loser's table too is back. */
	KTEST_EXPECT_EQ(free_pages_now(), pages);
	actor_stop(&a);
	actor_stop(&b);
	guard_end();
}

static void map_first_page(void *unused)
{
	(void)unused;
	map_page_in(TEST_SLOT);
}

struct second_page {
	struct page *page;
	bool missing;
	bool over; /* release by the mapper */
};

static void map_and_read_second_page(void *arg)
{
	struct second_page *second = arg;
	unsigned long va = root_slot_va(TEST_SLOT) + PAGE_SIZE;
	u64 value;

	KTEST_EXPECT_EQ(kmap_pages(va, &second->page, 1), 0);
	second->missing = probe_kernel_read(&value, (void *)va) != 0;
	smp_store_release(&second->over, true);
}

/*
 * Litmus P1: the slot is in the reference root, its grower has not come to the second mapper's root
 * yet. "That assumption was incredibly naive" (Linux 4819e15f740e).
 */
KTEST(guard, i24_who_maps_in_a_slot_that_is_being_grown_waits)
{
	int a_cpu = (int)last_cpu(), b_cpu = a_cpu - 1;
	struct second_page second = {0};
	struct actor a, b;

	if (skip_without_growth() || !guard_begin(3))
		return;
	second.page = alloc_page(GFP_KERNEL);
	actor_start(&a, a_cpu);
	actor_start(&b, b_cpu);
	actor_run(&b, adopt_new_mm, mm_alloc());
	race_park("grow_stored", a_cpu, 1);
	actor_post(&a, map_first_page, NULL);
	race_wait_parked("grow_stored");
	actor_post(&b, map_and_read_second_page, &second);
	while (!race_passed("grow_waits", b_cpu) && !smp_load_acquire(&second.over))
		yield_and_relax();
	KTEST_EXPECT(!smp_load_acquire(&second.over));
	race_release("grow_stored");
	actor_wait(&a);
	actor_wait(&b);
	KTEST_EXPECT_EQ(second.missing, !serves_tasks());
	kunmap_pages(root_slot_va(TEST_SLOT) + PAGE_SIZE, 1);
	actor_stop(&a);
	actor_stop(&b);
	guard_end();
	free_page(second.page);
}

static void note_ready(void *ready)
{
	*(bool *)ready |= kroot_ready(TEST_SLOT);
}

KTEST(guard, i25_a_slot_is_ready_only_when_every_root_has_it)
{
	bool ready = false;

	if (skip_without_growth() || !guard_begin(1))
		return;
	/* In the reference and nowhere else; and before the grower has returned. */
	race_on("grow_stored", RACE_ANY_CPU, 1, note_ready, &ready);
	race_on("grow_synced", RACE_ANY_CPU, 1, note_ready, &ready);
	KTEST_EXPECT_EQ(populate_one(TEST_SLOT), 0);
	KTEST_EXPECT_EQ(race_passed("grow_synced", RACE_ANY_CPU), 1);
	KTEST_EXPECT(!ready);
	KTEST_EXPECT(kroot_ready(TEST_SLOT));
	guard_end();
}
