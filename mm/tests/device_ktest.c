/*
 * Memory of devices in address spaces: the entries have the kind that was asked for and keep it, nothing is counted or
 * given to the page allocator, fork copies nothing. The memory is the text screen's, which nobody reads here.
 */
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "mm/memobj.h"
#include "mm/tests/check_ktest.h"
#include "mm/vma.h"

#define BASE   (GiB(1) - 2 * PAGE_SIZE) /* over a border of tables at two levels */
#define SCREEN 0xb8000UL
#define PAGES  4
#define RW     (VMA_READ | VMA_WRITE)
#define KINDS  (PTE_DEVICE | PTE_SPECIAL | PTE_CACHE_KIND)

static struct mm_struct *space_with(struct memobj *obj)
{
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT(mm && do_mmap_object(mm, BASE, PAGES * PAGE_SIZE, RW, MAP_SHARED | MAP_FIXED,
					  obj, 0) == (long)BASE);
	return mm;
}

static void expect_entry(struct mm_struct *mm, unsigned int n, u64 kind)
{
	pte_t e = entry_of(mm, BASE + n * PAGE_SIZE);

	KTEST_EXPECT_EQ(pte_phys(e), SCREEN + n * PAGE_SIZE);
	KTEST_EXPECT_EQ(e & KINDS, PTE_DEVICE | PTE_SPECIAL | kind);
	KTEST_EXPECT((e & PTE_P) && pte_writable(e));
}

KTEST(device, entries_have_the_kind_and_keep_it)
{
	static const u64 kinds[] = {PTE_UNCACHED, PTE_WRITE_COMBINING, PTE_WRITE_BACK};
	u64 before = drained_pages();

	for (unsigned int k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct memobj *obj = memobj_create_device(SCREEN, PAGES, kinds[k]);
		struct mm_struct *mm;

		KTEST_EXPECT(!IS_ERR(obj));
		if (IS_ERR(obj))
			return;
		mm = space_with(obj);
		for (unsigned int i = 0; i < PAGES; i++) {
			KTEST_EXPECT_EQ(mm_fault(mm, BASE + i * PAGE_SIZE, i & 1 ? FAULT_WRITE : 0),
					0);
			expect_entry(mm, i, kinds[k]);
		}
		KTEST_EXPECT_EQ(do_mprotect(mm, BASE, PAGES * PAGE_SIZE, 0), 0);
		KTEST_EXPECT(!(entry_of(mm, BASE) & PTE_P));
		KTEST_EXPECT_EQ(do_mprotect(mm, BASE, PAGES * PAGE_SIZE, RW), 0);
		for (unsigned int i = 0; i < PAGES; i++)
			expect_entry(mm, i, kinds[k]);
		KTEST_EXPECT_EQ(mm->resident, 0);
		expect_sound_mm(mm);
		KTEST_EXPECT_EQ(do_munmap(mm, BASE, PAGE_SIZE), 0);
		expect_sound_mm(mm);
		memobj_put(obj);
		mmput(mm);
	}
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(device, fork_copies_nothing)
{
	struct memobj *obj = memobj_create_device(SCREEN, PAGES, PTE_UNCACHED);
	struct mm_struct *parent, *child;

	KTEST_EXPECT(!IS_ERR(obj));
	if (IS_ERR(obj))
		return;
	parent = space_with(obj);
	KTEST_EXPECT_EQ(mm_fault(parent, BASE, FAULT_WRITE), 0);
	child = mm_fork(parent);
	KTEST_EXPECT(child);
	KTEST_EXPECT_EQ(entry_of(child, BASE), 0);
	expect_entry(parent, 0, PTE_UNCACHED);
	KTEST_EXPECT_EQ(mm_fault(child, BASE, FAULT_WRITE), 0);
	expect_entry(child, 0, PTE_UNCACHED);
	mmput(parent);
	expect_entry(child, 0, PTE_UNCACHED);
	mmput(child);
	memobj_put(obj);
}

/* Never of two kinds; the last that knows an object lets the other kind in. */
KTEST(device, one_kind_at_a_time)
{
	struct memobj *a = memobj_create_device(SCREEN, PAGES, PTE_UNCACHED), *b;
	struct page *page;

	KTEST_EXPECT(!IS_ERR(a));
	b = memobj_create_device(SCREEN + (PAGES - 1) * PAGE_SIZE, 2, PTE_WRITE_BACK);
	KTEST_EXPECT_EQ(PTR_ERR(b), -EBUSY);
	b = memobj_create_device(SCREEN, 1, PTE_UNCACHED);
	KTEST_EXPECT(!IS_ERR(b));
	memobj_put(a);
	KTEST_EXPECT_EQ(PTR_ERR(memobj_create_device(SCREEN, 1, PTE_WRITE_BACK)), -EBUSY);
	/* It has no pages for anybody. */
	KTEST_EXPECT_EQ(memobj_page(b, 0, &page), -ENXIO);
	memobj_put(b);
	a = memobj_create_device(SCREEN, 1, PTE_WRITE_BACK);
	KTEST_EXPECT(!IS_ERR(a));
	memobj_put(a);
}
