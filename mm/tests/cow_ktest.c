/*
 * Copy on write: after a fork both sides have the same page, writable in neither; the first writer
 * gets a copy, the last one keeps the page. Random generations of forks are compared with arrays of
 * what each space must read.
 */
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/base/string.h"
#include "mm/buddy.h"
#include "mm/memobj.h"
#include "mm/tests/check_ktest.h"

#define BASE  (MiB(2) * 7 - 3 * PAGE_SIZE) /* over a border of tables */
#define PAGES 8
#define RW    (VMA_READ | VMA_WRITE)

static unsigned long page_va(unsigned int n)
{
	return BASE + n * PAGE_SIZE;
}

static struct page *page_of(struct mm_struct *mm, unsigned int n)
{
	pte_t e = entry_of(mm, page_va(n));

	return pte_present(e) ? phys_to_page(pte_phys(e)) : NULL;
}

static bool writable(struct mm_struct *mm, unsigned int n)
{
	return pte_writable(entry_of(mm, page_va(n)));
}

static void write_page(struct mm_struct *mm, unsigned int n, u64 value)
{
	u64 *page;

	KTEST_EXPECT_EQ(mm_fault(mm, page_va(n), FAULT_WRITE), 0);
	KTEST_EXPECT(writable(mm, n));
	page = mm_page_address(mm, page_va(n));
	/* First and last word: the whole page is copied. */
	if (page)
		page[0] = page[PT_ENTRIES - 1] = value;
}

static u64 read_page(struct mm_struct *mm, unsigned int n)
{
	const u64 *page;

	KTEST_EXPECT_EQ(mm_fault(mm, page_va(n), 0), 0);
	page = mm_page_address(mm, page_va(n));
	if (!page)
		return ~0UL;
	KTEST_EXPECT_EQ(page[0], page[PT_ENTRIES - 1]);
	return page[0];
}

static struct mm_struct *new_space(void)
{
	struct mm_struct *mm = mm_alloc();

	KTEST_EXPECT(mm && map_fixed(mm, BASE, PAGES, RW) == (long)BASE);
	return mm;
}

