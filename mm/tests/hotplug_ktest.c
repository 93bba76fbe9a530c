/*
 * Memory that comes and goes in the running kernel, on the machine's own DIMM: what is refused, that
 * nothing is left mapped and nothing lost, that every allocation on the way may fail, and that pages
 * of processes move out of it with what is in them.
 */
#include "arch/mmu.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/memblock.h"
#include "mm/memmap.h"
#include "mm/migrate.h"
#include "mm/pgsync/pgsync.h"
#include "mm/tests/check_ktest.h"
#include "mm/tests/hot_ktest.h"
#include "mm/zone.h"

#define BASE GiB(1)
#define RW   (VMA_READ | VMA_WRITE)

KTEST(hotplug, what_is_no_range_is_refused)
{
	struct memory_range hot = hot_range_or_skip();
	const struct {
		u64 start, bytes;
		int error;
	} odd[] = {
		{TiB(1), 0, -EINVAL},
		{TiB(1), SECTION_BYTES / 2, -EINVAL},
		{TiB(1) + SECTION_BYTES / 2, SECTION_BYTES, -EINVAL},
		{0, SECTION_BYTES, -EINVAL},
		{ALIGN_DOWN(memblock_end() - 1, SECTION_BYTES), SECTION_BYTES, -EINVAL},
		{MEMBLOCK_PHYS_MAX, SECTION_BYTES, -EINVAL},
		{MEMBLOCK_PHYS_MAX - SECTION_BYTES, 2 * SECTION_BYTES, -EINVAL},
		{TiB(1), 0 - SECTION_BYTES, -EINVAL},
		{hot.start, SECTION_BYTES, -EEXIST},
		{hot.start, hot.bytes, -EEXIST},
		{hot.start - SECTION_BYTES, 2 * SECTION_BYTES, -EEXIST},
		{hot.start + hot.bytes - SECTION_BYTES, 2 * SECTION_BYTES, -EEXIST},
	};

	if (!hot.bytes)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		if (memory_add(odd[i].start, odd[i].bytes) != odd[i].error)
			KTEST_EXPECT_EQ(i, ~0UL);
	KTEST_EXPECT_EQ(memory_remove(hot.start), -EBUSY);
	KTEST_EXPECT_EQ(memory_close(hot.start + SECTION_BYTES), -ENOENT);
	KTEST_EXPECT_EQ(memory_remove(TiB(1)), -ENOENT);
	KTEST_EXPECT(!memory_range(1, &hot));
}

static bool anything_mapped(const struct memory_range *hot)
{
	u64 first = hot->start >> PAGE_SHIFT, pages = hot->bytes >> PAGE_SHIFT;

	return kernel_maps((unsigned long)phys_to_virt(hot->start)) ||
	       kernel_maps((unsigned long)phys_to_virt(hot->start + hot->bytes - 1)) ||
	       kernel_maps((unsigned long)pfn_to_page(first)) ||
	       kernel_maps((unsigned long)pfn_to_page(first + pages - 1));
}

KTEST(hotplug, a_range_goes_and_comes_back)
{
	struct memory_range hot = hot_range_or_skip(), again;
	u64 elsewhere, managed = nr_managed_pages();

	if (!hot.bytes)
		return;
	KTEST_EXPECT(anything_mapped(&hot));
	hot_take_away(&hot);
	elsewhere = drained_pages();
	KTEST_EXPECT(!anything_mapped(&hot));
	KTEST_EXPECT_EQ(nr_managed_pages(), managed - hot.pages);
	KTEST_EXPECT(!memory_range(0, &again));
	KTEST_EXPECT_EQ(memory_add(hot.start, hot.bytes), 0);
	KTEST_EXPECT_EQ(nr_managed_pages(), managed);
	KTEST_EXPECT(memory_range_at(hot.start, &again));
	KTEST_EXPECT(again.pages == hot.pages && again.in_use == 0 && !again.closed);
	/* What it costs while it is here comes back when it goes. */
	hot_take_away(&hot);
	KTEST_EXPECT_EQ(drained_pages(), elsewhere);
	KTEST_EXPECT_EQ(memory_add(hot.start, hot.bytes), 0);
}

