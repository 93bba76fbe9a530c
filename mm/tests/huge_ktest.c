/*
 * Huge pages by counts: one entry for 512 pages, what a split makes of it, who has how many
 * references after forks, and that no page is lost on any way. Against a model: space_test.c on the
 * host; what programs see: user/tests/hugepage.c.
 */
#include "mm/huge.h"

#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/base/string.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/tests/check_ktest.h"
#include "mm/vma.h"

#define BASE  (GiB(1) - HUGE_SIZE) /* two huge pages, over a border of tables */
#define AWAY  (GiB(3) - HUGE_SIZE)
#define PAGES (2 * HUGE_PAGES)
#define BYTES (2 * HUGE_SIZE)
#define RW    (VMA_READ | VMA_WRITE)
#define FIXED (MREMAP_MAYMOVE | MREMAP_FIXED)
#define HUGE  (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_HUGETLB)

static unsigned long page_va(unsigned int n)
{
	return BASE + n * PAGE_SIZE;
}

static bool is_huge(struct mm_struct *mm, unsigned long va)
{
	return pte_huge(entry_of(mm, va));
}

static struct page *page_of(struct mm_struct *mm, unsigned int n)
{
	return virt_to_page(mm_page_address(mm, page_va(n)));
}

static void write_page(struct mm_struct *mm, unsigned int n, u64 value)
{
	u64 *page;

	KTEST_EXPECT_EQ(mm_fault(mm, page_va(n), FAULT_WRITE), 0);
	KTEST_EXPECT(pte_writable(entry_of(mm, page_va(n))));
	page = mm_page_address(mm, page_va(n));
	page[0] = page[PT_ENTRIES - 1] = value;
}

static u64 read_page(struct mm_struct *mm, unsigned int n)
{
	const u64 *page;

	KTEST_EXPECT_EQ(mm_fault(mm, page_va(n), 0), 0);
	page = mm_page_address(mm, page_va(n));
	KTEST_EXPECT_EQ(page[0], page[PT_ENTRIES - 1]);
	return page[0];
}

/* Two huge pages, page n of which holds n + 1. */
static struct mm_struct *new_space(unsigned long flags)
{
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT(mm);
	KTEST_EXPECT_EQ(do_mmap(mm, BASE, BYTES, RW, flags), BASE);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE, BYTES, MADV_HUGEPAGE), 0);
	for (unsigned int n = 0; n < PAGES; n++)
		write_page(mm, n, n + 1);
	KTEST_EXPECT(is_huge(mm, BASE) && is_huge(mm, BASE + HUGE_SIZE));
	KTEST_EXPECT_EQ(mm->resident, PAGES);
	return mm;
}

static struct mm_struct *advised_space(void)
{
	return new_space(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED);
}

KTEST(huge, a_touch_maps_two_mebibytes)
{
	u64 before = drained_pages(), empty;
	struct mm_struct *mm = mm_alloc();
	const u64 *page;

	/* One whole, with a page on either side. */
	KTEST_EXPECT_EQ(map_fixed(mm, BASE - PAGE_SIZE, HUGE_PAGES + 2, RW), BASE - PAGE_SIZE);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE, HUGE_SIZE + PAGE_SIZE, MADV_HUGEPAGE), 0);
	KTEST_EXPECT_EQ(mm->nr_vmas, 2);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE - PAGE_SIZE, PAGE_SIZE, MADV_HUGEPAGE), 0);
	KTEST_EXPECT_EQ(mm->nr_vmas, 1);
	/* The page on the right, for the tables on its way. */
	KTEST_EXPECT_EQ(mm_fault(mm, BASE + HUGE_SIZE, FAULT_WRITE), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE - PAGE_SIZE, FAULT_WRITE), 0);
	KTEST_EXPECT(!is_huge(mm, BASE + HUGE_SIZE) && !is_huge(mm, BASE - PAGE_SIZE));
	empty = drained_pages();
	KTEST_EXPECT_EQ(mm_fault(mm, BASE + 77 * PAGE_SIZE, 0), 0);
	KTEST_EXPECT(is_huge(mm, BASE));
	KTEST_EXPECT_EQ(mm->resident, HUGE_PAGES + 2);
	KTEST_EXPECT_EQ(drained_pages(), empty - HUGE_PAGES);
	for (unsigned int n = 0; n < HUGE_PAGES; n++) {
		page = mm_page_address(mm, page_va(n));
		KTEST_EXPECT(page == (const u64 *)mm_page_address(mm, BASE) + n * PT_ENTRIES);
		for (unsigned int i = 0; i < PT_ENTRIES; i++)
			if (page[i])
				KTEST_EXPECT_EQ(page[i], 0);
	}
	expect_sound_mm(mm);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE, HUGE_SIZE, MADV_DONTNEED), 0);
	KTEST_EXPECT_EQ(drained_pages(), empty);
	/* Not any more. */
	KTEST_EXPECT_EQ(do_madvise(mm, BASE, HUGE_SIZE, MADV_NOHUGEPAGE), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, FAULT_WRITE), 0);
	KTEST_EXPECT_EQ(mm->resident, 3);
	mmput(mm);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* --- splits --- */

