/*
 * Calls that say or ask something about mapped memory: madvise, mincore, msync.
 *
 * No page is ever written out here, so most of them have only to find out whether everything is
 * mapped.
 */
#include "kernel/base/errno.h"
#include "mm/huge.h"
#include "mm/memobj.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "mm/unmap.h"
#include "mm/vma.h"

static bool advice_known(unsigned int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
	case MADV_DONTNEED_LOCKED:
		return true;
	default:
		return false;
	}
}

/* What Linux says when the memory for a division is missing. */
static int again(int error)
{
	return error == -ENOMEM ? -EAGAIN : error;
}

/* Whether a part of one mapping wants huge pages from now on; those that it has, it keeps. */
static int advise_huge(struct mm_struct *mm, const struct vma *whole, unsigned long start,
		       unsigned long end, bool wanted)
{
	unsigned long flags = (whole->flags & ~VMA_HUGEPAGE) | (wanted ? VMA_HUGEPAGE : 0);
	struct vma *vma;
	int error;

	/* Nothing new divides nothing. */
	if (flags == whole->flags)
		return 0;
	error = vma_isolate(mm, start, end);
	if (error)
		return again(error);
	vma = find_vma(mm, start);
	vma->flags = flags;
	vma->huge |= wanted && !vma->obj;
	return 0;
}

/* The pages of a part of one mapping go. */
static int discard(struct mm_struct *mm, const struct vma *vma, unsigned long start,
		   unsigned long end)
{
	int error;

	if (vma->flags & VMA_HUGETLB) {
		/* Whole ones only: as Linux, which rounds the end down. */
		end = ALIGN_DOWN(end, HUGE_SIZE);
		if (!IS_ALIGNED(start, HUGE_SIZE))
			return -EINVAL;
		if (end <= start)
			return 0;
	}
	error = huge_split_borders(mm, start, end);
	if (!error)
		unmap_pages(mm, start, end);
	return again(error);
}

/* A part of one mapping. */
static int advise_part(struct mm_struct *mm, const struct vma *vma, unsigned long start,
		       unsigned long end, unsigned int advice)
{
	switch (advice) {
	case MADV_FREE:
		/* Only memory that is anonymous and private; it may lose its contents at once. */
		if (vma->obj || vma->flags & VMA_HUGETLB)
			return -EINVAL;
		/* fallthrough */
	case MADV_DONTNEED:
		if (vma->flags & VMA_LOCKED_ANY)
			return -EINVAL;
		/* fallthrough */
	case MADV_DONTNEED_LOCKED:
		return discard(mm, vma, start, end);
	case MADV_COLD:
	case MADV_PAGEOUT:
		return vma->flags & (VMA_HUGETLB | VMA_LOCKED_ANY) ? -EINVAL : 0;
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
		return advise_huge(mm, vma, start, end, advice == MADV_HUGEPAGE);
	default:
		return 0;
	}
}

/* Holes do not stop it: the rest is done, then -ENOMEM. */
static int advise_locked(struct mm_struct *mm, unsigned long start, unsigned long end,
			 unsigned int advice)
{
	int holes = 0;

	while (start < end) {
		const struct vma *vma = find_vma(mm, start);
		unsigned long part_end;
		int error;

		if (!vma)
			return -ENOMEM;
		if (start < vma->start) {
			holes = -ENOMEM;
			start = vma->start;
			if (start >= end)
				break;
		}
		part_end = MIN(vma->end, end);
		error = advise_part(mm, vma, start, part_end, advice);
		if (error)
			return error;
		start = part_end;
	}
	return holes;
}

int do_madvise(struct mm_struct *mm, unsigned long addr, size_t len, unsigned int advice)
{
	size_t bytes = ALIGN_UP(len, PAGE_SIZE);
	int ret;

	if (!advice_known(advice) || !IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if ((len && !bytes) || addr + bytes < addr)
		return -EINVAL;
	if (!bytes)
		return 0;
	if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE)
		return mm_populate_all(mm, addr, addr + bytes, advice == MADV_POPULATE_WRITE);
	mutex_lock(&mm->mmap_lock);
	ret = advise_locked(mm, addr, addr + bytes, advice);
	if (advice == MADV_HUGEPAGE || advice == MADV_NOHUGEPAGE)
		vma_merge_range(mm, addr, addr + bytes);
	mutex_unlock(&mm->mmap_lock);
	return ret;
}

/* Whether a touch would find a page without making one. */
static bool in_core(struct mm_struct *mm, const struct vma *vma, unsigned long va)
{
	unsigned int level;

	if (pt_leaf(mm->root->pgd, va, &level))
		return true;
	return vma_shows_object(vma, va) && memobj_has_page(vma->obj, vma_obj_index(vma, va));
}

int do_mincore(struct mm_struct *mm, unsigned long addr, unsigned int pages, u8 *in)
{
	int ret = 0;

	mutex_lock(&mm->mmap_lock);
	for (unsigned int i = 0; i < pages && !ret; i++) {
		unsigned long va = addr + i * PAGE_SIZE;
		const struct vma *vma = find_vma(mm, va);

		if (!vma || vma->start > va)
			ret = -ENOMEM;
		else
			in[i] = in_core(mm, vma, va);
	}
	mutex_unlock(&mm->mmap_lock);
	return ret;
}

int mm_find_object(struct mm_struct *mm, unsigned long va, struct memobj **obj,
		   unsigned long *offset)
{
	const struct vma *vma;
	int ret = -EFAULT;

	*obj = NULL;
	mutex_lock(&mm->mmap_lock);
	vma = find_vma(mm, va);
	if (vma && vma->start <= va && vma->flags & (VMA_READ | VMA_WRITE | VMA_EXEC)) {
		ret = 0;
		if (vma->flags & VMA_SHARED) {
			*obj = vma->obj;
			*offset = vma_obj_index(vma, va) * PAGE_SIZE + va % PAGE_SIZE;
			memobj_get(*obj);
		}
	}
	mutex_unlock(&mm->mmap_lock);
	return ret;
}

/* -EBUSY: something is locked, which its user would lose; -ENOMEM: not all is mapped. */
static int msync_locked(struct mm_struct *mm, unsigned long start, unsigned long end,
			bool invalidate)
{
	const struct vma *vma = find_vma(mm, start);

	for (; invalidate && vma && vma->start < end; vma = vma_next(mm, vma))
		if (vma->flags & VMA_LOCKED_ANY)
			return -EBUSY;
	return vma_all(mm, start, end) ? 0 : -ENOMEM;
}

int do_msync(struct mm_struct *mm, unsigned long addr, size_t len, unsigned int flags)
{
	unsigned long end = addr + ALIGN_UP(len, PAGE_SIZE);
	int ret;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC))
		return -EINVAL;
	if (!IS_ALIGNED(addr, PAGE_SIZE) || ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	if (end < addr)
		return -ENOMEM;
	if (end == addr)
		return 0;
	mutex_lock(&mm->mmap_lock);
	ret = msync_locked(mm, addr, end, flags & MS_INVALIDATE);
	mutex_unlock(&mm->mmap_lock);
	return ret;
}