/* All that the range has to give, at once: each page is there, and is its own. */
KTEST(hotplug, every_page_can_be_used)
{
	struct memory_range hot = hot_range_or_skip(), now;
	unsigned int n = 0, wrong = 0;
	LIST_HEAD(taken);
	struct page *page, *next;

	if (!hot.bytes)
		return;
	(void)drained_pages();
	while (memory_range_at(hot.start, &now) && now.in_use < hot.pages) {
		page = alloc_page(GFP_MOVABLE);
		if (!page || !page_is_hot(page)) {
			KTEST_EXPECT(!"a page of the range");
			break;
		}
		*(u64 *)page_address(page) = page_to_pfn(page);
		list_add(&page->lru, &taken);
		n++;
	}
	list_for_each_entry_safe (page, next, &taken, lru) {
		wrong += *(u64 *)page_address(page) != page_to_pfn(page);
		list_del(&page->lru);
		free_page(page);
	}
	KTEST_EXPECT_EQ(wrong, 0);
	/* All but what the cache of this CPU holds. */
	KTEST_EXPECT(hot.pages - n <= 128);
	(void)drained_pages();
	KTEST_EXPECT(memory_range_at(hot.start, &now) && now.in_use == 0);
}

/* Kernel data stays where it cannot be in the way, until there is nothing else. */
KTEST(hotplug, only_what_moves_is_put_there)
{
	struct memory_range hot = hot_range_or_skip();
	struct page *fixed, *block, *movable;

	if (!hot.bytes)
		return;
	fixed = alloc_page(GFP_KERNEL);
	block = alloc_pages(3, GFP_KERNEL);
	movable = alloc_page(GFP_MOVABLE);
	KTEST_EXPECT(!page_is_hot(fixed) && !page_is_hot(block) && page_is_hot(movable));
	free_page(fixed);
	free_pages(block, 3);
	free_page(movable);
	/* A closed range gives nothing. */
	KTEST_EXPECT_EQ(memory_close(hot.start), 0);
	(void)drained_pages();
	movable = alloc_page(GFP_MOVABLE);
	KTEST_EXPECT(movable && !page_is_hot(movable));
	free_page(movable);
	KTEST_EXPECT_EQ(memory_open(hot.start), 0);
}

/* The number of failures until it succeeded; each left everything as it was. */
static unsigned int add_with_failures(const struct memory_range *hot, u64 elsewhere)
{
	for (long nth = 1;; nth++) {
		int ret;

		(void)drained_pages();
		alloc_fail_nth(nth);
		ret = memory_add(hot->start, hot->bytes);
		alloc_fail_nth(0);
		if (ret == 0)
			return (unsigned int)nth - 1;
		KTEST_EXPECT_EQ(ret, -ENOMEM);
		KTEST_EXPECT(!anything_mapped(hot));
		KTEST_EXPECT_EQ(drained_pages(), elsewhere);
		if (nth == 100)
			return 0;
	}
}

KTEST(hotplug, every_allocation_of_an_addition_may_fail)
{
	struct memory_range hot = hot_range_or_skip();

	if (!hot.bytes)
		return;
	hot_take_away(&hot);
	/* The description of the range, and tables of the direct map at least. */
	KTEST_EXPECT(add_with_failures(&hot, drained_pages()) >= 2);
}

/* --- pages of processes --- */

static void write_page(struct mm_struct *mm, unsigned int i, u64 value)
{
	KTEST_EXPECT_EQ(mm_fault(mm, BASE + i * PAGE_SIZE, FAULT_WRITE), 0);
	*(u64 *)mm_page_address(mm, BASE + i * PAGE_SIZE) = value;
}

static u64 read_page(struct mm_struct *mm, unsigned int i)
{
	const u64 *at = mm_page_address(mm, BASE + i * PAGE_SIZE);

	return at ? *at : 0;
}