static int cut_unmap(struct mm_struct *mm, unsigned long start, size_t len)
{
	return do_munmap(mm, start, len);
}

static int cut_discard(struct mm_struct *mm, unsigned long start, size_t len)
{
	return do_madvise(mm, start, len, MADV_DONTNEED);
}

static int cut_protect(struct mm_struct *mm, unsigned long start, size_t len)
{
	return do_mprotect(mm, start, len, VMA_READ);
}

static int cut_hide(struct mm_struct *mm, unsigned long start, size_t len)
{
	return do_mprotect(mm, start, len, 0);
}

static int cut_move(struct mm_struct *mm, unsigned long start, size_t len)
{
	long to = do_mremap(mm, start, len, len, FIXED, AWAY + PAGE_SIZE);

	return to == AWAY + PAGE_SIZE ? 0 : (int)to;
}

static int cut_advise(struct mm_struct *mm, unsigned long start, size_t len)
{
	return do_madvise(mm, start, len, MADV_NOHUGEPAGE);
}

static const struct {
	int (*cut)(struct mm_struct *mm, unsigned long start, size_t len);
	bool takes; /* pages away */
} cuts[] = {
	{cut_unmap, true}, {cut_discard, true}, {cut_protect, false},
	{cut_hide, false}, {cut_move, true},    {cut_advise, false},
};

/* Pages outside [from, from + n) are what they were. */
static void expect_rest(struct mm_struct *mm, unsigned int from, unsigned int n)
{
	for (unsigned int i = 0; i < PAGES; i++)
		if (i < from || i >= from + n)
			KTEST_EXPECT_EQ(read_page(mm, i), i + 1);
}

static void cut_one(unsigned int which, unsigned int from, unsigned int n)
{
	struct mm_struct *mm = advised_space();
	unsigned int end = from + n;

	KTEST_EXPECT_EQ(cuts[which].cut(mm, page_va(from), n * PAGE_SIZE), 0);
	expect_sound_mm(mm);
	expect_rest(mm, from, n);
	if (cuts[which].cut != cut_move)
		KTEST_EXPECT_EQ(mm->resident, cuts[which].takes ? PAGES - n : PAGES);
	/* One that has no border in it is still whole, unless it is gone. */
	if (from >= HUGE_PAGES)
		KTEST_EXPECT(is_huge(mm, BASE));
	if (end <= HUGE_PAGES)
		KTEST_EXPECT(is_huge(mm, BASE + HUGE_SIZE));
	if (from % HUGE_PAGES && from < HUGE_PAGES)
		KTEST_EXPECT(!is_huge(mm, BASE));
	if (end % HUGE_PAGES && end > HUGE_PAGES)
		KTEST_EXPECT(!is_huge(mm, page_va(PAGES - 1)));
	mmput(mm);
}

KTEST(huge, split_at_each_kind_of_border)
{
	static const unsigned int borders[] = {0, 1, 255, 511, 512, 513, 1023, 1024};
	u64 before = drained_pages();

	for (unsigned int which = 0; which < ARRAY_SIZE(cuts); which++)
		for (unsigned int i = 0; i < ARRAY_SIZE(borders); i++)
			for (unsigned int j = i + 1; j < ARRAY_SIZE(borders); j++)
				cut_one(which, borders[i], borders[j] - borders[i]);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(huge, rights_of_a_whole_one)
{
	struct mm_struct *mm = advised_space();

	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, HUGE_SIZE, VMA_READ), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, FAULT_WRITE), -EFAULT);
	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, HUGE_SIZE, 0), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, 0), -EFAULT);
	expect_sound_mm(mm);
	/* A part of what nobody may touch: the entries are split as they are. */
	KTEST_EXPECT_EQ(do_mprotect(mm, page_va(3), PAGE_SIZE, RW), 0);
	KTEST_EXPECT(!is_huge(mm, BASE) && is_huge(mm, BASE + HUGE_SIZE));
	KTEST_EXPECT_EQ(read_page(mm, 3), 4);
	KTEST_EXPECT_EQ(mm_fault(mm, page_va(2), 0), -EFAULT);
	expect_sound_mm(mm);
	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, BYTES, RW), 0);
	KTEST_EXPECT_EQ(mm->nr_vmas, 1);
	expect_rest(mm, 0, 0);
	write_page(mm, 600, 7);
	KTEST_EXPECT(is_huge(mm, BASE + HUGE_SIZE));
	expect_sound_mm(mm);
	mmput(mm);
}

