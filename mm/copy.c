/*
 * Fork's part in the page tables: both sides map the same pages, read-only until one of them writes.
 *
 * Only what the child could not find again by itself is copied: the pages that a private mapping
 * has for its own. An object's pages, a file's and the zero page come with a fault; but where a
 * mapping is small, its entries are copied all the same, since a fault costs more than they all do.
 */
#include "kernel/base/errno.h"
#include "mm/huge.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "mm/tlb.h"
#include "mm/vma.h"

/* Entries that cost about as much as one fault. */
#define FEW_PAGES 32

struct copy_pages {
	struct mm_struct *new;
	struct tlb_batch *batch; /* what became read-only in the old one */
	int error;
};

static void copy_entries(pte_t *entry, unsigned int n, unsigned long va, void *arg)
{
	struct copy_pages *c = arg;
	pte_t *to = NULL;
	int copied = 0;

	for (unsigned int i = 0; i < n; i++) {
		pte_t e = entry[i];

		if (!pte_present(e))
			continue;
		if (!to) {
			to = c->error ? NULL : pt_walk(c->new->root->pgd, va, 1, true);
			if (!to) {
				c->error = -ENOMEM;
				return;
			}
		}
		if (pte_writable(e)) {
			e &= ~PTE_W;
			WRITE_ONCE(entry[i], e);
			tlb_batch_add(c->batch, va + i * PAGE_SIZE);
		}
		if (!(e & PTE_SPECIAL))
			get_page(phys_to_page(pte_phys(e)));
		WRITE_ONCE(to[i], e);
		copied++;
	}
	if (copied) {
		pt_count_add(to, copied);
		c->new->resident += (unsigned long)copied;
	}
}

static void copy_huge(pte_t *entry, unsigned long va, void *arg)
{
	struct copy_pages *c = arg;
	pte_t *to = c->error ? NULL : pt_walk(c->new->root->pgd, va, HUGE_LEVEL, true);
	pte_t e = *entry;

	if (!to) {
		c->error = -ENOMEM;
		return;
	}
	if (pte_writable(e)) {
		e &= ~PTE_W;
		WRITE_ONCE(*entry, e);
		tlb_batch_add(c->batch, va);
	}
	huge_get(phys_to_page(pte_phys(e)));
	pt_set(to, e);
	c->new->resident += HUGE_PAGES;
}

static bool must_copy(const struct vma *vma)
{
	if (vma->flags & VMA_SHARED)
		return false;
	return vma->own_pages || (vma->obj && vma->end - vma->start <= FEW_PAGES * PAGE_SIZE);
}

int vma_copy_pages(struct mm_struct *new, struct mm_struct *old, const struct vma *vma,
		   struct tlb_batch *batch)
{
	static const struct pt_range_ops ops = {.entries = copy_entries, .leaf = copy_huge};
	struct copy_pages c = {.new = new, .batch = batch};

	if (must_copy(vma))
		pt_walk_range(old->root->pgd, vma->start, vma->end, &ops, &c);
	return c.error;
}
