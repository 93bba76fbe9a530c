/* What must hold inside address spaces: see space_check.h. */
#include "mm/tests/space_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mm/huge.h"
#include "mm/pgtable.h"
#include "mm/tests/space_host.h"
#include "mm/vma.h"

#define PAGES (MiB(64) / PAGE_SIZE)

static u32 mapped[PAGES]; /* small entries that map the page, in all spaces */
static u32 whole[PAGES];  /* huge ones, by the block's first page */
static unsigned long huge_seen;
static bool of_object[PAGES];
static const struct page *zero;

/* --- mappings --- */

static unsigned int height_of(const struct avl_node *node)
{
	return node ? node->height : 0;
}

static unsigned long check_tree(const struct avl_node *node, const struct list_head **at)
{
	unsigned long left, right;
	const struct vma *vma;

	if (!node)
		return 0;
	left = check_tree(node->left, at);
	vma = container_of(node, struct vma, tree);
	assert_ptr_equal(*at, &vma->node);
	*at = (*at)->next;
	right = check_tree(node->right, at);
	assert_int_equal(vma->max_gap, MAX(vma->gap, MAX(left, right)));
	assert_in_range(1 + height_of(node->left) - height_of(node->right), 0, 2);
	assert_true(!node->left || node->left->parent == node);
	assert_true(!node->right || node->right->parent == node);
	return vma->max_gap;
}

static void check_list(const struct mm_struct *mm)
{
	const struct list_head *at = mm->vmas.next;
	const struct vma *vma;
	unsigned long low = MMAP_MIN_ADDR;
	unsigned int n = 0;

	list_for_each_entry (vma, &mm->vmas, node) {
		assert_true(vma->start >= low && vma->start < vma->end && vma->end <= USER_END);
		assert_int_equal(vma->gap, vma->start - low);
		low = vma->end;
		n++;
	}
	assert_int_equal(mm->nr_vmas, n);
	check_tree(mm->vma_tree.top, &at);
	assert_ptr_equal(at, &mm->vmas);
}

/* Each page of the window is in the mapping that the model says, no more and no less. */
static void check_window(struct space *s)
{
	for (unsigned int n = 0; n < WINDOW; n++) {
		const struct model_page *page = &s->page[n];
		const struct vma *vma = find_vma(s->mm, page_va(n));

		assert_non_null(vma);
		assert_int_equal(vma->start <= page_va(n), page->kind != HOLE);
		if (page->kind == HOLE)
			continue;
		assert_int_equal(vma->flags, model_flags(page));
		assert_true(vma->huge || !(vma->flags & (VMA_HUGEPAGE | VMA_HUGETLB)) || vma->obj);
		assert_int_equal(!vma->obj, page->kind != SHARED && page->kind != FILE_);
		if (n + 1 == WINDOW)
			continue;
		if (!model_same(s, n))
			assert_int_equal(vma->end, page_va(n + 1));
		else if (!s->ragged)
			assert_true(vma->end > page_va(n + 1));
	}
}

/* --- page tables --- */

/* What the entry says of the page at `va`, be it small or a part of a huge one. */
static void check_page(struct space *s, unsigned long va, pte_t e)
{
	unsigned int n = (unsigned int)((va - WINDOW_START) / PAGE_SIZE);
	const struct model_page *model = &s->page[n];
	struct page *page = phys_to_page(pte_phys(e));
	const u64 *words = page_address(page);

	/* Nothing but the window is ever touched. */
	assert_true(va >= WINDOW_START && n < WINDOW);
	assert_true(model->kind != HOLE);
	assert_false(model_behind_end(s, n));
	assert_int_equal(words[0], model_read(s, n).first);
	if (!(model->kind == FILE_ && !model->own))
		assert_int_equal(words[PT_ENTRIES - 1], model_read(s, n).last);
	if (!model->prot) {
		assert_int_equal(e & (PTE_P | PTE_NONE), PTE_NONE);
	} else {
		assert_int_equal(e & (PTE_P | PTE_NONE | PTE_U), PTE_P | PTE_U);
		assert_true(!(e & PTE_W) || (model->prot & VMA_WRITE));
		assert_true((e & PTE_NX) || (model->prot & VMA_EXEC));
	}
}

