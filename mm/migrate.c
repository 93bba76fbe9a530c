/*
 * Moving pages of processes: see migrate.h.
 *
 * A bottom table at a time: the entries are put out of everybody's reach (PTE_NONE), all CPUs that may
 * have the old translation drop it, then each page is copied, and its entry leads to the copy. Who
 * writes to the page before the flush is seen by the copy; who wants to after it faults, and waits for
 * mmap_lock, which is held all the time.
 */
#include "mm/migrate.h"

#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/racepoint.h"
#include "mm/buddy.h"
#include "mm/pagezero.h"
#include "mm/pgtable.h"
#include "mm/tlb.h"
#include "mm/vma.h"

/* What must be left for everybody else: 4 MiB. */
#define RESERVE_PAGES 1024

struct vacate {
	struct mm_struct *mm;
	u64 first, end; /* page frame numbers */
	int error;
};

static bool must_move(const struct vacate *v, pte_t e)
{
	u64 pfn = pte_phys(e) >> PAGE_SHIFT;

	return pte_present(e) && !(e & PTE_SPECIAL) && pfn >= v->first && pfn < v->end;
}

/* The entry is out of reach, whatever it was before. */
static void move_one(struct vacate *v, pte_t *entry, pte_t old)
{
	struct page *from = phys_to_page(pte_phys(old)), *to = alloc_page(GFP_MOVABLE);

	if (!to) {
		v->error = -ENOMEM;
		WRITE_ONCE(*entry, old);
		return;
	}
	copy_page(page_address(to), page_address(from));
	RACE_POINT(migrate_copied);
	WRITE_ONCE(*entry, pte_make(page_to_phys(to), old & ~PTE_PHYS_MASK));
	put_page(from);
}

static void move_entries(pte_t *entry, unsigned int n, unsigned long va, void *arg)
{
	struct vacate *v = arg;
	DECLARE_BITMAP(was_mapped, PT_ENTRIES) = {0};
	bool any = false;

	/* Rather no move at all than processes that die of it. */
	if (v->error || nr_free_pages() < n + RESERVE_PAGES) {
		v->error = -ENOMEM;
		return;
	}
	for (unsigned int i = 0; i < n; i++) {
		pte_t e = READ_ONCE(entry[i]);

		if (!must_move(v, e))
			continue;
		any = true;
		if (e & PTE_P)
			__set_bit(i, was_mapped);
		if (!MUTANT(migrate_in_reach))
			WRITE_ONCE(entry[i], pte_out_of_reach(e));
	}
	if (!any)
		return;
	tlb_flush_mm(v->mm, va, va + n * PAGE_SIZE);
	for (unsigned int i = 0; i < n; i++) {
		pte_t e = READ_ONCE(entry[i]);

		if (!must_move(v, e))
			continue;
		if (was_mapped[BIT_WORD_INDEX(i)] & BIT_IN_WORD(i))
			e = pte_in_reach(e);
		move_one(v, &entry[i], e);
	}
}

/* Larger pages are not movable. */
static void leave_large(pte_t *entry, unsigned long va, void *arg)
{
	(void)entry;
	(void)va;
	(void)arg;
}

int mm_vacate(struct mm_struct *mm, u64 first, u64 end)
{
	static const struct pt_range_ops ops = {.leaf = leave_large, .entries = move_entries};
	struct vacate v = {.mm = mm, .first = first, .end = end};
	struct vma *vma;

	mutex_lock(&mm->mmap_lock);
	list_for_each_entry (vma, &mm->vmas, node)
		if (!(vma->flags & VMA_SHARED))
			pt_walk_range(mm->root->pgd, vma->start, vma->end, &ops, &v);
	mutex_unlock(&mm->mmap_lock);
	return v.error;
}