KTEST(cow, fork_shares_and_writing_separates)
{
	u64 before = drained_pages();
	struct mm_struct *parent = new_space(), *child;
	struct page *shared;

	for (unsigned int n = 0; n < PAGES - 1; n++)
		write_page(parent, n, n + 100);
	child = mm_fork(parent);
	KTEST_EXPECT(child);
	if (!child)
		return;
	KTEST_EXPECT_EQ(child->resident, PAGES - 1);
	for (unsigned int n = 0; n < PAGES - 1; n++) {
		shared = page_of(parent, n);
		KTEST_EXPECT_EQ(page_of(child, n), shared);
		KTEST_EXPECT_EQ(shared->refcount, 2);
		KTEST_EXPECT(!writable(parent, n) && !writable(child, n));
		KTEST_EXPECT_EQ(read_page(child, n), n + 100);
	}
	/* What was never touched is nobody's. */
	KTEST_EXPECT(!page_of(child, PAGES - 1));

	shared = page_of(parent, 0);
	write_page(child, 0, 200);
	KTEST_EXPECT(page_of(child, 0) != shared);
	KTEST_EXPECT_EQ(page_of(parent, 0), shared);
	KTEST_EXPECT_EQ(read_page(parent, 0), 100);
	/* The other side is the only one left: it keeps the page. */
	KTEST_EXPECT_EQ(shared->refcount, 1);
	write_page(parent, 0, 300);
	KTEST_EXPECT_EQ(page_of(parent, 0), shared);
	KTEST_EXPECT_EQ(read_page(child, 0), 200);

	/* The parent first; and a side that goes away. */
	write_page(parent, 1, 301);
	KTEST_EXPECT_EQ(read_page(child, 1), 101);
	shared = page_of(parent, 2);
	mmput(parent);
	KTEST_EXPECT_EQ(shared->refcount, 1);
	KTEST_EXPECT_EQ(read_page(child, 2), 102);
	expect_sound_mm(child);
	mmput(child);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(cow, rights_come_with_the_mapping)
{
	struct mm_struct *parent = new_space(), *child;

	write_page(parent, 0, 1);
	write_page(parent, 1, 2);
	write_page(parent, 2, 3);
	KTEST_EXPECT_EQ(do_mprotect(parent, page_va(0), PAGE_SIZE, VMA_READ), 0);
	KTEST_EXPECT_EQ(do_mprotect(parent, page_va(1), PAGE_SIZE, 0), 0);
	child = mm_fork(parent);
	KTEST_EXPECT(child);
	if (!child)
		return;
	KTEST_EXPECT_EQ(mm_fault(child, page_va(0), FAULT_WRITE), -EFAULT);
	KTEST_EXPECT_EQ(mm_fault(child, page_va(1), 0), -EFAULT);
	expect_sound_mm(child);
	/* Writable again in the child only: its writes must not reach the parent. */
	KTEST_EXPECT_EQ(do_mprotect(child, BASE, PAGES * PAGE_SIZE, RW), 0);
	KTEST_EXPECT(!writable(child, 0) && !writable(child, 1));
	KTEST_EXPECT_EQ(read_page(child, 1), 2);
	for (unsigned int n = 0; n < 3; n++)
		write_page(child, n, n + 50);
	KTEST_EXPECT_EQ(do_mprotect(parent, BASE, PAGES * PAGE_SIZE, VMA_READ), 0);
	for (unsigned int n = 0; n < 3; n++)
		KTEST_EXPECT_EQ(read_page(parent, n), n + 1);
	expect_sound_mm(parent);
	expect_sound_mm(child);
	mmput(child);
	mmput(parent);
}

/* A file's pages are shared without being counted, and copied by the first write. */
KTEST(cow, file_pages)
{
	u64 before = drained_pages();
	struct page *file[2] = {alloc_page(GFP_KERNEL), alloc_page(GFP_KERNEL)};
	struct memobj *object = memobj_create(2);
	/* One page and 100 bytes of file; zero behind. */
	const struct mm_segment segment = {
		.start = BASE,
		.end = BASE + 3 * PAGE_SIZE,
		.flags = RW,
		.obj = object,
		.obj_origin = BASE,
		.file_start = BASE,
		.file_end = BASE + PAGE_SIZE + 100,
	};
	struct mm_struct *mm = mm_alloc();
	u8 *copy;

	KTEST_EXPECT(mm && object && file[0] && file[1]);
	memset(page_address(file[0]), 0x11, PAGE_SIZE);
	memset(page_address(file[1]), 0x22, PAGE_SIZE);
	for (unsigned int i = 0; i < 2; i++)
		KTEST_EXPECT_EQ(memobj_add_page(object, i, file[i]), 0);
	KTEST_EXPECT_EQ(mm_map_segment(mm, &segment), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, 0), 0);
	KTEST_EXPECT_EQ(page_of(mm, 0), file[0]);
	KTEST_EXPECT(!writable(mm, 0));
	KTEST_EXPECT_EQ(file[0]->refcount, 1);
	expect_sound_mm(mm);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, FAULT_WRITE), 0);
	KTEST_EXPECT(page_of(mm, 0) != file[0] && writable(mm, 0));
	copy = mm_page_address(mm, BASE);
	KTEST_EXPECT(copy[0] == 0x11 && copy[PAGE_SIZE - 1] == 0x11);
	/* The page that is the file's in part is a copy from the start. */
	KTEST_EXPECT_EQ(mm_fault(mm, BASE + PAGE_SIZE, 0), 0);
	KTEST_EXPECT(page_of(mm, 1) != file[1]);
	copy = mm_page_address(mm, BASE + PAGE_SIZE);
	KTEST_EXPECT(copy[99] == 0x22 && copy[100] == 0 && copy[PAGE_SIZE - 1] == 0);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE + 2 * PAGE_SIZE, 0), 0);
	copy = mm_page_address(mm, BASE + 2 * PAGE_SIZE);
	KTEST_EXPECT(copy[0] == 0 && copy[PAGE_SIZE - 1] == 0);
	expect_sound_mm(mm);
	mmput(mm);
	KTEST_EXPECT_EQ(file[0]->refcount, 1);
	KTEST_EXPECT_EQ(file[1]->refcount, 1);
	KTEST_EXPECT_EQ(((u8 *)page_address(file[1]))[100], 0x22);
	memobj_put(object);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* All of a private mapping is the object's: also where it grows, and nothing behind the object. */