KTEST(huge, a_move_keeps_it_whole_where_it_fits)
{
	u64 before = drained_pages();
	struct mm_struct *mm = advised_space();
	struct page *first = page_of(mm, 0);

	KTEST_EXPECT_EQ(do_mremap(mm, BASE, BYTES, BYTES, FIXED, AWAY), AWAY);
	KTEST_EXPECT(is_huge(mm, AWAY) && is_huge(mm, AWAY + HUGE_SIZE));
	KTEST_EXPECT_EQ(virt_to_page(mm_page_address(mm, AWAY)), first);
	expect_sound_mm(mm);
	/* Somewhere: in step. */
	KTEST_EXPECT_EQ(do_mremap(mm, AWAY, BYTES, BYTES + PAGE_SIZE, 0, 0), AWAY);
	KTEST_EXPECT_EQ(map_fixed(mm, AWAY + BYTES + PAGE_SIZE, 1, RW), AWAY + BYTES + PAGE_SIZE);
	KTEST_EXPECT_EQ(do_mremap(mm, AWAY, BYTES, MiB(8), MREMAP_MAYMOVE, 0),
			ALIGN_DOWN(MMAP_BASE - MiB(8), HUGE_SIZE));
	KTEST_EXPECT_EQ(entry_of(mm, AWAY), 0);
	KTEST_EXPECT(is_huge(mm, ALIGN_DOWN(MMAP_BASE - MiB(8), HUGE_SIZE)));
	expect_sound_mm(mm);
	mmput(mm);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* --- forks --- */

KTEST(huge, fork_shares_and_a_write_splits_one_side)
{
	u64 before = drained_pages(), shared;
	struct mm_struct *parent = advised_space(), *child = mm_fork(parent);
	struct page *head = page_of(parent, 0);

	KTEST_EXPECT_EQ(child->resident, PAGES);
	KTEST_EXPECT_EQ(page_of(child, 0), head);
	KTEST_EXPECT(is_huge(child, BASE) && head->huge_count == 2 && head->refcount == 1);
	KTEST_EXPECT(!pte_writable(entry_of(parent, BASE)) && !pte_writable(entry_of(child, BASE)));
	shared = drained_pages();

	write_page(child, 5, 1000);
	/* A page and the table of the split. */
	KTEST_EXPECT_EQ(drained_pages(), shared - 2);
	KTEST_EXPECT(!is_huge(child, BASE) && is_huge(parent, BASE));
	KTEST_EXPECT(is_huge(child, BASE + HUGE_SIZE));
	KTEST_EXPECT_EQ(head->huge_count, 1);
	KTEST_EXPECT_EQ(head[4].refcount, 2);
	KTEST_EXPECT_EQ(head[5].refcount, 1);
	KTEST_EXPECT_EQ(page_of(child, 4), head + 4);
	KTEST_EXPECT_EQ(read_page(parent, 5), 6);
	expect_rest(child, 5, 1);

	/* The only entry that is left is not alone: the child has parts. */
	write_page(parent, 4, 2000);
	KTEST_EXPECT_EQ(read_page(child, 4), 5);
	KTEST_EXPECT(!is_huge(parent, BASE));
	/* Of the page that the child has left it is the only owner. */
	write_page(parent, 5, 2001);
	KTEST_EXPECT_EQ(page_of(parent, 5), head + 5);
	expect_rest(parent, 4, 2);
	expect_rest(child, 5, 1);
	expect_sound_mm(parent);
	expect_sound_mm(child);
	mmput(child);
	mmput(parent);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* Whoever remains has it for himself again. */
KTEST(huge, the_last_one_keeps_it_whole)
{
	u64 before = drained_pages(), one;
	struct mm_struct *parent = advised_space(), *child;
	struct page *head = page_of(parent, 0);

	one = drained_pages();
	child = mm_fork(parent);
	write_page(child, 600, 1);
	mmput(child);
	KTEST_EXPECT_EQ(drained_pages(), one);
	write_page(parent, 1, 70);
	write_page(parent, 601, 71);
	KTEST_EXPECT(is_huge(parent, BASE) && is_huge(parent, BASE + HUGE_SIZE));
	KTEST_EXPECT_EQ(page_of(parent, 0), head);
	KTEST_EXPECT_EQ(drained_pages(), one);
	child = mm_fork(parent);
	mmput(parent);
	write_page(child, 0, 72);
	KTEST_EXPECT(is_huge(child, BASE));
	/* Freed in parts. */
	parent = mm_fork(child);
	KTEST_EXPECT_EQ(do_munmap(parent, page_va(1), (HUGE_PAGES - 2) * PAGE_SIZE), 0);
	mmput(child);
	KTEST_EXPECT_EQ(parent->resident, HUGE_PAGES + 2);
	expect_sound_mm(parent);
	KTEST_EXPECT_EQ(read_page(parent, HUGE_PAGES - 1), HUGE_PAGES);
	mmput(parent);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* --- memory that is short --- */

KTEST(huge, small_pages_where_no_block_is_free)
{
	u64 before = drained_pages();
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT_EQ(map_fixed(mm, BASE, PAGES, RW), BASE);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE, BYTES, MADV_HUGEPAGE), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, FAULT_WRITE), 0);
	KTEST_EXPECT_EQ(do_madvise(mm, page_va(1), HUGE_SIZE - PAGE_SIZE, MADV_DONTNEED), 0);
	KTEST_EXPECT(!is_huge(mm, BASE));
	/* What is there in part stays small. */
	KTEST_EXPECT_EQ(mm_fault(mm, page_va(1), FAULT_WRITE), 0);
	KTEST_EXPECT_EQ(mm->resident, 2);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE, HUGE_SIZE, MADV_DONTNEED), 0);
	/* The tables are cached: it is the block that is missing. */
	alloc_fail_nth(1);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, FAULT_WRITE), 0);
	KTEST_EXPECT_EQ(alloc_fail_left(), 0);
	KTEST_EXPECT(!is_huge(mm, BASE) && mm->resident == 1);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE, HUGE_SIZE, MADV_DONTNEED), 0);
	/* Now it is a table. */
	(void)drained_pages();
	alloc_fail_nth(1);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, FAULT_WRITE), -ENOMEM);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, FAULT_WRITE), 0);
	KTEST_EXPECT(is_huge(mm, BASE) && mm->resident == HUGE_PAGES);
	mmput(mm);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* The state of a huge page that could not be split. */
