/*
 * Mappings: the sorted list of an address space, and mmap, munmap, mprotect, brk on it.
 *
 * Nothing is allocated for a mapping but its struct vma; pages come with the first touch (fault.c).
 * Removing one frees its pages and the tables that this empties.
 */
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/unmap.h"

#define PROT_ALL (VMA_READ | VMA_WRITE | VMA_EXEC)

static struct kmem_cache *vma_cache;

void vma_init(void)
{
	vma_cache = kmem_cache_create("vma", sizeof(struct vma), 0, 0);
}

struct vma *vma_alloc(void)
{
	return kmem_cache_alloc(vma_cache, GFP_KERNEL);
}

void vma_free(struct vma *vma)
{
	kmem_cache_free(vma_cache, vma);
}

struct vma *find_vma(struct mm_struct *mm, unsigned long va)
{
	struct vma *vma = mm->last_vma;

	if (vma && vma->start <= va && va < vma->end)
		return vma;
	list_for_each_entry (vma, &mm->vmas, node) {
		if (va < vma->end) {
			mm->last_vma = vma;
			return vma;
		}
	}
	return NULL;
}

static struct vma *vma_next(struct mm_struct *mm, struct vma *vma)
{
	return vma->node.next == &mm->vmas ? NULL : list_entry(vma->node.next, struct vma, node);
}

/* Before which node a mapping at `start` belongs. */
static struct list_head *insert_point(struct mm_struct *mm, unsigned long start)
{
	struct vma *vma;

	list_for_each_entry (vma, &mm->vmas, node)
		if (vma->start >= start)
			return &vma->node;
	return &mm->vmas;
}

static bool vmas_merge(const struct vma *a, const struct vma *b)
{
	return a->end == b->start && a->flags == b->flags && !a->pages && !b->pages &&
	       !(a->flags & VMA_GROWSDOWN);
}

static void vma_remove(struct mm_struct *mm, struct vma *vma)
{
	if (mm->last_vma == vma)
		mm->last_vma = NULL;
	list_del(&vma->node);
	vma_free(vma);
}

/* Joins the neighbours that can be joined at the borders from `start` to `end`. */
static void merge_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vma *vma = find_vma(mm, start - 1), *next;

	while (vma && vma->end <= end && (next = vma_next(mm, vma))) {
		if (vmas_merge(vma, next)) {
			vma->end = next->end;
			vma_remove(mm, next);
		} else {
			vma = next;
		}
	}
}

int mm_map_segment(struct mm_struct *mm, unsigned long start, unsigned long end,
		   unsigned long flags, struct page *const *pages, unsigned long file_start,
		   unsigned long file_end)
{
	struct vma *vma = find_vma(mm, start);

	ASSERT(IS_ALIGNED(start, PAGE_SIZE) && IS_ALIGNED(end, PAGE_SIZE) && start < end);
	if (vma && vma->start < end)
		return -EINVAL;
	vma = vma_alloc();
	if (!vma)
		return -ENOMEM;
	*vma = (struct vma){
		.start = start,
		.end = end,
		.flags = flags,
		.pages = pages,
		.file_start = file_start,
		.file_end = file_end,
	};
	list_add_tail(&vma->node, insert_point(mm, start));
	return 0;
}

/* Cuts `vma` at `at`: it keeps the lower part. -ENOMEM leaves it whole. */
static int vma_split(struct vma *vma, unsigned long at)
{
	struct vma *upper = vma_alloc();

	if (!upper)
		return -ENOMEM;
	ASSERT(vma->start < at && at < vma->end);
	*upper = *vma;
	upper->start = at;
	upper->flags &= ~VMA_GROWSDOWN;
	vma->end = at;
	list_add(&upper->node, &vma->node);
	return 0;
}

