/*
 * Guards of ranges and arithmetic: a range has every slot that it touches and no other (I27), also
 * when memory ran out on the way (I26), and when an area of the layout grows across a boundary or
 * into a slot of which nobody thought (I37); growth writes that slot of a root and nothing else
 * (I27), and once (I21); slots that the processor marked are still the same (I29).
 */
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/base/preempt.h"
#include "kernel/base/string.h"
#include "kernel/pgctl.h"
#include "kernel/workers.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/pgsync/strategy.h"
#include "mm/pgsync/tests/everywhere.h"
#include "mm/pgsync/tests/support.h"
#include "mm/pgtable.h"
#include "mm/vmalloc.h"

/* What every process's root must hold after growth, loaded as they all are. */
static unsigned int reached(void)
{
	return reaches_tasks() || reaches_loaded() ? cpus_online() : 0;
}

/* The second table is refused. Tables that a CPU keeps ready would hide it. */
static int populate_without_memory(unsigned long start, unsigned long end)
{
	int ret;

	preempt_disable();
	pt_cache_drain();
	alloc_fail_nth(2);
	ret = kroot_populate(start, end);
	alloc_fail_nth(0);
	preempt_enable();
	return ret;
}

/* The last 2 MiB of one slot and the first 2 MiB of the next. */
KTEST(guard, i26_a_range_goes_on_where_memory_ran_out)
{
	unsigned long middle = root_slot_va(TEST_SLOT + 1);
	unsigned int missing = serves_tasks() ? 0 : cpus_online();
	struct page *pages[2];
	pte_t first;

	if (skip_without_growth())
		return;
	everywhere_start();
	KTEST_EXPECT_EQ(populate_without_memory(middle - MiB(2), middle + MiB(2)), -ENOMEM);
	first = swapper_pg_dir[TEST_SLOT];
	KTEST_EXPECT(kroot_ready(TEST_SLOT) && !kroot_ready(TEST_SLOT + 1));
	KTEST_EXPECT_EQ(everywhere_has(TEST_SLOT), reached());
	KTEST_EXPECT_EQ(kroot_populate(middle - MiB(2), middle + MiB(2)), 0);
	KTEST_EXPECT(kroot_ready(TEST_SLOT) && kroot_ready(TEST_SLOT + 1));
	KTEST_EXPECT(pte_same(swapper_pg_dir[TEST_SLOT], first));
	KTEST_EXPECT_EQ(everywhere_has(TEST_SLOT + 1), reached());
	if (kroot_ready(TEST_SLOT + 1)) {
		for (int i = 0; i < 2; i++)
			pages[i] = alloc_page(GFP_KERNEL);
		KTEST_EXPECT_EQ(kmap_pages(middle - PAGE_SIZE, pages, 2), 0);
		KTEST_EXPECT_EQ(everywhere_missing((void *)(middle - PAGE_SIZE)), missing);
		KTEST_EXPECT_EQ(everywhere_missing((void *)middle), missing);
		kunmap_pages(middle - PAGE_SIZE, 2);
		/* The reset makes every CPU forget the translations. */
		test_slots_reset();
		for (int i = 0; i < 2; i++)
			free_page(pages[i]);
	}
	everywhere_stop();
	test_slots_reset();
}

/* --- arithmetic --- */

KTEST(guard, i27_a_range_has_the_slots_that_it_touches_and_no_other)
{
	const unsigned long base = root_slot_va(TEST_SLOT), s = ROOT_SLOT_SIZE;
	const struct {
		unsigned long start, end; /* from the first test slot on */
		unsigned int slots;       /* [0, slots) of the test slots are wanted */
	} ranges[] = {
		{0, 1, 1},
		{s - 1, s, 1},
		{0, s, 1},
		{s / 2, s / 2 + PAGE_SIZE, 1},
		{s - PAGE_SIZE, s + PAGE_SIZE, 2}, /* less than a slot long */
		{s - 1, s + 1, 2},
		{s / 2 + 4097, s + s / 2, 2},
		{PAGE_SIZE, 2 * s, 2},
		{s - PAGE_SIZE, 2 * s + 1, 3},
		{1, TEST_SLOTS * s, TEST_SLOTS},
	};

	if (skip_without_growth())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		KTEST_EXPECT_EQ(kroot_populate(base + ranges[i].start, base + ranges[i].end), 0);
		for (unsigned int n = 0; n < TEST_SLOTS; n++)
			if (kroot_ready(TEST_SLOT + n) != (n < ranges[i].slots))
				KTEST_EXPECT_EQ(i, n);
		test_slots_reset();
	}
}

/* The last slot but one is nobody's, the last one is the kernel image's. */
#define LAST_FREE (ROOT_SLOTS - 2)

static phys_addr_t last_table;

static void reset_last(void *unused)
{
	(void)unused;
	(void)pgsync_reset_slots(LAST_FREE, 1, &last_table);
}

