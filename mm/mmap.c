/*
 * mmap, munmap, mprotect, brk.
 *
 * Nothing is allocated for a mapping but its struct vma; pages come with the first touch (fault.c).
 * Removing one frees its pages and the tables that this empties.
 */
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "mm/unmap.h"
#include "mm/vma.h"

#define PROT_ALL (VMA_READ | VMA_WRITE | VMA_EXEC)

/* Private anonymous memory where nothing is mapped. */
static int map_anonymous(struct mm_struct *mm, unsigned long start, unsigned long end,
			 unsigned long flags)
{
	struct vma *vma = vma_alloc();

	if (!vma)
		return -ENOMEM;
	*vma = (struct vma){.start = start, .end = end, .flags = flags};
	vma_link(mm, vma);
	vma_merge(mm, vma);
	return 0;
}

int mm_map_segment(struct mm_struct *mm, unsigned long start, unsigned long end,
		   unsigned long flags, struct page *const *pages, unsigned long file_start,
		   unsigned long file_end)
{
	struct vma *vma;

	ASSERT(IS_ALIGNED(start, PAGE_SIZE) && IS_ALIGNED(end, PAGE_SIZE) && start < end);
	if (vma_any(mm, start, end))
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
	vma_link(mm, vma);
	return 0;
}

static int unmap_locked(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vma *vma = find_vma(mm, start), *next;

	if (!vma || vma->start >= end)
		return 0;
	if (vma->start != start || vma->end != end) {
		if (vma_split_at_borders(mm, start, end))
			return -ENOMEM;
		vma = find_vma(mm, start);
	}
	for (; vma && vma->start < end; vma = next) {
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

static unsigned long choose_address(struct mm_struct *mm, unsigned long hint, size_t len)
{
	if (hint) {
		const struct vma *vma;

		hint = ALIGN_DOWN(hint, PAGE_SIZE);
		vma = find_vma(mm, hint);
		if (hint >= MMAP_MIN_ADDR && range_ok(hint, len) &&
		    (!vma || vma_start_gap(vma) >= hint + len))
			return hint;
	}
	return vma_find_gap(mm, len, MMAP_BASE);
}

static long mmap_locked(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long prot,
			unsigned long flags)
{
	int ret;

	if (mm->nr_vmas > VMAS_MAX)
		return -ENOMEM;
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (!range_ok(addr, len))
			return IS_ALIGNED(addr, PAGE_SIZE) ? -ENOMEM : -EINVAL;
		if (addr < MMAP_MIN_ADDR)
			return -EPERM;
		if ((flags & MAP_FIXED_NOREPLACE) && vma_any(mm, addr, addr + len))
			return -EEXIST;
		ret = unmap_locked(mm, addr, addr + len);
		if (ret)
			return ret;
	} else {
		addr = choose_address(mm, addr, len);
		if (!addr)
			return -ENOMEM;
	}
	ret = map_anonymous(mm, addr, addr + len, prot);
	return ret ? ret : (long)addr;
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

static int mprotect_locked(struct mm_struct *mm, unsigned long start, unsigned long end,
			   unsigned long prot)
{
	struct vma *vma, *next;

	if (!vma_all(mm, start, end))
		return -ENOMEM;
	if (vma_split_at_borders(mm, start, end))
		return -ENOMEM;
	for (vma = find_vma(mm, start); vma && vma->start < end; vma = next) {
		next = vma_next(mm, vma);
		vma->flags = (vma->flags & ~PROT_ALL) | prot;
		protect_vma(mm, vma);
	}
	vma_merge_range(mm, start, end);
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

	if (brk < mm->brk_start || brk > MMAP_BASE)
		return -ENOMEM;
	if (end < old_end)
		return unmap_locked(mm, end, old_end);
	if (end == old_end)
		return 0;
	if (vma_any(mm, old_end, end))
		return -ENOMEM;
	return map_anonymous(mm, old_end, end, VMA_READ | VMA_WRITE);
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
