/*
 * Shared anonymous memory and memory objects: one memory in several address spaces, whoever touches
 * a page first; split and merged mappings keep their place in the object; the zero page.
 */
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "mm/buddy.h"
#include "mm/memobj.h"
#include "mm/tests/check_ktest.h"
#include "mm/vma.h"

#define BASE   (GiB(1) - 4 * PAGE_SIZE) /* over a border of tables at two levels */
#define PAGES  8
#define RW     (VMA_READ | VMA_WRITE)
#define SHARED (MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED)

static unsigned long page_va(unsigned int n)
{
	return BASE + n * PAGE_SIZE;
}

static u64 *word_of(struct mm_struct *mm, unsigned int n, unsigned long access)
{
	static u64 nowhere;
	u64 *page;

	KTEST_EXPECT_EQ(mm_fault(mm, page_va(n), access), 0);
	page = mm_page_address(mm, page_va(n));
	KTEST_EXPECT(page);
	return page ? page : &nowhere;
}

static struct mm_struct *space_with_shared(void)
{
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT(mm && do_mmap(mm, BASE, PAGES * PAGE_SIZE, RW, SHARED) == (long)BASE);
	return mm;
}

KTEST(shared, an_object_ends_where_it_was_told_to)
{
	u64 before = drained_pages();
	struct memobj *obj = memobj_create(PAGES);
	struct page *page, *again;

	KTEST_EXPECT(obj);
	if (!obj)
		return;
	KTEST_EXPECT_EQ(memobj_page(obj, 2, &page), 0);
	memobj_set_end(obj, 2);
	KTEST_EXPECT_EQ(memobj_page(obj, 1, &again), 0);
	KTEST_EXPECT_EQ(memobj_page(obj, 2, &again), -ENXIO);
	KTEST_EXPECT_EQ(memobj_page(obj, PAGES - 1, &again), -ENXIO);
	/* What was there is still the object's. */
	memobj_set_end(obj, PAGES);
	KTEST_EXPECT_EQ(memobj_page(obj, 2, &again), 0);
	KTEST_EXPECT(again == page);
	KTEST_EXPECT_EQ(memobj_capacity(obj), PAGES);
	memobj_set_end(obj, 0);
	KTEST_EXPECT_EQ(memobj_page(obj, 0, &again), -ENXIO);
	memobj_put(obj);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(shared, both_sides_of_a_fork_have_the_same_memory)
{
	u64 before = drained_pages();
	struct mm_struct *parent = space_with_shared(), *child, *grandchild;

	*word_of(parent, 0, FAULT_WRITE) = 100;
	child = mm_fork(parent);
	KTEST_EXPECT(child);
	if (!child)
		return;
	/* No entry was copied, none became read-only. */
	KTEST_EXPECT_EQ(child->resident, 0);
	KTEST_EXPECT(pte_writable(entry_of(parent, page_va(0))));
	KTEST_EXPECT_EQ(*word_of(child, 0, 0), 100);
	*word_of(child, 0, FAULT_WRITE) = 101;
	KTEST_EXPECT_EQ(*word_of(parent, 0, 0), 101);
	/* First touched after the fork, by either side, by reading and by writing. */
	*word_of(child, 5, FAULT_WRITE) = 105;
	KTEST_EXPECT_EQ(*word_of(parent, 5, 0), 105);
	KTEST_EXPECT_EQ(*word_of(parent, 6, 0), 0);
	*word_of(child, 6, FAULT_WRITE) = 106;
	KTEST_EXPECT_EQ(*word_of(parent, 6, 0), 106);
	/* It outlives who made it. */
	grandchild = mm_fork(child);
	mmput(parent);
	mmput(child);
	KTEST_EXPECT_EQ(*word_of(grandchild, 0, 0), 101);
	KTEST_EXPECT_EQ(*word_of(grandchild, 5, 0), 105);
	KTEST_EXPECT_EQ(*word_of(grandchild, 7, 0), 0);
	expect_sound_mm(grandchild);
	mmput(grandchild);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(shared, pieces_keep_their_place)
{
	u64 before = drained_pages();
	struct mm_struct *mm = space_with_shared(), *child;

	for (unsigned int n = 0; n < PAGES; n++)
		*word_of(mm, n, FAULT_WRITE) = n;
	child = mm_fork(mm);
	KTEST_EXPECT(child);
	if (!child)
		return;
	KTEST_EXPECT_EQ(do_munmap(mm, page_va(3), PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(do_mprotect(mm, page_va(5), PAGE_SIZE, VMA_READ), 0);
	KTEST_EXPECT_EQ(mm->nr_vmas, 4);
	KTEST_EXPECT_EQ(mm_fault(mm, page_va(5), FAULT_WRITE), -EFAULT);
	for (unsigned int n = 4; n < PAGES; n++)
		KTEST_EXPECT_EQ(*word_of(mm, n, 0), n);
	expect_sound_mm(mm);
	KTEST_EXPECT_EQ(do_mprotect(mm, page_va(4), 4 * PAGE_SIZE, RW), 0);
	KTEST_EXPECT_EQ(mm->nr_vmas, 2);
	*word_of(mm, 5, FAULT_WRITE) = 55;
	KTEST_EXPECT_EQ(*word_of(child, 5, 0), 55);
	/* What was unmapped here is still there. */
	KTEST_EXPECT_EQ(*word_of(child, 3, 0), 3);
	/* Two objects are never one mapping. */
	KTEST_EXPECT_EQ(do_mmap(mm, page_va(3), PAGE_SIZE, RW, SHARED), page_va(3));
	KTEST_EXPECT_EQ(mm->nr_vmas, 3);
	KTEST_EXPECT_EQ(*word_of(mm, 3, 0), 0);
	expect_sound_mm(mm);
	mmput(child);
	mmput(mm);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(shared, objects_of_any_size)
{
	const unsigned long sizes[] = {1, 2, 64, 65, 4096, 4097, USER_END >> PAGE_SHIFT};
	u64 before = drained_pages();

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long at[] = {0, sizes[i] / 2, sizes[i] - 1};
		struct memobj *obj = memobj_create(sizes[i]);
		struct page *page[3], *again;

		KTEST_EXPECT(obj);
		if (!obj)
			return;
		KTEST_EXPECT(!memobj_has_page(obj, at[2]));
		for (unsigned int j = 0; j < 3; j++) {
			KTEST_EXPECT_EQ(memobj_page(obj, at[j], &page[j]), 0);
			get_page(page[j]);
			KTEST_EXPECT(memobj_has_page(obj, at[j]));
			KTEST_EXPECT_EQ(memobj_page(obj, at[j], &again), 0);
			KTEST_EXPECT(page[j] == again);
		}
		KTEST_EXPECT_EQ(page[0] == page[2], at[0] == at[2]);
		KTEST_EXPECT_EQ(memobj_page(obj, sizes[i], &again), -ENXIO);
		KTEST_EXPECT(!memobj_has_page(obj, sizes[i]));
		/* A page outlives its object while somebody has it. */
		memobj_get(obj);
		memobj_put(obj);
		memobj_put(obj);
		for (unsigned int j = 0; j < 3; j++)
			put_page(page[j]);
	}
	KTEST_EXPECT_EQ(drained_pages(), before);
}

static struct memobj *object;
static u32 makers; /* A: pages that a CPU was the first to see */

static void touch_object(u64 *random)
{
	for (unsigned int i = 0; i < 200; i++) {
		unsigned long index = next_random(random) % 256;
		struct page *page;

		KTEST_EXPECT_EQ(memobj_page(object, index, &page), 0);
		if (atomic_xchg((u64 *)page_address(page), index + 1) == 0)
			(void)atomic_add_return(&makers, 1);
	}
}

KTEST(shared, all_cpus_touch_one_object)
{
	u64 before = drained_pages();
	unsigned int there = 0;

	makers = 0;
	object = memobj_create(256);
	KTEST_EXPECT(object);
	if (!object)
		return;
	on_all_cpus(touch_object);
	for (unsigned long i = 0; i < 256; i++)
		there += memobj_has_page(object, i);
	/* Each page was made once. */
	KTEST_EXPECT_EQ(makers, there);
	memobj_put(object);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(zeropage, readers_share_it_writers_do_not)
{
	u64 before = drained_pages();
	struct mm_struct *mm = mm_alloc(), *child;
	struct page *zero;

	KTEST_EXPECT(mm && map_fixed(mm, BASE, PAGES, RW) == (long)BASE);
	if (!mm)
		return;
	for (unsigned int n = 0; n < PAGES; n++)
		KTEST_EXPECT_EQ(*word_of(mm, n, 0), 0);
	zero = phys_to_page(pte_phys(entry_of(mm, page_va(0))));
	KTEST_EXPECT(is_zero_page(zero));
	KTEST_EXPECT_EQ(zero->refcount, 1);
	for (unsigned int n = 0; n < PAGES; n++)
		KTEST_EXPECT_EQ(entry_of(mm, page_va(n)), entry_of(mm, page_va(0)));
	expect_sound_mm(mm);
	/* Nothing here is worth a copy. */
	child = mm_fork(mm);
	KTEST_EXPECT(child && child->resident == 0);
	*word_of(mm, 2, FAULT_WRITE) = 22;
	KTEST_EXPECT_EQ(*word_of(mm, 3, 0), 0);
	KTEST_EXPECT_EQ(*word_of(child, 2, 0), 0);
	mmput(child);
	/* Now there is one page to copy, and the rest comes along. */
	child = mm_fork(mm);
	KTEST_EXPECT(child && child->resident == PAGES);
	KTEST_EXPECT_EQ(*word_of(child, 2, 0), 22);
	*word_of(child, 3, FAULT_WRITE) = 33;
	KTEST_EXPECT_EQ(*word_of(mm, 3, 0), 0);
	/* Never executable or writable by way of it. */
	KTEST_EXPECT_EQ(do_mprotect(mm, BASE, PAGES * PAGE_SIZE, VMA_READ), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, page_va(4), FAULT_WRITE), -EFAULT);
	expect_sound_mm(mm);
	expect_sound_mm(child);
	mmput(child);
	mmput(mm);
	KTEST_EXPECT_EQ(zero->refcount, 1);
	KTEST_EXPECT_EQ(drained_pages(), before);
}