static void expect_whole(struct mm_struct *mm)
{
	KTEST_EXPECT(is_huge(mm, BASE) && is_huge(mm, BASE + HUGE_SIZE));
	KTEST_EXPECT_EQ(mm->resident, PAGES);
	expect_sound_mm(mm);
}

static int fails_at(struct mm_struct *mm, unsigned int which, long nth)
{
	int ret;

	/* Tables shall be allocations too. */
	(void)drained_pages();
	alloc_fail_nth(nth);
	ret = cuts[which].cut(mm, page_va(3), 4 * PAGE_SIZE);
	if (alloc_fail_left())
		ret = 1;
	alloc_fail_nth(0);
	return ret;
}

KTEST(huge, a_split_that_cannot_be_had_changes_nothing)
{
	u64 before = drained_pages();

	for (unsigned int which = 0; which < ARRAY_SIZE(cuts); which++) {
		struct mm_struct *mm = advised_space();
		int ret = fails_at(mm, which, 1);

		KTEST_EXPECT(ret == -ENOMEM || ret == -EAGAIN);
		expect_whole(mm);
		expect_rest(mm, 0, 0);
		/* Every later one: the split may have been made, and nobody sees that. */
		for (long nth = 2; ret < 0; nth++) {
			ret = fails_at(mm, which, nth);
			if (ret < 0)
				KTEST_EXPECT_EQ(mm->resident, PAGES);
			expect_sound_mm(mm);
			expect_rest(mm, 3, 4);
		}
		mmput(mm);
	}
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* --- MAP_HUGETLB --- */

KTEST(huge, hugetlb_is_never_divided)
{
	u64 before = drained_pages();
	struct mm_struct *mm = new_space(HUGE), *child;
	struct page *head = page_of(mm, 0);

	KTEST_EXPECT_EQ(do_munmap(mm, BASE, PAGE_SIZE), -EINVAL);
	KTEST_EXPECT_EQ(do_munmap(mm, page_va(1), BYTES - PAGE_SIZE), -EINVAL);
	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, PAGE_SIZE, VMA_READ), -EINVAL);
	KTEST_EXPECT_EQ(do_madvise(mm, page_va(1), PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE, HUGE_SIZE - PAGE_SIZE, MADV_DONTNEED), 0);
	KTEST_EXPECT_EQ(do_madvise(mm, BASE, PAGE_SIZE, MADV_NOHUGEPAGE), -EINVAL);
	KTEST_EXPECT_EQ(do_mremap(mm, BASE, HUGE_SIZE, HUGE_SIZE, FIXED, AWAY + PAGE_SIZE),
			-EINVAL);
	KTEST_EXPECT_EQ(map_fixed(mm, page_va(1), 1, RW), -EINVAL);
	expect_whole(mm);
	child = mm_fork(mm);
	write_page(child, 1, 50);
	KTEST_EXPECT(is_huge(child, BASE) && page_of(child, 0) != head);
	expect_rest(child, 1, 1);
	expect_rest(mm, 0, 0);
	KTEST_EXPECT_EQ(head->huge_count, 1);
	KTEST_EXPECT_EQ(page_of(mm, HUGE_PAGES)->huge_count, 2);
	/* No block: whoever needs one of his own has none. */
	(void)drained_pages();
	alloc_fail_nth(1);
	KTEST_EXPECT_EQ(mm_fault(child, BASE + HUGE_SIZE, FAULT_WRITE), -ENXIO);
	KTEST_EXPECT_EQ(do_madvise(child, BASE, HUGE_SIZE, MADV_DONTNEED), 0);
	alloc_fail_nth(1);
	KTEST_EXPECT_EQ(mm_fault(child, BASE, 0), -ENXIO);
	KTEST_EXPECT_EQ(mm_fault(child, BASE, 0), 0);
	KTEST_EXPECT_EQ(read_page(child, 1), 0);
	expect_sound_mm(child);
	mmput(mm);
	mmput(child);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* --- all CPUs --- */

