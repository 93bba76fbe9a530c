/*
 * mremap: a mapping grows, shrinks or moves; its pages move by their page-table entries.
 *
 * A move that runs out of memory on the way moves back what it has moved: the tables it came from
 * are still there, so that cannot fail.
 */
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "mm/huge.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "mm/tlb.h"
#include "mm/unmap.h"
#include "mm/vma.h"

/* As Linux: a move may need so many mappings more. */
#define MOVE_VMAS 5

/* One call, its lengths in whole pages. */
struct remap {
	unsigned long addr;
	size_t old_len, new_len;
	unsigned long flags;
	unsigned long new_addr;
	bool touch; /* result: what it is longer by is to be touched */
};

struct move {
	struct mm_struct *mm;
	unsigned long delta; /* to be added to an address, modulo 2^64 */
	int error;
};

static void move_leaf(pte_t *entry, unsigned long va, void *arg)
{
	struct move *m = arg;
	unsigned int level = pte_huge(*entry) ? HUGE_LEVEL : 1;
	pte_t *to = m->error ? NULL : pt_walk(m->mm->root->pgd, va + m->delta, level, true);

	if (!to) {
		m->error = -ENOMEM;
		return;
	}
	ASSERT_MSG(!pte_present(*to), "va %#lx is in use", va + m->delta);
	pt_set(to, *entry);
	pt_clear(entry);
}

/* Moves what is present. No flush. -ENOMEM: some of it has been moved. */
static int move_entries(struct mm_struct *mm, unsigned long from, unsigned long to, size_t len)
{
	static const struct pt_range_ops ops = {.leaf = move_leaf};
	struct move m = {.mm = mm, .delta = to - from};

	if (len)
		pt_walk_range(mm->root->pgd, from, from + len, &ops, &m);
	return m.error;
}

/* A mapping at `to` of `new_len` bytes of what `vma` has at `from`. NULL: no memory. */
static struct vma *moved_vma(const struct vma *vma, unsigned long from, unsigned long to,
			     size_t new_len)
{
	struct vma *copy = vma_duplicate(vma);

	if (!copy)
		return NULL;
	copy->start = to;
	copy->end = to + new_len;
	/* Anonymous memory says nothing there: it is to merge with its neighbours, wherever from. */
	if (copy->obj)
		copy->obj_origin += to - from;
	if (copy->file_end) {
		copy->file_start += to - from;
		copy->file_end += to - from;
	}
	return copy;
}

/*
 * Makes whole entries of what is to be moved, and a mapping of its own unless it stays where it is.
 * Huge pages stay whole where they can be mapped at the other place.
 */
static int prepare_move(struct mm_struct *mm, unsigned long from, size_t len, unsigned long to,
			bool keep)
{
	int error =
		keep ? huge_split_borders(mm, from, from + len) : vma_isolate(mm, from, from + len);

	if (error || IS_ALIGNED(to - from, HUGE_SIZE) || !find_vma(mm, from)->huge)
		return error;
	return huge_split_range(mm, from, from + len);
}

/* From and to are free of each other, and nothing is mapped where it goes. */
static long move_mapping(struct mm_struct *mm, const struct remap *r, size_t old_len,
			 unsigned long to)
{
	bool keep = r->flags & MREMAP_DONTUNMAP || !old_len;
	struct vma *vma, *moved;
	int error = prepare_move(mm, r->addr, old_len, to, keep);

	if (error)
		return error;
	vma = find_vma(mm, r->addr);
	moved = moved_vma(vma, r->addr, to, r->new_len);
	if (!moved)
		return -ENOMEM;
	vma_link(mm, moved);
	if (move_entries(mm, r->addr, to, old_len)) {
		error = move_entries(mm, to, r->addr, old_len);

		ASSERT_MSG(!error, "[%#lx, +%#lx) cannot move back", r->addr, old_len);
		unmap_pages(mm, to, to + r->new_len);
		vma_remove(mm, moved);
		return -ENOMEM;
	}
	if (old_len)
		tlb_flush_mm(mm, r->addr, r->addr + old_len);
	if (!keep)
		vma_remove(mm, vma);
	else if (r->flags & MREMAP_DONTUNMAP)
		vma->flags &= ~VMA_LOCKED_ANY; /* it is empty */
	/* Nothing is there any more but empty tables. */
	if (old_len)
		unmap_pages(mm, r->addr, r->addr + old_len);
	vma_merge(mm, moved);
	return (long)to;
}

