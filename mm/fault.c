/*
 * Page faults: what a touch turns into a page.
 *
 *	shared			the object's page, with a reference, with all rights of the mapping
 *	shared, a device's	that memory, not counted (PTE_SPECIAL, PTE_DEVICE); it has no struct page
 *	anonymous, read		the zero page, read-only, not counted (PTE_SPECIAL)
 *	anonymous, write	a zeroed page
 *	private, read		the object's own page, read-only, not counted (PTE_SPECIAL): the
 *				mapping's reference to the object keeps it
 *	private, write		a copy of it; the part behind the file's end is zero
 *	anonymous, 2 MiB	a huge page, where the mapping asks for one (huge.c)
 *	write to a page that is mapped read-only in a writable mapping
 *				copied when shared, made writable when it is ours alone (COW)
 */
#include "arch/mmu.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "mm/buddy.h"
#include "mm/huge.h"
#include "mm/memobj.h"
#include "mm/mm.h"
#include "mm/oom.h"
#include "mm/pagezero.h"
#include "mm/pgtable.h"
#include "mm/tlb.h"
#include "mm/vma.h"

/* What everybody reads where nobody has written. */
static struct page *zero_page;

void fault_init(void)
{
	zero_page = alloc_page(GFP_KERNEL | GFP_ZERO);
	if (!zero_page)
		panic("no memory for the zero page");
}

bool is_zero_page(const struct page *page)
{
	return page == zero_page;
}

u64 vma_pte_prot(const struct vma *vma)
{
	u64 prot = PROT_USER_R;

	if (vma->flags & VMA_WRITE)
		prot |= PROT_USER_W;
	if (vma->flags & VMA_EXEC)
		prot &= ~PROT_USER_X;
	return prot;
}

/* Zeroes what of the page at `va` does not come from the file. */
static void zero_outside_file(const struct vma *vma, unsigned long va, u8 *page)
{
	if (!vma->file_end)
		return;
	if (va + PAGE_SIZE > vma->file_end)
		memset(page + (vma->file_end - va), 0, va + PAGE_SIZE - vma->file_end);
	if (va < vma->file_start)
		memset(page, 0, vma->file_start - va);
}

static bool file_page_whole(const struct vma *vma, unsigned long va)
{
	return !vma->file_end || (va >= vma->file_start && va + PAGE_SIZE <= vma->file_end);
}

/* A page of one's own: zero, or a copy of `from`. NULL: no memory. */
static struct page *private_page(struct vma *vma, const struct page *from)
{
	struct page *page;

	vma->own_pages = true;
	if (!from || from == zero_page)
		return alloc_page(GFP_MOVABLE | GFP_ZERO);
	page = alloc_page(GFP_MOVABLE);
	if (page)
		copy_page(page_address(page), page_address(from));
	return page;
}

/*
 * What a private mapping shows at `va` when it is first touched. Adds to *prot: a reader gets what
 * there is as it is, uncounted.
 */
static int first_private_page(struct vma *vma, unsigned long va, bool write, struct page **page,
			      u64 *prot)
{
	struct page *file = NULL;

	if (vma_shows_object(vma, va)) {
		int error = memobj_page(vma->obj, vma_obj_index(vma, va), &file);

		if (error)
			return error;
	}
	if (!write && (!file || file_page_whole(vma, va))) {
		*prot = (*prot & ~PTE_W) | PTE_SPECIAL;
		*page = file ? file : zero_page;
		return 0;
	}
	*page = private_page(vma, file);
	if (!*page)
		return -ENOMEM;
	if (file)
		zero_outside_file(vma, va, page_address(*page));
	return 0;
}

static int shared_page(const struct vma *vma, unsigned long va, struct page **page)
{
	int error = memobj_page(vma->obj, vma_obj_index(vma, va), page);

	if (!error)
		get_page(*page);
	return error;
}

/* It gets all rights of the mapping at once: there is nothing to be copied or counted, neither here nor by unmap. */
static int map_device(const struct vma *vma, unsigned long va, pte_t *entry, bool write)
{
	pte_t e;
	int error = memobj_device_entry(vma->obj, vma_obj_index(vma, va), &e);

	if (!error)
		pt_set(entry, e | vma_pte_prot(vma) | (write ? PTE_D : 0));
	return error;
}

static int map_new_page(struct mm_struct *mm, struct vma *vma, unsigned long va, pte_t *entry,
			bool write)
{
	u64 prot = vma_pte_prot(vma);
	struct page *page;
	int error;

	if (!(vma->flags & VMA_SHARED))
		error = first_private_page(vma, va, write, &page, &prot);
	else if (unlikely(memobj_is_device(vma->obj)))
		return map_device(vma, va, entry, write);
	else
		error = shared_page(vma, va, &page);
	if (error)
		return error;
	if (write)
		prot |= PTE_D;
	pt_set(entry, pte_make(page_to_phys(page), prot));
	mm->resident++;
	return 0;
}

