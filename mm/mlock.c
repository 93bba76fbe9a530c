/*
 * mlock, munlock, mlockall: memory that stays.
 *
 * No page ever leaves memory by itself here, so what locking does is to touch everything at once and to
 * be remembered (VMA_LOCKED): locked memory is not given back by advice, what a locked mapping grows by is
 * touched too, and a child does not inherit it. There is no limit on how much may be locked
 * (RLIMIT_MEMLOCK): every program has what Linux calls CAP_IPC_LOCK.
 */
#include "kernel/base/errno.h"
#include "mm/huge.h"
#include "mm/mm.h"
#include "mm/vma.h"

/* The part [start, end) of a mapping. 0 or -ENOMEM. */
static int lock_part(struct mm_struct *mm, const struct vma *whole, unsigned long start,
		     unsigned long end, unsigned long locked)
{
	unsigned long flags = (whole->flags & ~VMA_LOCKED_ANY) | locked;
	int error;

	/* Pages of MAP_HUGETLB are locked by nature: Linux does not say so of them either. */
	if (flags == whole->flags || whole->flags & VMA_HUGETLB)
		return 0;
	error = vma_isolate(mm, start, end);
	if (!error)
		find_vma(mm, start)->flags = flags;
	return error;
}

/* What is mapped in [start, end), holes left out. 0 or -ENOMEM. */
static int lock_range(struct mm_struct *mm, unsigned long start, unsigned long end,
		      unsigned long locked)
{
	int error = 0;

	for (unsigned long at = start; at < end && !error;) {
		const struct vma *vma = find_vma(mm, at);
		unsigned long part_end;

		if (!vma || vma->start >= end)
			break;
		at = MAX(at, vma->start);
		part_end = MIN(vma->end, end);
		error = lock_part(mm, vma, at, part_end, locked);
		at = part_end;
	}
	vma_merge_range(mm, start, end);
	return error;
}

int do_mlock(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long locked)
{
	unsigned long start = addr & PAGE_MASK;
	unsigned long end = start + ALIGN_UP(len + (addr - start), PAGE_SIZE);
	int ret = -ENOMEM;

	if (end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	mutex_lock(&mm->mmap_lock);
	if (vma_all(mm, start, end))
		ret = lock_range(mm, start, end, locked);
	mutex_unlock(&mm->mmap_lock);
	if (ret || locked != VMA_LOCKED)
		return ret;
	ret = mm_populate(mm, start, end);
	if (ret == -ENOMEM)
		return -EAGAIN;
	return !ret || ret == -EINTR ? ret : -ENOMEM;
}

/* Touches everything that is mapped and locked; what cannot be had is left. */
static void populate_all(struct mm_struct *mm)
{
	unsigned long at = 0;

	for (;;) {
		const struct vma *vma;
		unsigned long start = 0;
		bool touch = false;

		mutex_lock(&mm->mmap_lock);
		vma = find_vma(mm, at);
		if (vma) {
			start = MAX(vma->start, at);
			at = vma->end;
			touch = (vma->flags & VMA_LOCKED_ANY) == VMA_LOCKED;
		}
		mutex_unlock(&mm->mmap_lock);
		if (!vma || (touch && mm_populate(mm, start, at) == -EINTR))
			return;
	}
}

int do_mlockall(struct mm_struct *mm, unsigned long now, unsigned long later)
{
	int ret;

	mutex_lock(&mm->mmap_lock);
	mm->lock_new = later;
	ret = now == MLOCK_KEEP ? 0 : lock_range(mm, MMAP_MIN_ADDR, USER_END, now);
	mutex_unlock(&mm->mmap_lock);
	if (!ret && now == VMA_LOCKED)
		populate_all(mm);
	return ret;
}