/* Makes mapping borders at start and end, so that what lies between is whole mappings. */
static int split_at_borders(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vma *vma = find_vma(mm, start);

	if (vma && vma->start < start && vma_split(vma, start))
		return -ENOMEM;
	vma = find_vma(mm, end);
	if (vma && vma->start < end && vma_split(vma, end))
		return -ENOMEM;
	mm->last_vma = NULL;
	return 0;
}

static int unmap_locked(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vma *vma = find_vma(mm, start), *next;
	bool any = vma && vma->start < end;

	if (!any)
		return 0;
	if (split_at_borders(mm, start, end))
		return -ENOMEM;
	for (vma = find_vma(mm, start); vma && vma->start < end; vma = next) {
		next = vma_next(mm, vma);
		vma_remove(mm, vma);
	}
	unmap_pages(mm, start, end);
	return 0;
}

/* A page-aligned range inside user space. */
static bool range_ok(unsigned long addr, size_t len)
{
	return IS_ALIGNED(addr, PAGE_SIZE) && len <= USER_END && addr <= USER_END - len;
}

int do_munmap(struct mm_struct *mm, unsigned long addr, size_t len)
{
	int ret;

	if (!len || len > USER_END || !range_ok(addr, ALIGN_UP(len, PAGE_SIZE)))
		return -EINVAL;
	mutex_lock(&mm->mmap_lock);
	ret = unmap_locked(mm, addr, addr + ALIGN_UP(len, PAGE_SIZE));
	mutex_unlock(&mm->mmap_lock);
	return ret;
}

/* The highest gap of `len` bytes that ends at or below `limit`; 0: none. */
static unsigned long find_gap(struct mm_struct *mm, size_t len, unsigned long limit)
{
	unsigned long top = limit;
	struct list_head *node;

	for (node = mm->vmas.prev; node != &mm->vmas; node = node->prev) {
		struct vma *vma = list_entry(node, struct vma, node);

		if (vma->end <= top && top - vma->end >= len)
			return top - len;
		if (vma->start < top)
			top = vma->start;
	}
	return top >= len + MMAP_MIN_ADDR ? top - len : 0;
}

static unsigned long choose_address(struct mm_struct *mm, unsigned long hint, size_t len)
{
	if (hint) {
		struct vma *vma;

		hint = ALIGN_DOWN(hint, PAGE_SIZE);
		vma = find_vma(mm, hint);
		if (hint >= MMAP_MIN_ADDR && range_ok(hint, len) &&
		    (!vma || vma->start >= hint + len))
			return hint;
	}
	return find_gap(mm, len, MMAP_BASE);
}

static long mmap_locked(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long prot,
			unsigned long flags)
{
	struct vma *vma;
	int ret;

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (!range_ok(addr, len))
			return IS_ALIGNED(addr, PAGE_SIZE) ? -ENOMEM : -EINVAL;
		if (addr < MMAP_MIN_ADDR)
			return -EPERM;
		vma = find_vma(mm, addr);
		if ((flags & MAP_FIXED_NOREPLACE) && vma && vma->start < addr + len)
			return -EEXIST;
		ret = unmap_locked(mm, addr, addr + len);
		if (ret)
			return ret;
	} else {
		addr = choose_address(mm, addr, len);
		if (!addr)
			return -ENOMEM;
	}
	ret = mm_map_segment(mm, addr, addr + len, prot, NULL, 0, 0);
	if (ret)
		return ret;
	merge_range(mm, addr, addr + len);
	return (long)addr;
}

long do_mmap(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long prot,
	     unsigned long flags)
{
	long ret;

	if (!len || (flags & MAP_TYPE) != MAP_PRIVATE)
		return -EINVAL;
	if (len > USER_END)
		return -ENOMEM;
	len = ALIGN_UP(len, PAGE_SIZE);
	mutex_lock(&mm->mmap_lock);
	ret = mmap_locked(mm, addr, len, prot & PROT_ALL, flags);
	mutex_unlock(&mm->mmap_lock);
	if (ret > 0 && (flags & MAP_POPULATE))
		for (size_t off = 0; off < len; off += PAGE_SIZE)
			if (mm_fault(mm, (unsigned long)ret + off,
				     prot & VMA_WRITE ? FAULT_WRITE : 0))
				break; /* as Linux: the mapping stands, touching it tells */
	return ret;
}

