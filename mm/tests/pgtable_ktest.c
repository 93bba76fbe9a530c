/*
 * The page-table walker: counts of present entries against a recount, the visits of a range against
 * a bitmap, tables that come back empty and all zero, kernel mappings that fail half-way.
 */
#include "mm/pgtable.h"

#include "arch/mmu.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/base/string.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/tests/check_ktest.h"
#include "mm/vmalloc.h"

#define WINDOW 96 /* pages, around a border of root slots */
#define BASE   (ROOT_SLOT_SIZE - WINDOW / 2 * PAGE_SIZE)
#define SIDE   (PT_ROOT_LEVEL - 1) /* tables on either side of it */

/* Leaves of these tests name no page that anybody counts. */
static pte_t leaf_for(unsigned long va)
{
	return pte_make(va & PTE_PHYS_MASK, PROT_USER_R | PTE_SPECIAL);
}

struct visits {
	DECLARE_BITMAP(seen, WINDOW);
	unsigned int leaves, tables;
	bool remove;
};

static void visit_leaf(pte_t *entry, unsigned long va, void *arg)
{
	struct visits *v = arg;

	KTEST_EXPECT_EQ(*entry & ~(PTE_A | PTE_D), leaf_for(va) & ~(PTE_A | PTE_D));
	KTEST_EXPECT(va >= BASE && va < BASE + WINDOW * PAGE_SIZE);
	__set_bit((unsigned int)((va - BASE) >> PAGE_SHIFT) % WINDOW, v->seen);
	v->leaves++;
	if (v->remove)
		pt_clear(entry);
}

static void visit_empty_table(pte_t *entry, unsigned int level, void *arg)
{
	struct visits *v = arg;
	struct page *table = phys_to_page(pte_phys(*entry));

	KTEST_EXPECT_EQ(table->pt_count, 0);
	v->tables++;
	if (level == PT_ROOT_LEVEL)
		*entry = 0;
	else
		pt_clear(entry);
	pt_table_free(table);
}

static const struct pt_range_ops just_leaves = {.leaf = visit_leaf};
static const struct pt_range_ops leaves_and_tables = {.leaf = visit_leaf,
						      .table_empty = visit_empty_table};

/* Present entries of every table below a root, against its count. Returns the tables. */
static unsigned int recount(pte_t *table, unsigned int level)
{
	unsigned int present = 0, tables = 0;

	for (unsigned int i = 0; i < (level == PT_ROOT_LEVEL ? ROOT_KERNEL : PT_ENTRIES); i++) {
		if (!pte_present(table[i]))
			continue;
		present++;
		if (level > 1)
			tables += 1 + recount(pte_table(table[i]), level - 1);
	}
	if (level < PT_ROOT_LEVEL)
		KTEST_EXPECT_EQ(virt_to_page(table)->pt_count, present);
	return tables;
}

/* Sets or clears random pages of the window, in the tables and in `want`. */
static void change_randomly(pte_t *root, unsigned long *want, unsigned int steps)
{
	for (unsigned int i = 0; i < steps; i++) {
		unsigned int n = (unsigned int)(ktest_random() % WINDOW);
		unsigned long va = BASE + n * PAGE_SIZE;
		pte_t *entry = pt_walk(root, va, 1, true);

		KTEST_EXPECT(entry);
		if (!entry)
			return;
		KTEST_EXPECT_EQ(pte_present(*entry), test_bit(n, want));
		if (test_bit(n, want)) {
			pt_clear(entry);
			__clear_bit(n, want);
		} else {
			pt_set(entry, leaf_for(va));
			/* Setting it again counts nothing. */
			pt_set(entry, leaf_for(va));
			__set_bit(n, want);
		}
	}
}

KTEST(pgtable, counts_and_visits)
{
	DECLARE_BITMAP(want, WINDOW) = {0};
	struct mm_struct *mm = mm_alloc();
	pte_t *root;

	KTEST_EXPECT(mm);
	if (!mm)
		return;
	root = mm->root->pgd;
	for (unsigned int round = 0; round < 60; round++) {
		unsigned int from = (unsigned int)(ktest_random() % WINDOW);
		unsigned int to = from + 1 + (unsigned int)(ktest_random() % (WINDOW - from));
		struct visits all = {0}, part = {0};

		change_randomly(root, want, 40);
		/* The root has no count. */
		KTEST_EXPECT(recount(root, PT_ROOT_LEVEL) <= 2 * SIDE);
		pt_walk_range(root, BASE, BASE + WINDOW * PAGE_SIZE, &just_leaves, &all);
		KTEST_EXPECT(memcmp(all.seen, want, sizeof(want)) == 0);
		pt_walk_range(root, BASE + from * PAGE_SIZE, BASE + to * PAGE_SIZE, &just_leaves,
			      &part);
		for (unsigned int n = 0; n < WINDOW; n++)
			KTEST_EXPECT_EQ(test_bit(n, part.seen),
					test_bit(n, want) && n >= from && n < to);
	}
	/* Everything out again: no table stays. */
	struct visits last = {.remove = true};

	pt_walk_range(root, BASE, BASE + WINDOW * PAGE_SIZE, &leaves_and_tables, &last);
	KTEST_EXPECT_EQ(last.tables, 2 * SIDE);
	KTEST_EXPECT_EQ(recount(root, PT_ROOT_LEVEL), 0);
	mmput(mm);
}

