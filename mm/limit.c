/* Limits of an address space, which its process has set: see mm.h. */
#include "mm/mm.h"
#include "mm/vma.h"

/* Memory of its own that a process may write to, without its stacks. */
static bool is_data(unsigned long flags)
{
	return (flags & (VMA_WRITE | VMA_SHARED | VMA_GROWSDOWN)) == VMA_WRITE;
}

/* The bytes of it that are not in [start, end). */
static unsigned long bytes_outside(const struct vma *vma, unsigned long start, unsigned long end)
{
	unsigned long from = MAX(vma->start, start), to = MIN(vma->end, end);

	return vma->end - vma->start - (from < to ? to - from : 0);
}

bool mm_within_limits(struct mm_struct *mm, unsigned long start, size_t len, unsigned long flags)
{
	unsigned long space = len, data = len;
	const struct vma *vma;

	list_for_each_entry (vma, &mm->vmas, node) {
		unsigned long bytes = bytes_outside(vma, start, start + len);

		space += bytes;
		if (is_data(vma->flags))
			data += bytes;
	}
	return space <= mm_limit(MM_LIMIT_SPACE) &&
	       (!is_data(flags) || data <= mm_limit(MM_LIMIT_DATA));
}