/* Where what has huge pages goes, it goes in step with them. */
static unsigned long choose_address(struct mm_struct *mm, const struct remap *r, unsigned long hint)
{
	if (find_vma(mm, r->addr)->huge && IS_ALIGNED(r->addr, HUGE_SIZE))
		return huge_choose_address(mm, hint, r->new_len);
	return vma_choose_address(mm, hint, r->new_len);
}

/* Whether it is refused to move or resize [addr, +old_len) of `vma`. */
static int check_part(const struct vma *vma, unsigned long addr, size_t old_len)
{
	if (!vma || vma->start > addr)
		return -EFAULT;
	/* Nothing of it: a second mapping of shared memory, and of nothing else. */
	if (!old_len && !(vma->flags & VMA_SHARED))
		return -EINVAL;
	return old_len > vma->end - addr ? -EFAULT : 0;
}

/* Removes what the new length leaves of the old range, whatever is mapped there. */
static int unmap_tail(struct mm_struct *mm, const struct remap *r)
{
	if (r->old_len <= r->new_len)
		return 0;
	if (r->old_len > USER_END || r->addr > USER_END - r->old_len)
		return -EINVAL;
	return unmap_locked(mm, r->addr + r->new_len, r->addr + r->old_len);
}

static long remap_to(struct mm_struct *mm, const struct remap *r)
{
	size_t old_len = MIN(r->old_len, r->new_len);
	unsigned long to = r->new_addr;
	int ret = check_part(find_vma(mm, r->addr), r->addr, old_len);

	if (ret)
		return ret;
	if (mm->nr_vmas + MOVE_VMAS >= VMAS_MAX)
		return -ENOMEM;
	if (!(r->flags & MREMAP_FIXED))
		to = choose_address(mm, r, to);
	else if (to < MMAP_MIN_ADDR)
		return -EPERM;
	else
		ret = unmap_locked(mm, to, to + r->new_len);
	if (!ret)
		ret = unmap_tail(mm, r);
	/* Of nothing, it may have been told to go where it was: that has removed it. */
	if (!ret)
		ret = check_part(find_vma(mm, r->addr), r->addr, old_len);
	if (ret || !to)
		return ret ? ret : -ENOMEM;
	return move_mapping(mm, r, old_len, to);
}

/*
 * A move to a place that changes no length may take several mappings along, with what is free between
 * them, but begins in one (as Linux since 6.17). What fails on the way leaves those before it moved.
 */
static long remap_several(struct mm_struct *mm, const struct remap *r)
{
	unsigned long end = r->addr + r->old_len, at = r->addr;

	while (at < end) {
		const struct vma *vma = find_vma(mm, at);
		struct remap part = *r;
		long ret;

		if (!vma || vma->start >= end)
			break;
		part.addr = MAX(at, vma->start);
		at = MIN(vma->end, end);
		part.old_len = part.new_len = at - part.addr;
		part.new_addr += part.addr - r->addr;
		/* Of these there is one or none. */
		if (vma->flags & VMA_HUGETLB && part.old_len != r->old_len)
			return -EFAULT;
		ret = remap_to(mm, &part);
		if (ret < 0)
			return ret;
	}
	return (long)r->new_addr;
}

static bool can_expand(struct mm_struct *mm, const struct vma *vma, unsigned long end)
{
	return end > vma->end && end <= USER_END && !vma_any(mm, vma->end, end);
}

