/*
 * Huge pages: see huge.h.
 *
 * Splitting. A level-2 entry is not overwritten by a table while a TLB may hold what it said: the
 * processor could then find a translation of 2 MiB and one of 4 KiB for the same address, and may use
 * either (SDM vol. 3A, 4.10.4.2, "page size"); several have an erratum by which that is a machine
 * check (Intel "iTLB multihit", CVE-2018-12207; AMD family 10h no. 383). So, in the SDM's order:
 *
 *	the table is filled, on the side, with the rights that the entry has
 *	the entry stops being present		whoever touches it now waits for mmap_lock
 *	the flush, on all CPUs			a lazy one's comes before it uses a user address
 *	one store puts the complete table in	a walker sees nothing, or all 512 entries
 *
 * A shared page that is written to is split and one small page copied, not 512: the writer is most
 * often a child that is about to exec, or its parent meanwhile, and neither may be made to wait for
 * 2 MiB, or to need a free block, because of one byte. What is lost is the huge page on that side.
 */
#include "mm/huge.h"

#include "arch/mmu.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/racepoint.h"
#include "mm/buddy.h"
#include "mm/pagezero.h"
#include "mm/tlb.h"
#include "mm/vma.h"

/* --- the block --- */

/* A block as 512 pages with a reference each, mapped by one entry. NULL: none is free. */
static struct page *huge_alloc(gfp_t gfp)
{
	struct page *head = alloc_pages(HUGE_ORDER, gfp);

	if (!head)
		return NULL;
	for (unsigned int i = 0; i < HUGE_PAGES; i++)
		head[i].state = PAGE_STATE_OWNED(0);
	head->huge_count = 1;
	return head;
}

/*
 * Whether nobody else has any of the 512 pages. To be asked by the holder of the group's references,
 * that is of its only entry or what is left of it: of a page that has no other reference nobody can
 * take one. (Partner of the plain load: the LOCKed decrement in put_page(), after which the other
 * side touches the page no more.)
 */
static bool pages_are_ours(const struct page *head)
{
	for (unsigned int i = 0; i < HUGE_PAGES; i++)
		if (READ_ONCE(head[i].refcount) != 1)
			return false;
	return true;
}

void huge_get(struct page *head)
{
	u32 old = atomic_fetch_add(&head->huge_count, 1);

	ASSERT_MSG(old != 0, "pfn %#llx: no entry maps it", (unsigned long long)page_to_pfn(head));
}

/* Back as the block that it was, if it is one again. */
static void put_group(struct page *head)
{
	if (!pages_are_ours(head)) {
		for (unsigned int i = 0; i < HUGE_PAGES; i++)
			put_page(head + i);
		return;
	}
	for (unsigned int i = 1; i < HUGE_PAGES; i++)
		head[i].state = 0;
	head->state = PAGE_STATE_OWNED(HUGE_ORDER);
	free_pages(head, HUGE_ORDER);
}

void huge_put(struct page *head)
{
	if (atomic_dec_and_test(&head->huge_count))
		put_group(head);
}

/* An entry has become 512 small ones: each gets its reference, from the group if we were all of it. */
static void count_small(struct page *head)
{
	if (READ_ONCE(head->huge_count) == 1) {
		/* Only we could have given it to somebody else: nobody is about to join. */
		head->huge_count = 0;
		return;
	}
	for (unsigned int i = 0; i < HUGE_PAGES && !MUTANT(huge_split_uncounted); i++)
		get_page(head + i);
	/* Others may be here too, each with references of its own: whoever is last gives the group's up. */
	RACE_POINT(huge_counted);
	huge_put(head);
}

/* --- splitting --- */

/* The level-2 entry of `va` if a huge page is behind it, else NULL. */
static pte_t *huge_entry(struct mm_struct *mm, unsigned long va)
{
	pte_t *entry = pt_walk(mm->root->pgd, va, HUGE_LEVEL, false);

	return entry && pte_present(*entry) && pte_huge(*entry) ? entry : NULL;
}

static void flush_huge(struct mm_struct *mm, unsigned long va)
{
	/* One INVLPG drops a page of any size (SDM vol. 3A, 4.10.4.1). */
	struct tlb_batch batch = {.n = 1, .va = {ALIGN_DOWN(va, HUGE_SIZE)}};

	tlb_flush_batch(mm, &batch);
}

/* 0 or -ENOMEM: as it was. */
static int split(struct mm_struct *mm, pte_t *entry, unsigned long va)
{
	struct page *table = pt_table_alloc(), *head;
	pte_t huge = READ_ONCE(*entry), *small;

	if (!table)
		return -ENOMEM;
	small = page_address(table);
	head = phys_to_page(pte_phys(huge));
	for (unsigned int i = 0; i < HUGE_PAGES; i++)
		small[i] = (huge & ~PTE_PS) + i * PAGE_SIZE;
	table->pt_count = HUGE_PAGES;
	if (huge & PTE_P && !MUTANT(huge_split_live)) {
		WRITE_ONCE(*entry, pte_out_of_reach(huge));
		flush_huge(mm, va);
	}
	RACE_POINT(huge_absent);
	/* The entries before the table that they are in. Partner: the processor's walk, in order. */
	smp_store_release(entry, pte_make(page_to_phys(table), PTE_USER_TABLE));
	count_small(head);
	return 0;
}

/* The mapping with possibly huge pages that reaches over `va` where a huge page could, or NULL. */
static const struct vma *huge_vma_over(struct mm_struct *mm, unsigned long va)
{
	const struct vma *vma = IS_ALIGNED(va, HUGE_SIZE) ? NULL : find_vma(mm, va);

	return vma && vma->huge && vma->start < va ? vma : NULL;
}