/* A write to a page that is present and read-only. */
static int copy_on_write(struct mm_struct *mm, struct vma *vma, unsigned long va, pte_t *entry)
{
	pte_t old = *entry;
	struct page *from = phys_to_page(pte_phys(old)), *page;

	if ((vma->flags & VMA_SHARED) || (!(old & PTE_SPECIAL) && READ_ONCE(from->refcount) == 1)) {
		/*
		 * It is for all who map the object; or nobody else has it, and only we could give it
		 * away. More rights need no remote flush.
		 */
		pt_set(entry, pte_make(pte_phys(old), vma_pte_prot(vma) | PTE_D));
		tlb_flush_page_local(va);
		return 0;
	}
	page = private_page(vma, from);
	if (!page)
		return -ENOMEM;
	pt_set(entry, pte_make(page_to_phys(page), vma_pte_prot(vma) | PTE_D));
	/* Before the old page may go: another thread's CPU could still read it. */
	tlb_flush_mm(mm, va, va + PAGE_SIZE);
	if (!(old & PTE_SPECIAL))
		put_page(from);
	return 0;
}

static bool access_allowed(const struct vma *vma, unsigned long access)
{
	if (access & FAULT_WRITE)
		return vma->flags & VMA_WRITE;
	if (access & FAULT_EXEC)
		return vma->flags & VMA_EXEC;
	return vma->flags & (VMA_READ | VMA_WRITE | VMA_EXEC);
}

/*
 * A stack grows down to the faulting page: to its limit, and not into the neighbourhood of another
 * mapping, unless that is a stack too or nobody can touch it.
 */
static struct vma *grow_stack(struct mm_struct *mm, struct vma *vma, unsigned long va)
{
	const struct vma *prev = vma_prev(mm, vma);

	if (!(vma->flags & VMA_GROWSDOWN) || vma->end - va > mm_limit(MM_LIMIT_STACK) ||
	    va < MMAP_MIN_ADDR)
		return NULL;
	if (prev && !(prev->flags & VMA_GROWSDOWN) &&
	    (prev->flags & (VMA_READ | VMA_WRITE | VMA_EXEC)) && va - prev->end < STACK_GUARD_GAP)
		return NULL;
	if (mm->limited && !mm_within_limits(mm, va, vma->start - va, vma->flags))
		return NULL;
	vma_set_start(mm, vma, va);
	return vma;
}

static int fault_locked(struct mm_struct *mm, unsigned long va, unsigned long access)
{
	struct vma *vma = find_vma(mm, va);
	pte_t *entry;

	if (vma && va < vma->start)
		vma = grow_stack(mm, vma, va);
	if (!vma || !access_allowed(vma, access))
		return -EFAULT;
	if (unlikely(vma->huge)) {
		int ret = huge_fault(mm, vma, va, access);

		if (ret != HUGE_NOT)
			return ret;
	}
	entry = pt_walk(mm->root->pgd, va, 1, true);
	if (!entry)
		return -ENOMEM;
	if (!pte_present(*entry))
		return map_new_page(mm, vma, va, entry, access & FAULT_WRITE);
	if ((access & FAULT_WRITE) && !pte_writable(*entry))
		return copy_on_write(mm, vma, va, entry);
	/* Another thread was faster, or the rights grew since this CPU cached the entry. */
	tlb_flush_page_local(va);
	return 0;
}

int mm_fault(struct mm_struct *mm, unsigned long va, unsigned long access)
{
	int ret;

	if (va >= USER_END)
		return -EFAULT;
	do {
		mutex_lock(&mm->mmap_lock);
		ret = fault_locked(mm, va & PAGE_MASK, access);
		mutex_unlock(&mm->mmap_lock);
	} while (unlikely(ret == -ENOMEM) && !(access & FAULT_ONCE) && out_of_memory());
	return ret;
}

bool mm_is_mapped(struct mm_struct *mm, unsigned long va)
{
	struct vma *vma;

	if (va >= USER_END)
		return false;
	mutex_lock(&mm->mmap_lock);
	vma = find_vma(mm, va);
	mutex_unlock(&mm->mmap_lock);
	return vma && vma->start <= va;
}

int mm_insert_page(struct mm_struct *mm, unsigned long va, struct page *page)
{
	struct vma *vma = find_vma(mm, va);
	pte_t *entry = pt_walk(mm->root->pgd, va, 1, true);

	ASSERT_MSG(vma && vma->start <= va, "va %#lx is in no mapping", va);
	if (!entry)
		return -ENOMEM;
	ASSERT(!pte_present(*entry));
	vma->own_pages = true;
	pt_set(entry, pte_make(page_to_phys(page), vma_pte_prot(vma) | PTE_D));
	mm->resident++;
	return 0;
}

void *mm_page_address(struct mm_struct *mm, unsigned long va)
{
	unsigned int level;
	const pte_t *entry = pt_leaf(mm->root->pgd, va, &level);

	return entry ? phys_to_virt(pte_phys(*entry) + ALIGN_DOWN(va % pt_span(level), PAGE_SIZE))
		     : NULL;
}

void mm_grow_stack(struct mm_struct *mm, unsigned long start)
{
	struct vma *vma = find_vma(mm, STACK_TOP - PAGE_SIZE);

	ASSERT(vma && (vma->flags & VMA_GROWSDOWN));
	if (start < vma->start)
		vma_set_start(mm, vma, start);
}