KTEST(cow, whole_object)
{
	u64 before = drained_pages();
	struct memobj *object = memobj_create(3);
	const struct mm_segment segment = {
		.start = BASE,
		.end = BASE + 2 * PAGE_SIZE,
		.flags = RW,
		.obj = object,
		.obj_origin = BASE - PAGE_SIZE,
	};
	struct mm_struct *mm = mm_alloc(), *child;
	unsigned long moved = BASE + 64 * PAGE_SIZE;
	struct page *page;

	KTEST_EXPECT(mm && object);
	KTEST_EXPECT_EQ(mm_map_segment(mm, &segment), 0);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, 0), 0);
	KTEST_EXPECT_EQ(memobj_page(object, 1, &page), 0);
	KTEST_EXPECT_EQ(page_of(mm, 0), page);
	KTEST_EXPECT_EQ(page->refcount, 1);
	/* The mappings keep it alone: in the child, whose parent has gone, too. */
	memobj_put(object);
	child = mm_fork(mm);
	KTEST_EXPECT(child);
	mmput(mm);
	KTEST_EXPECT_EQ(page_of(child, 0), page);
	KTEST_EXPECT_EQ(mm_fault(child, BASE, FAULT_WRITE), 0);
	KTEST_EXPECT(page_of(child, 0) != page);
	KTEST_EXPECT_EQ(do_mremap(child, BASE, 2 * PAGE_SIZE, 3 * PAGE_SIZE,
				  MREMAP_MAYMOVE | MREMAP_FIXED, moved),
			(long)moved);
	KTEST_EXPECT_EQ(mm_fault(child, moved + PAGE_SIZE, 0), 0);
	KTEST_EXPECT_EQ(mm_fault(child, moved + 2 * PAGE_SIZE, 0), -ENXIO);
	expect_sound_mm(child);
	mmput(child);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* --- random generations --- */

#define SPACES 6

static struct {
	struct mm_struct *mm;
	u64 value[PAGES];
} family[SPACES];

static void expect_family(void)
{
	for (unsigned int s = 0; s < SPACES; s++)
		for (unsigned int n = 0; family[s].mm && n < PAGES; n++)
			KTEST_EXPECT_EQ(read_page(family[s].mm, n), family[s].value[n]);
}

/* Each page has as many references as there are spaces that map it. */
static void expect_references(void)
{
	for (unsigned int s = 0; s < SPACES; s++) {
		for (unsigned int n = 0; family[s].mm && n < PAGES; n++) {
			struct page *page = page_of(family[s].mm, n);
			u32 users = 0;

			for (unsigned int o = 0; o < SPACES; o++)
				users += family[o].mm && page_of(family[o].mm, n) == page;
			/* The zero page is not counted, however many map it. */
			if (page && is_zero_page(page))
				users = 1;
			KTEST_EXPECT_EQ(page ? page->refcount : 0, users);
		}
	}
}

KTEST(cow, random_generations)
{
	u64 before = drained_pages();

	memset(family, 0, sizeof(family));
	family[0].mm = new_space();
	for (unsigned int i = 0; i < 1500; i++) {
		unsigned int s = (unsigned int)(ktest_random() % SPACES);
		unsigned int o = (unsigned int)(ktest_random() % SPACES);
		unsigned int n = (unsigned int)(ktest_random() % PAGES);

		if (!family[s].mm)
			continue;
		if (!family[o].mm) {
			family[o] = family[s];
			family[o].mm = mm_fork(family[s].mm);
			KTEST_EXPECT(family[o].mm);
		} else if (o != s && i % 5 == 0) {
			mmput(family[o].mm);
			family[o].mm = NULL;
		} else {
			family[s].value[n] = ktest_random();
			write_page(family[s].mm, n, family[s].value[n]);
		}
		expect_family();
		expect_references();
	}
	for (unsigned int s = 0; s < SPACES; s++) {
		if (!family[s].mm)
			continue;
		expect_sound_mm(family[s].mm);
		mmput(family[s].mm);
	}
	KTEST_EXPECT_EQ(drained_pages(), before);
}