static void check_small(struct space *s, unsigned long va, pte_t e)
{
	const struct model_page *model = &s->page[(va - WINDOW_START) / PAGE_SIZE];
	struct page *page = phys_to_page(pte_phys(e));

	check_page(s, va, e);
	assert_false(model->hugetlb);
	if (e & PTE_SPECIAL) {
		assert_false(e & PTE_W);
		assert_true(is_zero_page(page) || model->kind == FILE_);
		if (is_zero_page(page))
			zero = page;
		return;
	}
	mapped[page_to_pfn(page)]++;
	of_object[page_to_pfn(page)] = model->kind == SHARED;
	if ((e & PTE_W) && model->kind != SHARED)
		assert_int_equal(page->refcount, 1);
}

static void check_huge(struct space *s, unsigned long va, pte_t e)
{
	struct page *head = phys_to_page(pte_phys(e));

	assert_true(pte_huge(e) && !(e & PTE_SPECIAL) && IS_ALIGNED(va | pte_phys(e), HUGE_SIZE));
	for (unsigned int i = 0; i < HUGE_PAGES; i++)
		check_page(s, va + i * PAGE_SIZE, e + i * PAGE_SIZE);
	assert_true(!(e & PTE_W) || head->huge_count == 1);
	for (unsigned int i = 0; i < HUGE_PAGES && (e & PTE_W); i++)
		assert_int_equal(head[i].refcount, 1);
	whole[page_to_pfn(head)]++;
	huge_seen++;
}

/* Returns the pages below it. */
static unsigned long check_table(struct space *s, const pte_t *table, unsigned int level,
				 unsigned long base)
{
	unsigned int present = 0;
	unsigned long pages = 0;

	for (unsigned int i = 0; i < PT_ENTRIES; i++) {
		unsigned long va = base + i * pt_span(level);

		if (!pte_present(table[i]))
			continue;
		present++;
		if (!pte_leaf(table[i], level)) {
			pages += check_table(s, pte_table(table[i]), level - 1, va);
			continue;
		}
		assert_in_range(level, 1, HUGE_LEVEL);
		if (level == 1)
			check_small(s, va, table[i]);
		else
			check_huge(s, va, table[i]);
		pages += pt_span(level) / PAGE_SIZE;
	}
	/* An empty one is what a fault without success has left; it goes with its mapping. */
	if (level < PT_ROOT_LEVEL)
		assert_int_equal(virt_to_page(table)->pt_count, present);
	return pages;
}

static void check_references(void)
{
	for (unsigned int pfn = 0; pfn < PAGES; pfn++) {
		/* The huge entries together hold one reference to each page of their block. */
		u32 group = whole[ALIGN_DOWN(pfn, HUGE_PAGES)] != 0;

		if (mapped[pfn] || group)
			assert_int_equal(pfn_to_page(pfn)->refcount,
					 mapped[pfn] + of_object[pfn] + group);
		if (whole[pfn])
			assert_int_equal(pfn_to_page(pfn)->huge_count, whole[pfn]);
	}
}

void check_spaces(void)
{
	memset(mapped, 0, sizeof(mapped));
	memset(whole, 0, sizeof(whole));
	memset(of_object, 0, sizeof(of_object));
	for (unsigned int i = 0; i < SPACES; i++) {
		struct space *s = &spaces[i];

		if (!s->mm)
			continue;
		check_list(s->mm);
		check_window(s);
		assert_int_equal(check_table(s, s->mm->root->pgd, PT_ROOT_LEVEL, 0),
				 s->mm->resident);
		host_check_tlb(s);
		assert_int_equal(s->mm->brk, s->brk);
	}
	check_references();
}

unsigned long huge_pages_seen(void)
{
	return huge_seen;
}

void check_constant_pages(void)
{
	static const u64 zeroes[PT_ENTRIES];

	assert_non_null(zero);
	assert_memory_equal(page_address(zero), zeroes, PAGE_SIZE);
	assert_int_equal(zero->refcount, 1);
	for (unsigned int i = 0; i < FILE_PAGES; i++) {
		const u64 *words = page_address(host_file[i]);

		assert_int_equal(words[0], file_content(i).first);
		assert_int_equal(words[PT_ENTRIES - 1], file_content(i).last);
		assert_int_equal(host_file[i]->refcount, 1);
	}
}