KTEST(guard, i27_the_end_of_the_address_space_is_an_end)
{
	static const unsigned long ends[] = {0, -PAGE_SIZE, -1UL};

	if (skip_without_growth())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		KTEST_EXPECT(!kroot_ready(LAST_FREE));
		KTEST_EXPECT_EQ(kroot_populate(root_slot_va(LAST_FREE) + PAGE_SIZE, ends[i]), 0);
		KTEST_EXPECT(kroot_ready(LAST_FREE) && kroot_ready(ROOT_SLOTS - 1));
		unload_borrowed();
		stop_machine(reset_last, NULL);
		if (last_table)
			pt_free_slot_tables(LAST_FREE, last_table);
	}
}

/* User pages in the last user slot and none in the first, where the posted series wrote. */
KTEST(guard, i27_growth_writes_that_slot_of_a_root_and_no_other)
{
	static pte_t before[ROOT_SLOTS];
	struct mm_struct *mm = mm_alloc();
	unsigned int slot = TEST_SLOT + 9, changed = 0;
	struct actor a;

	KTEST_EXPECT_EQ(do_mmap(mm, LAST_USER_PAGE, PAGE_SIZE, VMA_READ | VMA_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
			LAST_USER_PAGE);
	KTEST_EXPECT_EQ(mm_fault(mm, LAST_USER_PAGE, FAULT_WRITE), 0);
	actor_start(&a, (int)last_cpu());
	actor_run(&a, adopt_new_mm, mm);
	memcpy(before, mm->root->pgd, sizeof(before));
	KTEST_EXPECT_EQ(grow_slot(slot), 0);
	for (unsigned int i = 0; i < ROOT_SLOTS; i++)
		changed += i != slot && !pte_same(before[i], mm->root->pgd[i]);
	KTEST_EXPECT_EQ(changed, 0);
	KTEST_EXPECT_EQ(root_has(mm->root, slot), reaches_tasks() || reaches_loaded());
	/* A kernel table among the user's would be freed with them. */
	WRITE_ONCE(mm->root->pgd[0], before[0]);
	actor_stop(&a);
	test_slots_reset();
}

/* --- the value of a slot --- */

/* None to present, and never again: a store of the same value is left out. Another one is a panic. */
KTEST(guard, i21_a_slot_that_is_there_is_not_written_again)
{
	struct mm_struct *mm;
	pte_t *entry, marked;

	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT), 0);
	mm = mm_pinned();
	entry = &mm->root->pgd[TEST_SLOT];
	marked = *entry & ~PTE_A;
	WRITE_ONCE(*entry, marked);
	KTEST_EXPECT(!set_root_slot(mm->root->pgd, TEST_SLOT, swapper_pg_dir[TEST_SLOT]));
	KTEST_EXPECT_EQ(READ_ONCE(*entry), marked);
	mmput(mm);
	test_slots_reset();
}

static void read_first_page(void *missing)
{
	*(bool *)missing = read_page_in(TEST_SLOT) != 0;
}

/* One root's slot is marked by the processor, as all would be if they were not born so. */
KTEST(guard, i29_a_slot_that_the_processor_marked_is_the_same)
{
	struct mm_struct *mm = mm_alloc();
	pte_t *entry = &mm->root->pgd[TEST_SLOT];
	bool missing = true;
	struct actor a;

	map_page_in(TEST_SLOT);
	actor_start(&a, (int)last_cpu());
	actor_run(&a, adopt_new_mm, mm);
	KTEST_EXPECT(*entry & PTE_A);
	WRITE_ONCE(*entry, *entry & ~PTE_A);
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	KTEST_EXPECT(slot_same(*entry, swapper_pg_dir[TEST_SLOT]));
	actor_run(&a, read_first_page, &missing);
	KTEST_EXPECT(!missing);
	/* What this test rests on: it is the processor that writes there. */
	KTEST_EXPECT(READ_ONCE(*entry) & PTE_A);
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	actor_stop(&a);
	test_slots_reset();
}

/* --- areas that grow --- */

KTEST(guard, i37_a_range_from_just_below_a_boundary_is_there_on_both_sides)
{
	unsigned int missing = serves_tasks() ? 0 : cpus_online(), slot;
	char *va;

	(void)pgctl_reset_slots();
	everywhere_start();
	va = vmalloc_fresh_slot(2 * PAGE_SIZE, true);
	slot = root_slot((unsigned long)va);
	KTEST_EXPECT_EQ((unsigned long)va, root_slot_va(slot + 1) - PAGE_SIZE);
	KTEST_EXPECT(kroot_ready(slot) && kroot_ready(slot + 1));
	KTEST_EXPECT_EQ(everywhere_missing(va), missing);
	KTEST_EXPECT_EQ(everywhere_missing(va + PAGE_SIZE), missing);
	vfree(va);
	everywhere_stop();
	KTEST_EXPECT_EQ(pgctl_reset_slots(), never_grows() ? 0 : 2);
}

/* Linux's list of what to fill was too short three times (995909a4e22b was one). */
KTEST(guard, i37_prealloc_leaves_no_slot_out)
{
	unsigned int missing = 0;

	if (!never_grows())
		KTEST_SKIP("slots appear when they are wanted");
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++)
		missing += !kroot_from_birth(slot) || !pte_present(swapper_pg_dir[slot]);
	KTEST_EXPECT_EQ(missing, 0);
}