static long grow(struct mm_struct *mm, const struct remap *r)
{
	struct vma *vma = find_vma(mm, r->addr);
	unsigned long end = r->addr + r->new_len, to;
	int ret = check_part(vma, r->addr, r->old_len);

	if (ret)
		return ret;
	/* What it grows by counts; wherever it will be, that is mapped nowhere yet. */
	if (unlikely(mm->limited) &&
	    !mm_within_limits(mm, USER_END, r->new_len - r->old_len, vma->flags))
		return -ENOMEM;
	if (r->addr + r->old_len == vma->end && can_expand(mm, vma, end)) {
		vma_set_end(mm, vma, end);
		vma_merge(mm, vma);
		return (long)r->addr;
	}
	if (!(r->flags & MREMAP_MAYMOVE) || mm->nr_vmas + MOVE_VMAS >= VMAS_MAX)
		return -ENOMEM;
	to = choose_address(mm, r, 0);
	return to ? move_mapping(mm, r, r->old_len, to) : -ENOMEM;
}

/* MAP_HUGETLB: by whole pages, and never more of them. 0 or -EINVAL. */
static int round_to_huge(struct remap *r)
{
	r->old_len = ALIGN_UP(r->old_len, HUGE_SIZE);
	r->new_len = ALIGN_UP(r->new_len, HUGE_SIZE);
	if (!IS_ALIGNED(r->addr, HUGE_SIZE) || r->new_len > r->old_len ||
	    r->flags & MREMAP_DONTUNMAP)
		return -EINVAL;
	if (!(r->flags & MREMAP_FIXED))
		return 0;
	return IS_ALIGNED(r->new_addr, HUGE_SIZE) && r->new_addr <= USER_END - r->new_len ? 0
											  : -EINVAL;
}

static long remap_locked(struct mm_struct *mm, struct remap *r)
{
	const struct vma *vma = find_vma(mm, r->addr);
	int ret;

	if (!vma || vma->start > r->addr)
		return -EFAULT;
	ret = vma->flags & VMA_HUGETLB ? round_to_huge(r) : 0;
	if (ret)
		return ret;
	r->touch = (vma->flags & VMA_LOCKED_ANY) == VMA_LOCKED && r->new_len > r->old_len;
	if (r->flags & MREMAP_FIXED && r->old_len == r->new_len)
		return remap_several(mm, r);
	if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return remap_to(mm, r);
	if (r->new_len > r->old_len)
		return grow(mm, r);
	ret = unmap_tail(mm, r);
	return ret ? ret : (long)r->addr;
}

/* What can be refused without a look at the mappings. */
static int check_args(const struct remap *r)
{
	const unsigned long known = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
	unsigned long old_end;

	if ((r->flags & ~known) || !IS_ALIGNED(r->addr, PAGE_SIZE))
		return -EINVAL;
	if (!r->new_len || r->new_len > USER_END)
		return -EINVAL;
	if (!(r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
		return 0;
	if (r->new_addr > USER_END - r->new_len || !IS_ALIGNED(r->new_addr, PAGE_SIZE))
		return -EINVAL;
	if (!(r->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((r->flags & MREMAP_DONTUNMAP) && r->old_len != r->new_len)
		return -EINVAL;
	/* Onto itself. */
	old_end = r->old_len > ~r->addr ? ~0UL : r->addr + r->old_len;
	if (r->new_addr < old_end && r->addr < r->new_addr + r->new_len)
		return -EINVAL;
	return 0;
}

long do_mremap(struct mm_struct *mm, unsigned long addr, size_t old_len, size_t new_len,
	       unsigned long flags, unsigned long new_addr)
{
	struct remap r = {
		.addr = addr,
		/* What wraps to 0 is nonsense in the new length, and nothing in the old one. */
		.old_len = ALIGN_UP(old_len, PAGE_SIZE),
		.new_len = ALIGN_UP(new_len, PAGE_SIZE),
		.flags = flags,
		.new_addr = new_addr,
	};
	long ret = check_args(&r);

	if (ret)
		return ret;
	mutex_lock(&mm->mmap_lock);
	ret = remap_locked(mm, &r);
	mutex_unlock(&mm->mmap_lock);
	if (ret > 0 && r.touch)
		(void)mm_populate(mm, (unsigned long)ret + r.old_len,
				  (unsigned long)ret + r.new_len);
	return ret;
}