static struct mm_struct *everybodys;

static void touch_once(u64 *random)
{
	unsigned int n = (unsigned int)(next_random(random) % HUGE_PAGES);

	KTEST_EXPECT_EQ(mm_fault(everybodys, page_va(n), n & 1 ? FAULT_WRITE : 0), 0);
}

KTEST(huge, all_cpus_touch_one_at_once)
{
	u64 before = drained_pages();

	for (unsigned int i = 0; i < 4; i++) {
		everybodys = mm_alloc();
		KTEST_EXPECT_EQ(map_fixed(everybodys, BASE, HUGE_PAGES, RW), BASE);
		KTEST_EXPECT_EQ(do_madvise(everybodys, BASE, HUGE_SIZE, MADV_HUGEPAGE), 0);
		on_all_cpus(touch_once);
		KTEST_EXPECT(is_huge(everybodys, BASE));
		KTEST_EXPECT_EQ(everybodys->resident, HUGE_PAGES);
		expect_sound_mm(everybodys);
		mmput(everybodys);
		KTEST_EXPECT_EQ(drained_pages(), before);
	}
}

static struct mm_struct *family[NR_BOXES];

/* Each CPU has a copy of one space, which it splits, writes to and gives up while others do so too. */
static void live_apart(u64 *random)
{
	struct mm_struct *mm = mm_fork(everybodys);

	KTEST_EXPECT(mm);
	for (unsigned int i = 0; mm && i < 6; i++) {
		unsigned int n = (unsigned int)(next_random(random) % PAGES);

		if (i % 3 == 2)
			KTEST_EXPECT_EQ(do_munmap(mm, page_va(n), PAGE_SIZE), 0);
		else if (mm_fault(mm, page_va(n), FAULT_WRITE) == 0)
			*(u64 *)mm_page_address(mm, page_va(n)) = ~0UL;
	}
	mm = atomic_xchg(&family[next_random(random) % NR_BOXES], mm);
	if (mm)
		mmput(mm);
}

KTEST(huge, all_cpus_divide_copies_of_one)
{
	u64 before = drained_pages();

	everybodys = advised_space();
	on_all_cpus(live_apart);
	expect_whole(everybodys);
	for (unsigned int i = 0; i < NR_BOXES; i++) {
		if (!family[i])
			continue;
		expect_sound_mm(family[i]);
		mmput(family[i]);
		family[i] = NULL;
	}
	/* All writes were to copies; and it is nobody else's any more. */
	expect_rest(everybodys, 0, 0);
	write_page(everybodys, 9, 10);
	write_page(everybodys, 609, 610);
	expect_whole(everybodys);
	mmput(everybodys);
	KTEST_EXPECT_EQ(drained_pages(), before);
}