static int split_at(struct mm_struct *mm, unsigned long va)
{
	pte_t *entry = huge_vma_over(mm, va) ? huge_entry(mm, va) : NULL;

	return entry ? split(mm, entry, va) : 0;
}

int huge_split_borders(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	int error = split_at(mm, start);

	return error ? error : split_at(mm, end);
}

int huge_split_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	for (unsigned long va = start; va < end; va = ALIGN_DOWN(va, HUGE_SIZE) + HUGE_SIZE) {
		pte_t *entry = huge_entry(mm, va);

		if (entry && split(mm, entry, va))
			return -ENOMEM;
	}
	return 0;
}

/* Whether `va` is inside a mapping that cannot be divided there. */
static bool indivisible(struct mm_struct *mm, unsigned long va)
{
	const struct vma *vma = huge_vma_over(mm, va);

	return vma && (vma->flags & VMA_HUGETLB);
}

int vma_isolate(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	if (indivisible(mm, start) || indivisible(mm, end))
		return -EINVAL;
	/* The pages first: where there is a border already, none reaches over it. */
	if (huge_split_borders(mm, start, end))
		return -ENOMEM;
	return vma_split_at_borders(mm, start, end);
}

unsigned long huge_choose_address(struct mm_struct *mm, unsigned long hint, size_t len)
{
	const size_t slack = HUGE_SIZE - PAGE_SIZE;
	unsigned long at = vma_choose_address(mm, ALIGN_UP(hint, HUGE_SIZE), len);

	if (!at || IS_ALIGNED(at, HUGE_SIZE))
		return at;
	at = vma_find_gap(mm, len + slack, MMAP_BASE);
	return at ? ALIGN_DOWN(at + slack, HUGE_SIZE) : 0;
}

long huge_mmap_length(size_t len, unsigned long flags)
{
	unsigned long shift = flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;

	if (!shift)
		shift = pt_shift(HUGE_LEVEL);
	if (shift != pt_shift(HUGE_LEVEL) && shift != pt_shift(HUGE_LEVEL + 1))
		return -EINVAL;
	len = ALIGN_UP(len, 1UL << shift);
	if (!len)
		return -EINVAL;
	if (len > USER_END || shift != pt_shift(HUGE_LEVEL) || (flags & MAP_TYPE) == MAP_SHARED)
		return -ENOMEM;
	return (long)len;
}

/* --- faults --- */

/* Whether the 2 MiB around `va` may be one page. */
static bool fits(const struct vma *vma, unsigned long va)
{
	unsigned long start = ALIGN_DOWN(va, HUGE_SIZE);

	return vma_wants_huge(vma) && !vma->obj && !(vma->flags & VMA_GROWSDOWN) &&
	       start >= vma->start && start + HUGE_SIZE <= vma->end;
}

static int no_block(const struct vma *vma)
{
	return vma->flags & VMA_HUGETLB ? -ENXIO : HUGE_NOT;
}

/* A reader gets a page too: a program that asks for huge pages means to write. */
static int map_new(struct mm_struct *mm, struct vma *vma, pte_t *entry)
{
	struct page *head = huge_alloc(GFP_KERNEL | GFP_ZERO);

	if (!head)
		return no_block(vma);
	vma->own_pages = true;
	pt_set(entry, pte_make(page_to_phys(head), vma_pte_prot(vma) | PTE_PS));
	mm->resident += HUGE_PAGES;
	return 0;
}

/* MAP_HUGETLB: what others have too is copied as a whole. */
static int copy_whole(struct mm_struct *mm, struct vma *vma, unsigned long va, pte_t *entry)
{
	struct page *from = phys_to_page(pte_phys(*entry)), *head = huge_alloc(GFP_KERNEL);

	if (!head)
		return -ENXIO;
	for (unsigned int i = 0; i < HUGE_PAGES; i++)
		copy_page(page_address(head + i), page_address(from + i));
	pt_set(entry, pte_make(page_to_phys(head), vma_pte_prot(vma) | PTE_PS | PTE_D));
	/* Before the old page may go: another thread's CPU could still read it. */
	flush_huge(mm, va);
	huge_put(from);
	return 0;
}

/* A write to a huge page that is mapped read-only. */
static int huge_copy_on_write(struct mm_struct *mm, struct vma *vma, unsigned long va, pte_t *entry)
{
	struct page *head = phys_to_page(pte_phys(*entry));

	/* The entries may be one and a part still somebody else's, who has split his. */
	if (READ_ONCE(head->huge_count) == 1 && (pages_are_ours(head) || MUTANT(huge_write_part))) {
		pt_set(entry, pte_make(pte_phys(*entry), vma_pte_prot(vma) | PTE_PS | PTE_D));
		/* More rights need no remote flush. */
		tlb_flush_page_local(va);
		return 0;
	}
	if (vma->flags & VMA_HUGETLB)
		return copy_whole(mm, vma, va, entry);
	return split(mm, entry, va) ? -ENOMEM : HUGE_NOT;
}

int huge_fault(struct mm_struct *mm, struct vma *vma, unsigned long va, unsigned long access)
{
	bool may = fits(vma, va);
	pte_t *entry = pt_walk(mm->root->pgd, va, HUGE_LEVEL, may);

	if (!entry)
		return may ? -ENOMEM : HUGE_NOT;
	if (!pte_present(*entry))
		return may ? map_new(mm, vma, entry) : HUGE_NOT;
	if (!pte_huge(*entry))
		return HUGE_NOT;
	if ((access & FAULT_WRITE) && !pte_writable(*entry))
		return huge_copy_on_write(mm, vma, va, entry);
	/* Another thread was faster, or the rights grew since this CPU cached the entry. */
	tlb_flush_page_local(va);
	return 0;
}
