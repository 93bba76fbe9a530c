/*
 * mmap, munmap, mprotect, brk.
 *
 * Nothing is allocated for a mapping but its struct vma; pages come with the first touch (fault.c).
 * Removing one frees its pages and the tables that this empties.
 */
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "mm/memobj.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "mm/unmap.h"
#include "mm/vma.h"

#define PROT_ALL (VMA_READ | VMA_WRITE | VMA_EXEC)

/* A mapping of anonymous memory, in no address space yet; NULL: no memory. */
static struct vma *anonymous_vma(unsigned long start, unsigned long end, unsigned long flags)
{
	struct vma *vma = vma_alloc();

	if (!vma)
		return NULL;
	*vma = (struct vma){.start = start, .end = end, .flags = flags};
	if (flags & VMA_SHARED) {
		vma->obj = memobj_create((end - start) >> PAGE_SHIFT);
		vma->obj_origin = start;
		if (!vma->obj) {
			vma_free(vma);
			return NULL;
		}
	}
	return vma;
}

static void insert_vma(struct mm_struct *mm, struct vma *vma)
{
	vma_link(mm, vma);
	vma_merge(mm, vma);
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

/* Where Linux maps what need not be at a certain place: at the hint, else as high as possible. */
static unsigned long choose_address(struct mm_struct *mm, unsigned long hint, size_t len)
{
	if (hint & PAGE_MASK) {
		const struct vma *vma;

		hint = MAX(hint & PAGE_MASK, MMAP_MIN_ADDR);
		vma = find_vma(mm, hint);
		if (range_ok(hint, len) && (!vma || vma_start_gap(vma) >= hint + len))
			return hint;
	}
	return vma_find_gap(mm, len, MMAP_BASE);
}

/* MAP_FIXED: the address, or why it cannot be there. */
static long check_address(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long flags)
{
	if (addr > USER_END - len)
		return -ENOMEM;
	if (!IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (addr < MMAP_MIN_ADDR)
		return -EPERM;
	if ((flags & MAP_FIXED_NOREPLACE) && vma_any(mm, addr, addr + len))
		return -EEXIST;
	return (long)addr;
}

/* The mapping's flags, or -EINVAL. */
static long vma_flags_of(unsigned long prot, unsigned long flags)
{
	unsigned long vma_flags = prot & PROT_ALL;

	if (flags & MAP_GROWSDOWN)
		vma_flags |= VMA_GROWSDOWN;
	switch (flags & MAP_TYPE) {
	case MAP_PRIVATE:
		return (long)vma_flags;
	case MAP_SHARED:
		return flags & MAP_GROWSDOWN ? -EINVAL : (long)(vma_flags | VMA_SHARED);
	default:
		return -EINVAL;
	}
}

static long mmap_locked(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long prot,
			unsigned long flags)
{
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	struct vma *vma;
	long vma_flags, at;
	int ret;

	if (mm->nr_vmas > VMAS_MAX)
		return -ENOMEM;
	at = fixed ? check_address(mm, addr, len, flags) : (long)choose_address(mm, addr, len);
	if (at <= 0)
		return at ? at : -ENOMEM;
	addr = (unsigned long)at;
	vma_flags = vma_flags_of(prot, flags);
	if (vma_flags < 0)
		return vma_flags;
	vma = anonymous_vma(addr, addr + len, (unsigned long)vma_flags);
	if (!vma)
		return -ENOMEM;
	ret = fixed ? unmap_locked(mm, addr, addr + len) : 0;
	if (ret) {
		vma_free(vma);
		return ret;
	}
	insert_vma(mm, vma);
	return at;
}

void mm_populate(struct mm_struct *mm, unsigned long start, unsigned long end, unsigned long access)
{
	for (unsigned long va = start; va < end; va += PAGE_SIZE)
		if (task_must_die() || mm_fault(mm, va, access))
			break;
}

long do_mmap(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long prot,
	     unsigned long flags)
{
	bool populate =
		flags & MAP_LOCKED || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
	bool write = (prot & VMA_WRITE) && (flags & MAP_TYPE) == MAP_PRIVATE;
	long ret;

	if (!len)
		return -EINVAL;
	if (len > USER_END)
		return -ENOMEM;
	len = ALIGN_UP(len, PAGE_SIZE);
	mutex_lock(&mm->mmap_lock);
	ret = mmap_locked(mm, addr, len, prot, flags);
	mutex_unlock(&mm->mmap_lock);
	/* What it cannot get is no error: the mapping stands, touching it tells. */
	if (ret > 0 && populate)
		mm_populate(mm, (unsigned long)ret, (unsigned long)ret + len,
			    write ? FAULT_WRITE : 0);
	return ret;
}

static void protect_leaf(pte_t *entry, unsigned long va, void *arg)
{
	const struct vma *vma = arg;
	u64 prot = vma_pte_prot(vma);

	(void)va;
	/* Write permission comes with the next write fault: others may have the page too. */
	if (!(vma->flags & VMA_SHARED))
		prot &= ~PTE_W;
	pt_set(entry, (*entry & (PTE_PHYS_MASK | PTE_A | PTE_D | PTE_SPECIAL)) | prot);
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
	struct vma *vma;

	if (brk < mm->brk_start || brk > MMAP_BASE)
		return -ENOMEM;
	if (end < old_end)
		return unmap_locked(mm, end, old_end);
	if (end == old_end)
		return 0;
	/* As in Linux the heap keeps one page from its neighbour, and all of a stack's guard gap. */
	vma = find_vma(mm, old_end);
	if (vma && end + PAGE_SIZE > vma_start_gap(vma))
		return -ENOMEM;
	vma = anonymous_vma(old_end, end, VMA_READ | VMA_WRITE);
	if (!vma)
		return -ENOMEM;
	insert_vma(mm, vma);
	return 0;
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
