/*
 * Huge pages of private anonymous memory: 2 MiB behind one entry of a level-2 table.
 *
 *	vma_wants_huge()	whether a mapping asks for them: madvise(MADV_HUGEPAGE), MAP_HUGETLB
 *	huge_fault()		a first touch or a write, where a page may be huge
 *	huge_get() huge_put()	entries that map a whole huge page
 *	huge_split_borders()	before something is done to a part of one
 *	vma_isolate()		both borders of a range: mappings and huge pages
 *
 * Counts. A huge page is a block of 512 pages, each with a count of its own, as if it stood alone.
 * The level-2 entries that map the block, one in each address space, together hold one reference to
 * each of the 512; how many such entries there are is huge_count in the first struct page. An entry
 * that is split turns into 512 ordinary ones with a reference each, which the group of the others
 * goes on without; the last entry of the group hands the group's references over. So a page of a
 * block that was split here and not there has one count that is right for both, and no list of
 * mappings is needed to find out who else has a part.
 *
 * Rules. A huge page lies in one mapping as a whole: who makes a border of mappings splits first. All
 * under mmap_lock. MADV_HUGEPAGE is a wish: where there is no free block, or a page is there already,
 * pages are small. MAP_HUGETLB is a promise that is kept at the touch: no page is reserved, nothing
 * is ever split, and who touches what cannot be had gets SIGBUS, as on Linux with MAP_NORESERVE.
 *
 * What it does not do: make small pages into a huge one.
 */
#ifndef MM_HUGE_H
#define MM_HUGE_H

#include "mm/mm.h"
#include "mm/pgtable.h"

#define HUGE_ORDER 9u
#define HUGE_PAGES (1u << HUGE_ORDER)
#define HUGE_SIZE  (PAGE_SIZE * HUGE_PAGES)
#define HUGE_LEVEL 2u

/*
 * Whether an entry of a user table, at whatever level, maps a huge page: in a 4 KiB entry the bit is
 * PAT, which no user page has.
 */
static inline bool pte_huge(pte_t e)
{
	return e & PTE_PS;
}

static inline bool vma_wants_huge(const struct vma *vma)
{
	return vma->flags & (VMA_HUGEPAGE | VMA_HUGETLB);
}

/* huge_fault(): small pages will do. */
#define HUGE_NOT 1

/*
 * Makes `va`, which the mapping allows to be accessed so, accessible through a huge page, or finds
 * that it is none of its business: HUGE_NOT. 0; -ENOMEM; -ENXIO: MAP_HUGETLB, and there is no block.
 * A shared page that is written to is split (HUGE_NOT), and copied as a whole for MAP_HUGETLB.
 */
int huge_fault(struct mm_struct *mm, struct vma *vma, unsigned long va, unsigned long access);

/* One more entry maps the block whose first page this is; the caller has one that does. */
void huge_get(struct page *head);

/* An entry is gone that did, from every TLB too. The last one gives the group's references up. */
void huge_put(struct page *head);

/*
 * No huge page reaches over `start` or `end` afterwards. 0; -ENOMEM: one still does, and nothing
 * has changed for anybody.
 */
int huge_split_borders(struct mm_struct *mm, unsigned long start, unsigned long end);

/* The same for each huge page that has a part in the range: none is left. 0 or -ENOMEM. */
int huge_split_range(struct mm_struct *mm, unsigned long start, unsigned long end);

/*
 * vma_split_at_borders() and huge_split_borders(). 0; -ENOMEM; -EINVAL: a border would be in the
 * middle of a huge page of MAP_HUGETLB.
 */
int vma_isolate(struct mm_struct *mm, unsigned long start, unsigned long end);

/* vma_choose_address() for what has huge pages: a multiple of their size. */
unsigned long huge_choose_address(struct mm_struct *mm, unsigned long hint, size_t len);

/*
 * The length of the mapping that MAP_HUGETLB asks for by `len`: whole pages of the size in `flags`.
 * -EINVAL: no such size, or nothing; -ENOMEM: too much, or of 1 GiB, or to be shared: of these there are
 * none, as on a Linux that has reserved none.
 */
long huge_mmap_length(size_t len, unsigned long flags);

#endif