static bool is_hot(struct mm_struct *mm, unsigned int i)
{
	const void *at = mm_page_address(mm, BASE + i * PAGE_SIZE);

	return at && page_is_hot(virt_to_page(at));
}

static int vacate(struct mm_struct *mm, const struct memory_range *hot)
{
	return mm_vacate(mm, hot->start >> PAGE_SHIFT, (hot->start + hot->bytes) >> PAGE_SHIFT);
}

/*
 * Pages of one process alone (0, 1), one that a child shares (2), one that nobody may touch (3), one
 * that was never written (4).
 */
KTEST(hotplug, pages_of_processes_move)
{
	struct memory_range hot = hot_range_or_skip();
	struct mm_struct *mm, *child;
	u64 before;

	if (!hot.bytes)
		return;
	before = drained_pages();
	mm = mm_alloc();
	KTEST_EXPECT_EQ(map_fixed(mm, BASE, 5, RW), BASE);
	write_page(mm, 2, 102);
	child = mm_fork(mm);
	for (unsigned int i = 0; i < 4; i++)
		if (i != 2)
			write_page(mm, i, 100 + i);
	KTEST_EXPECT_EQ(do_mprotect(mm, BASE + 3 * PAGE_SIZE, PAGE_SIZE, 0), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE + 4 * PAGE_SIZE, 0), 0);
	for (unsigned int i = 0; i < 4; i++)
		KTEST_EXPECT(is_hot(mm, i));
	KTEST_EXPECT(is_hot(child, 2));

	KTEST_EXPECT_EQ(memory_close(hot.start), 0);
	KTEST_EXPECT_EQ(vacate(mm, &hot), 0);
	for (unsigned int i = 0; i < 5; i++)
		KTEST_EXPECT(!is_hot(mm, i) && read_page(mm, i) == (i < 4 ? 100 + i : 0));
	KTEST_EXPECT(is_hot(child, 2) && read_page(child, 2) == 102);
	KTEST_EXPECT_EQ(vacate(child, &hot), 0);
	KTEST_EXPECT(!is_hot(child, 2) && read_page(child, 2) == 102);
	expect_sound_mm(mm);
	expect_sound_mm(child);
	/* Still out of reach, and still two pages. */
	KTEST_EXPECT_EQ(mm_fault(mm, BASE + 3 * PAGE_SIZE, 0), -EFAULT);
	write_page(child, 2, 200);
	KTEST_EXPECT_EQ(read_page(mm, 2), 102);
	(void)drained_pages();
	KTEST_EXPECT_EQ(memory_remove(hot.start), 0);
	mmput(mm);
	mmput(child);
	KTEST_EXPECT_EQ(memory_add(hot.start, hot.bytes), 0);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* A failure in the middle: nothing is lost, and a later try goes on. */
KTEST(hotplug, a_move_may_run_out_of_memory)
{
	struct memory_range hot = hot_range_or_skip();
	struct mm_struct *mm;

	if (!hot.bytes)
		return;
	mm = mm_alloc();
	KTEST_EXPECT_EQ(map_fixed(mm, BASE, 4, RW), BASE);
	for (unsigned int i = 0; i < 4; i++)
		write_page(mm, i, 100 + i);
	KTEST_EXPECT_EQ(memory_close(hot.start), 0);
	alloc_fail_nth(2);
	KTEST_EXPECT_EQ(vacate(mm, &hot), -ENOMEM);
	alloc_fail_nth(0);
	KTEST_EXPECT(!is_hot(mm, 0) && is_hot(mm, 1));
	for (unsigned int i = 0; i < 4; i++)
		KTEST_EXPECT_EQ(read_page(mm, i), 100 + i);
	expect_sound_mm(mm);
	KTEST_EXPECT_EQ(vacate(mm, &hot), 0);
	for (unsigned int i = 0; i < 4; i++)
		KTEST_EXPECT(!is_hot(mm, i) && read_page(mm, i) == 100 + i);
	mmput(mm);
	KTEST_EXPECT_EQ(memory_open(hot.start), 0);
}
