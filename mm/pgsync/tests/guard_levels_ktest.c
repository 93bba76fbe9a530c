/*
 * Guards of the level that is kept equal (I39): it is that of the table which CR3 names, with four
 * levels of page tables and with five. Growth by what a root slot spans is told to the roots, once;
 * growth by what an entry one level below spans is told to nobody, and all see it, since the table
 * that it is in is everybody's. So a step of 512 GiB is a growth with four levels and nothing with
 * five, where a step of 256 TiB is one.
 *
 * The same tests run on machines of both kinds (tools/tests/test_levels.py).
 */
#include "arch/mmu.h"
#include "arch/smp.h"
#include "kernel/base/ktest.h"
#include "mm/buddy.h"
#include "mm/pgsync/pgsync.h"
#include "mm/pgsync/tests/everywhere.h"
#include "mm/pgsync/tests/support.h"
#include "mm/pgtable.h"

/* What one entry of a table just below the root spans. */
#define BELOW pt_span(PT_ROOT_LEVEL - 1)

KTEST(guard, i39_slots_are_entries_of_the_table_that_cr3_names)
{
	KTEST_EXPECT_EQ(ROOT_SLOTS, PT_ENTRIES);
	KTEST_EXPECT_EQ(ROOT_SLOT_SIZE, BELOW * PT_ENTRIES);
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++) {
		unsigned long va = root_slot_va(slot);

		KTEST_EXPECT_EQ(root_slot(va), slot);
		KTEST_EXPECT_EQ(root_slot(va + ROOT_SLOT_SIZE - 1), slot);
		/* The addresses of a slot are all canonical: what is above them repeats bit 47 or 56. */
		KTEST_EXPECT_EQ((long)va >> (pt_shift(PT_ROOT_LEVEL) + 8), -1);
	}
	/* The processor walks as we do. */
	map_page_in(TEST_SLOT);
	KTEST_EXPECT_EQ(pt_walk(swapper_pg_dir, root_slot_va(TEST_SLOT), PT_ROOT_LEVEL, false),
			&swapper_pg_dir[TEST_SLOT]);
	KTEST_EXPECT_EQ(kernel_maps(root_slot_va(TEST_SLOT)), true);
	test_slots_reset();
}

/* How often growth has been told to a root, or found by a fault. */
static u64 told(void)
{
	struct pgsync_stats stats;

	pgsync_get_stats(&stats);
	return stats.growths + stats.walk_visits + stats.fault_syncs;
}

KTEST(guard, i39_growth_below_a_root_slot_is_told_to_nobody)
{
	/* 512 GiB apart with five levels, 1 GiB with four; the last one ends where the slot does. */
	static const unsigned int steps[] = {1, 2, 100, PT_ENTRIES - 1};
	unsigned int missing = serves_tasks() ? 0 : cpus_online();
	unsigned long base = root_slot_va(TEST_SLOT);
	struct page *pages[ARRAY_SIZE(steps)];
	u64 before;

	everywhere_start();
	map_page_in(TEST_SLOT);
	KTEST_EXPECT_EQ(everywhere_missing((void *)base), missing);
	before = told();
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		unsigned long va = base + steps[i] * BELOW;

		pages[i] = alloc_page(GFP_KERNEL);
		KTEST_EXPECT_EQ(kmap_pages(va, &pages[i], 1), 0);
		KTEST_EXPECT_EQ(everywhere_missing((void *)va), missing);
	}
	KTEST_EXPECT_EQ(told(), before);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		kunmap_pages(base + steps[i] * BELOW, 1);
	everywhere_stop();
	/* Every CPU forgets the translations in it. */
	test_slots_reset();
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		free_page(pages[i]);
}

KTEST(guard, i39_growth_by_a_root_slot_is_told_once)
{
	unsigned int missing = serves_tasks() ? 0 : cpus_online();
	struct pgsync_stats before, after;

	everywhere_start();
	for (unsigned int n = 0; n < 3; n++) {
		unsigned long va = root_slot_va(TEST_SLOT) + n * ROOT_SLOT_SIZE;

		pgsync_get_stats(&before);
		map_page_in(TEST_SLOT + n);
		pgsync_get_stats(&after);
		KTEST_EXPECT_EQ(after.growths - before.growths, !never_grows());
		KTEST_EXPECT_EQ(everywhere_missing((void *)va), missing);
	}
	everywhere_stop();
	test_slots_reset();
}

/* Some entries of a table below the root make one slot, not as many slots. */
KTEST(guard, i39_a_range_within_a_slot_is_one_slot)
{
	unsigned long start = root_slot_va(TEST_SLOT) + 3 * BELOW;

	if (skip_without_growth())
		return;
	KTEST_EXPECT_EQ(kroot_populate(start, start + 2 * BELOW), 0);
	KTEST_EXPECT(kroot_ready(TEST_SLOT));
	KTEST_EXPECT(!kroot_ready(TEST_SLOT + 1));
	test_slots_reset();
}
