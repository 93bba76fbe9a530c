/*
 * Touching memory on a program's behalf, before it does so itself: MAP_POPULATE, locked memory.
 *
 * By faults, one after the other, as the program would; mmap_lock is free between two of them.
 */
#include "kernel/base/errno.h"
#include "kernel/base/wait.h"
#include "mm/huge.h"
#include "mm/mm.h"
#include "mm/vma.h"

/* The bytes of the page at `va` if a huge one is there for such an access, else PAGE_SIZE. */
static size_t huge_there(struct mm_struct *mm, unsigned long va, unsigned long access)
{
	unsigned int level;
	const pte_t *entry = pt_leaf(mm->root->pgd, va, &level);

	if (!entry || !(*entry & PTE_P) || (access && !pte_writable(*entry)))
		return PAGE_SIZE;
	return pt_span(level);
}

/* How mm_populate() touches `va`; false: there is nothing to touch in the next *bytes. */
static bool populate_access(struct mm_struct *mm, unsigned long va, unsigned long *access,
			    size_t *bytes)
{
	const struct vma *vma;
	bool touch;

	*bytes = PAGE_SIZE;
	mutex_lock(&mm->mmap_lock);
	vma = find_vma(mm, va);
	touch = vma && vma->start <= va;
	if (touch)
		*access = (vma->flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE ? FAULT_WRITE : 0;
	if (touch && vma->huge) {
		*bytes = huge_there(mm, va, *access);
		touch = *bytes == PAGE_SIZE;
	}
	mutex_unlock(&mm->mmap_lock);
	return touch;
}

int mm_populate(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	size_t bytes;

	for (unsigned long va = start; va < end; va = ALIGN_DOWN(va, bytes) + bytes) {
		unsigned long access = 0;
		int error;

		if (task_must_die())
			return -EINTR;
		if (!populate_access(mm, va, &access, &bytes))
			continue;
		error = mm_fault(mm, va, access);
		if (error)
			return error;
	}
	return 0;
}

/* What to do about `va`: 1 touch it, 0 a huge page is there, in all of the next *bytes; or an error. */
static int check_access(struct mm_struct *mm, unsigned long va, unsigned long access, size_t *bytes)
{
	const struct vma *vma;
	int ret = 1;

	*bytes = PAGE_SIZE;
	mutex_lock(&mm->mmap_lock);
	vma = find_vma(mm, va);
	if (!vma || vma->start > va) {
		ret = -ENOMEM;
	} else if (!(vma->flags & (access ? VMA_WRITE : VMA_READ))) {
		ret = -EINVAL;
	} else if (vma->huge) {
		*bytes = huge_there(mm, va, access);
		ret = *bytes == PAGE_SIZE;
	}
	mutex_unlock(&mm->mmap_lock);
	return ret;
}

int mm_populate_all(struct mm_struct *mm, unsigned long start, unsigned long end, bool write)
{
	unsigned long access = write ? FAULT_WRITE : 0;
	size_t bytes;

	for (unsigned long va = start; va < end; va = ALIGN_DOWN(va, bytes) + bytes) {
		int ret = task_must_die() ? -EINTR : check_access(mm, va, access, &bytes);

		if (ret > 0)
			ret = mm_fault(mm, va, access);
		if (ret)
			return ret == -ENXIO ? -EFAULT : ret;
	}
	return 0;
}

void mm_populate_new(struct mm_struct *mm, unsigned long start, size_t len, unsigned long flags)
{
	if (flags & MAP_LOCKED || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE ||
	    READ_ONCE(mm->lock_new) == VMA_LOCKED)
		(void)mm_populate(mm, start, start + len);
}