static void protect_leaf(pte_t *entry, unsigned long va, void *arg)
{
	u64 prot = vma_pte_prot(arg);

	(void)va;
	/* Write permission comes with the next write fault: the page may be shared. */
	pt_set(entry, (*entry & (PTE_PHYS_MASK | PTE_A | PTE_D | PTE_SPECIAL)) | (prot & ~PTE_W));
}

static void protect_none_leaf(pte_t *entry, unsigned long va, void *arg)
{
	(void)va;
	(void)arg;
	/*
	 * There for the counts and the walker, but not for the processor: a system call that copies
	 * from it runs as the supervisor and must fault as well.
	 */
	pt_set(entry, (*entry & ~(PTE_P | PTE_W)) | PTE_NONE);
}

static void protect_vma(struct mm_struct *mm, struct vma *vma)
{
	static const struct pt_range_ops protect = {.leaf = protect_leaf};
	static const struct pt_range_ops none = {.leaf = protect_none_leaf};

	pt_walk_range(mm->root->pgd, vma->start, vma->end, vma->flags & PROT_ALL ? &protect : &none,
		      vma);
}

/* All of [start, end) mapped? */
static bool range_mapped(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vma *vma = find_vma(mm, start);

	for (; vma && vma->start <= start; vma = vma_next(mm, vma)) {
		start = vma->end;
		if (start >= end)
			return true;
	}
	return false;
}

static int mprotect_locked(struct mm_struct *mm, unsigned long start, unsigned long end,
			   unsigned long prot)
{
	struct vma *vma, *next;

	if (!range_mapped(mm, start, end))
		return -ENOMEM;
	if (split_at_borders(mm, start, end))
		return -ENOMEM;
	for (vma = find_vma(mm, start); vma && vma->start < end; vma = next) {
		next = vma_next(mm, vma);
		vma->flags = (vma->flags & ~PROT_ALL) | prot;
		protect_vma(mm, vma);
	}
	merge_range(mm, start, end);
	tlb_flush_mm(mm, start, end);
	return 0;
}

int do_mprotect(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long prot)
{
	int ret;

	if (!IS_ALIGNED(addr, PAGE_SIZE) || (prot & ~PROT_ALL))
		return -EINVAL;
	if (!len)
		return 0;
	if (len > USER_END || !range_ok(addr, ALIGN_UP(len, PAGE_SIZE)))
		return -ENOMEM;
	mutex_lock(&mm->mmap_lock);
	ret = mprotect_locked(mm, addr, addr + ALIGN_UP(len, PAGE_SIZE), prot);
	mutex_unlock(&mm->mmap_lock);
	return ret;
}

static int brk_locked(struct mm_struct *mm, unsigned long brk)
{
	unsigned long old_end = ALIGN_UP(mm->brk, PAGE_SIZE), end = ALIGN_UP(brk, PAGE_SIZE);
	struct vma *vma;
	int ret;

	if (brk < mm->brk_start || brk > MMAP_BASE)
		return -ENOMEM;
	if (end < old_end)
		return unmap_locked(mm, end, old_end);
	if (end == old_end)
		return 0;
	vma = find_vma(mm, old_end);
	if (vma && vma->start < end)
		return -ENOMEM;
	ret = mm_map_segment(mm, old_end, end, VMA_READ | VMA_WRITE, NULL, 0, 0);
	if (ret == 0)
		merge_range(mm, old_end, end);
	return ret;
}

unsigned long do_brk(struct mm_struct *mm, unsigned long brk)
{
	unsigned long now;

	mutex_lock(&mm->mmap_lock);
	if (brk_locked(mm, brk) == 0)
		mm->brk = brk;
	now = mm->brk;
	mutex_unlock(&mm->mmap_lock);
	return now;
}