/* A table is freed when its last page goes, and not before. */
KTEST(pgtable, tables_go_with_their_last_page)
{
	struct mm_struct *mm = mm_alloc();
	unsigned long a = BASE, b = BASE + (WINDOW - 1) * PAGE_SIZE;
	struct visits v = {.remove = true};

	KTEST_EXPECT(mm);
	if (!mm)
		return;
	pt_set(pt_walk(mm->root->pgd, a, 1, true), leaf_for(a));
	pt_set(pt_walk(mm->root->pgd, a + PAGE_SIZE, 1, true), leaf_for(a + PAGE_SIZE));
	pt_set(pt_walk(mm->root->pgd, b, 1, true), leaf_for(b));
	KTEST_EXPECT_EQ(recount(mm->root->pgd, PT_ROOT_LEVEL), 2 * SIDE);
	pt_walk_range(mm->root->pgd, a, a + PAGE_SIZE, &leaves_and_tables, &v);
	KTEST_EXPECT_EQ(v.tables, 0);
	pt_walk_range(mm->root->pgd, a + PAGE_SIZE, a + 2 * PAGE_SIZE, &leaves_and_tables, &v);
	KTEST_EXPECT_EQ(v.tables, SIDE);
	KTEST_EXPECT_EQ(recount(mm->root->pgd, PT_ROOT_LEVEL), SIDE);
	KTEST_EXPECT(!pt_walk(mm->root->pgd, a, 1, false));
	pt_walk_range(mm->root->pgd, b, b + PAGE_SIZE, &leaves_and_tables, &v);
	KTEST_EXPECT_EQ(v.tables, 2 * SIDE);
	mmput(mm);
}

/* Whoever takes a table next finds it empty, though nobody zeroes it. */
KTEST(pgtable, freed_tables_are_zero)
{
	enum { TABLES = 100, TOUCHED = 40 };
	static struct page *tables[TABLES];
	struct mm_struct *mm = mm_alloc();
	unsigned int n;

	KTEST_EXPECT(mm);
	if (!mm)
		return;
	for (unsigned long i = 0; i < TOUCHED; i++) {
		unsigned long va = BASE - i * GiB(1);

		KTEST_EXPECT_EQ(map_fixed(mm, va, 3, VMA_READ | VMA_WRITE), va);
		KTEST_EXPECT_EQ(mm_fault(mm, va + PAGE_SIZE, FAULT_WRITE), 0);
	}
	expect_sound_mm(mm);
	for (unsigned long i = 0; i < TOUCHED; i += 2)
		KTEST_EXPECT_EQ(do_munmap(mm, BASE - i * GiB(1), 3 * PAGE_SIZE), 0);
	expect_sound_mm(mm);
	mmput(mm);
	for (n = 0; n < TABLES && (tables[n] = pt_table_alloc()); n++) {
		const u64 *words = page_address(tables[n]);
		u64 sum = 0;

		for (unsigned int i = 0; i < PT_ENTRIES; i++)
			sum |= words[i];
		KTEST_EXPECT_EQ(sum, 0);
		KTEST_EXPECT_EQ(tables[n]->pt_count, 0);
	}
	KTEST_EXPECT_EQ(n, TABLES);
	while (n > 0)
		pt_table_free(tables[--n]);
}

KTEST(pgtable, large_pages_end_the_walk)
{
	/* The direct map of this page lies in a large page. */
	unsigned long va =
		(unsigned long)phys_to_virt(ALIGN_DOWN(nr_managed_pages() / 2, 512) << PAGE_SHIFT);
	pte_t *entry = NULL;
	unsigned int level;

	KTEST_EXPECT(!pt_walk(swapper_pg_dir, va, 1, false));
	for (level = 2; level < PT_ROOT_LEVEL && !entry; level++)
		entry = pt_walk(swapper_pg_dir, va, level, false);
	KTEST_EXPECT(entry && pte_leaf(*entry, level - 1));
	KTEST_EXPECT_EQ(pt_walk(swapper_pg_dir, va, PT_ROOT_LEVEL, false),
			&swapper_pg_dir[root_slot(va)]);
}

/* kmap_pages() over a border between page tables of which the second is missing. */
KTEST(pgtable, kernel_mappings_fail_whole)
{
	unsigned long area = (unsigned long)vmalloc(PAGE_SIZE), va;
	struct page *pages[4];
	unsigned int n;

	KTEST_EXPECT(area);
	if (!area)
		return;
	/* The first border behind everything that was ever mapped; nobody else is running. */
	va = ALIGN_UP(area, pt_span(2));
	while (pt_walk(swapper_pg_dir, va, 1, false))
		va += pt_span(2);
	va -= 2 * PAGE_SIZE;
	for (n = 0; n < 4; n++)
		KTEST_EXPECT((pages[n] = alloc_page(GFP_KERNEL)) != NULL);
	drained_pages();
	alloc_fail_nth(1);
	KTEST_EXPECT_EQ(kmap_pages(va, pages, 4), -ENOMEM);
	KTEST_EXPECT_EQ(alloc_fail_left(), 0);
	for (n = 0; n < 2; n++)
		KTEST_EXPECT_EQ(*pt_walk(swapper_pg_dir, va + n * PAGE_SIZE, 1, false), 0);
	KTEST_EXPECT(!pt_walk(swapper_pg_dir, va + 2 * PAGE_SIZE, 1, false));
	KTEST_EXPECT_EQ(kmap_pages(va, pages, 4), 0);
	for (n = 0; n < 4; n++)
		KTEST_EXPECT_EQ(*pt_walk(swapper_pg_dir, va + n * PAGE_SIZE, 1, false),
				pte_make(page_to_phys(pages[n]), PROT_KERNEL_RW));
	kunmap_pages(va, 4);
	tlb_flush_kernel_all();
	for (n = 0; n < 4; n++)
		free_page(pages[n]);
	vfree((void *)area);
}
