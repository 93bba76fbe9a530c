/*
 * mmap, munmap, mprotect, brk: by Linux's errnos, and in the order in which Linux finds them.
 *
 * Nothing is allocated for a mapping but its struct vma; pages come with the first touch (fault.c).
 * Removing one frees its pages and the tables that this empties.
 */
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "mm/huge.h"
#include "mm/memobj.h"
#include "mm/mm.h"
#include "mm/pgtable.h"
#include "mm/tlb.h"
#include "mm/unmap.h"
#include "mm/vma.h"

#define PROT_ALL       (VMA_READ | VMA_WRITE | VMA_EXEC)
#define PROT_SEM       0x8 /* accepted, as in Linux; without a meaning */
#define PROT_GROWSDOWN 0x01000000
#define PROT_GROWSUP   0x02000000
#define PROT_GROWS     (PROT_GROWSDOWN | PROT_GROWSUP)

/* An object that is mapped, from `offset` on. NULL, where a pointer to it is wanted: anonymous memory. */
struct source {
	struct memobj *obj;
	u64 offset;
};

/* A mapping in no address space yet; NULL: no memory. */
static __always_inline struct vma *new_vma(unsigned long start, unsigned long end,
					   unsigned long flags, const struct source *from)
{
	struct vma *vma = vma_alloc();

	if (!vma)
		return NULL;
	*vma = (struct vma){.start = start, .end = end, .flags = flags};
	if (likely(!from && !(flags & (VMA_SHARED | VMA_HUGETLB))))
		return vma;
	vma->huge = flags & VMA_HUGETLB;
	if (from) {
		memobj_get(from->obj);
		vma->obj = from->obj;
		vma->obj_origin = start - from->offset;
	} else if (flags & VMA_SHARED) {
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

int mm_map_segment(struct mm_struct *mm, const struct mm_segment *s)
{
	struct vma *vma;

	ASSERT(IS_ALIGNED(s->start, PAGE_SIZE) && IS_ALIGNED(s->end, PAGE_SIZE));
	ASSERT_MSG(s->start < s->end, "[%#lx, %#lx)", s->start, s->end);
	if (vma_any(mm, s->start, s->end))
		return -EINVAL;
	vma = vma_alloc();
	if (!vma)
		return -ENOMEM;
	*vma = (struct vma){
		.start = s->start,
		.end = s->end,
		.flags = s->flags,
		.obj = s->obj,
		.obj_origin = s->obj_origin,
		.file_start = s->file_start,
		.file_end = s->file_end,
	};
	if (vma->obj)
		memobj_get(vma->obj);
	vma_link(mm, vma);
	return 0;
}

int unmap_locked(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vma *vma = find_vma(mm, start), *next;

	if (!vma || vma->start >= end)
		return 0;
	if (vma->start != start || vma->end != end) {
		int error = vma_isolate(mm, start, end);

		if (error)
			return error;
		vma = find_vma(mm, start);
	}
	/* First the translations: the mapping's reference keeps an object's uncounted pages. */
	unmap_pages(mm, start, end);
	for (; vma && vma->start < end; vma = next) {
		next = vma_next(mm, vma);
		vma_remove(mm, vma);
	}
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

unsigned long vma_choose_address(struct mm_struct *mm, unsigned long hint, size_t len)
{
	/* Above the window only for who asks by such a hint, and never on both sides of its end. */
	const bool upper = hint > USER_WINDOW_END;
	const unsigned long top = upper ? USER_END : USER_WINDOW_END;
	const unsigned long limit = MMAP_BASE + (top - USER_WINDOW_END);

	/* At the hint, else as high as possible below the stack, else as low as possible. */
	if (hint & PAGE_MASK) {
		const struct vma *vma;

		hint = MAX(hint & PAGE_MASK, MMAP_MIN_ADDR);
		vma = find_vma(mm, hint);
		if (range_ok(hint, len) && (hint + len > USER_WINDOW_END) == upper &&
		    (!vma || vma_start_gap(vma) >= hint + len))
			return hint;
	}
	hint = vma_find_gap(mm, len, limit);
	return likely(hint) ? hint : vma_find_gap_above(mm, len, limit, top);
}

/* MAP_FIXED: the address, or why it cannot be there. */
static long check_address(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long flags)
{
	if (flags & MAP_HUGETLB && !IS_ALIGNED(addr, HUGE_SIZE))
		return -EINVAL;
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

int mm_set_mdwe(struct mm_struct *mm, unsigned long bits)
{
	int ret = 0;

	if (bits & ~(unsigned long)(MDWE_REFUSE_EXEC_GAIN | MDWE_NO_INHERIT))
		return -EINVAL;
	if ((bits & MDWE_NO_INHERIT) && !(bits & MDWE_REFUSE_EXEC_GAIN))
		return -EINVAL;
	mutex_lock(&mm->mmap_lock);
	if (mm->mdwe && mm->mdwe != bits)
		ret = -EPERM;
	else
		mm->mdwe = bits;
	mutex_unlock(&mm->mmap_lock);
	return ret;
}

/* Whether a process that has denied itself writable code may not have `flags` where it has `old`. */
static bool mdwe_denies(const struct mm_struct *mm, unsigned long old, unsigned long flags)
{
	return mm->mdwe && (flags & VMA_EXEC) && ((flags & VMA_WRITE) || !(old & VMA_EXEC));
}

/* The mapping's flags, or -EINVAL, -EACCES. */
static long vma_flags_of(unsigned long prot, unsigned long flags)
{
	unsigned long vma_flags = prot & PROT_ALL;

	if (unlikely(flags & (MAP_GROWSDOWN | MAP_HUGETLB | MAP_LOCKED))) {
		if (flags & MAP_GROWSDOWN && flags & MAP_HUGETLB)
			return -EINVAL;
		if (flags & MAP_GROWSDOWN)
			vma_flags |= VMA_GROWSDOWN;
		if (flags & MAP_HUGETLB)
			vma_flags |= VMA_HUGETLB;
		else if (flags & MAP_LOCKED)
			vma_flags |= VMA_LOCKED;
	}
	switch (flags & MAP_TYPE) {
	case MAP_PRIVATE:
		return (long)vma_flags;
	case MAP_SHARED:
		if (flags & MAP_GROWSDOWN)
			return -EINVAL;
		if (flags & MAP_NEVER_WRITE) {
			if (vma_flags & VMA_WRITE)
				return -EACCES;
			vma_flags |= VMA_NEVER_WRITE;
		}
		return (long)(vma_flags | VMA_SHARED);
	default:
		return -EINVAL;
	}
}

static noinline long mmap_locked(struct mm_struct *mm, unsigned long addr, size_t len,
				 unsigned long prot, unsigned long flags, const struct source *from)
{
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	struct vma *vma;
	long vma_flags, at;
	int ret;

	if (mm->nr_vmas > VMAS_MAX)
		return -ENOMEM;
	if (fixed)
		at = check_address(mm, addr, len, flags);
	else if (unlikely(flags & MAP_HUGETLB))
		at = (long)huge_choose_address(mm, addr, len);
	else
		at = (long)vma_choose_address(mm, addr, len);
	if (at <= 0)
		return at ? at : -ENOMEM;
	addr = (unsigned long)at;
	vma_flags = vma_flags_of(prot, flags);
	if (vma_flags < 0)
		return vma_flags;
	/* One test of all three, for the usual mapping. */
	if (unlikely(mm->lock_new | mm->mdwe | mm->limited)) {
		if (!(flags & MAP_HUGETLB))
			vma_flags |= (long)mm->lock_new;
		if (mdwe_denies(mm, (unsigned long)vma_flags, (unsigned long)vma_flags))
			return -EACCES;
		if (mm->limited && !mm_within_limits(mm, addr, len, (unsigned long)vma_flags))
			return -ENOMEM;
	}
	vma = new_vma(addr, addr + len, (unsigned long)vma_flags, from);
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

static __always_inline long mmap_from(struct mm_struct *mm, unsigned long addr, size_t len,
				      unsigned long prot, unsigned long flags,
				      const struct source *from)
{
	long ret;

	if (unlikely(flags & MAP_HUGETLB)) {
		/* Objects have small pages. */
		if (from)
			return -EINVAL;
		ret = huge_mmap_length(len, flags);
		if (ret < 0)
			return ret;
		len = (size_t)ret;
	}
	if (!len)
		return -EINVAL;
	if (len > USER_END)
		return -ENOMEM;
	len = ALIGN_UP(len, PAGE_SIZE);
	mutex_lock(&mm->mmap_lock);
	ret = mmap_locked(mm, addr, len, prot, flags, from);
	mutex_unlock(&mm->mmap_lock);
	/* What it cannot get is no error: the mapping stands, touching it tells. */
	if (ret > 0 && unlikely((flags & (MAP_LOCKED | MAP_POPULATE)) | READ_ONCE(mm->lock_new)))
		mm_populate_new(mm, (unsigned long)ret, len, flags);
	return ret;
}

long do_mmap(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long prot,
	     unsigned long flags)
{
	return mmap_from(mm, addr, len, prot, flags, NULL);
}

long do_mmap_object(struct mm_struct *mm, unsigned long addr, size_t len, unsigned long prot,
		    unsigned long flags, struct memobj *obj, u64 offset)
{
	if (len > USER_END || offset > (u64)INT64_MAX - len)
		return -EOVERFLOW;
	return mmap_from(mm, addr, len, prot, flags,
			 &(struct source){.obj = obj, .offset = offset});
}

/* What of an entry is not a matter of rights. */
#define PTE_KEPT                                                                                   \
	(PTE_PHYS_MASK | PTE_A | PTE_D | PTE_PS | PTE_SPECIAL | PTE_DEVICE | PTE_CACHE_KIND)

static void protect_leaf(pte_t *entry, unsigned long va, void *arg)
{
	const struct vma *vma = arg;
	u64 prot = vma_pte_prot(vma);

	(void)va;
	/* Write permission comes with the next write fault: others may have the page too. */
	if (!(vma->flags & VMA_SHARED))
		prot &= ~PTE_W;
	pt_set(entry, (*entry & PTE_KEPT) | prot);
}

static void protect_none_leaf(pte_t *entry, unsigned long va, void *arg)
{
	(void)va;
	(void)arg;
	/*
	 * There for the counts and the walker, but not for the processor: a system call that copies
	 * from it runs as the supervisor and must fault as well.
	 */
	pt_set(entry, pte_out_of_reach(*entry) & ~PTE_W);
}

static void protect_vma(struct mm_struct *mm, struct vma *vma)
{
	static const struct pt_range_ops protect = {.leaf = protect_leaf};
	static const struct pt_range_ops none = {.leaf = protect_none_leaf};

	pt_walk_range(mm->root->pgd, vma->start, vma->end, vma->flags & PROT_ALL ? &protect : &none,
		      vma);
}

/* Whether a mapping of the range must not get these rights. */
static bool denies_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			 unsigned long prot)
{
	const struct vma *vma = find_vma(mm, start);

	for (; vma && vma->start < end; vma = vma_next(mm, vma))
		if (mdwe_denies(mm, vma->flags, prot) ||
		    ((vma->flags & VMA_NEVER_WRITE) && (prot & VMA_WRITE)))
			return true;
	return false;
}

/*
 * PROT_GROWSDOWN: the rights are for a stack from its lower end on. Nothing grows upwards here, so
 * PROT_GROWSUP never finds what it asks for.
 */
static int grow_range(struct mm_struct *mm, unsigned long prot, unsigned long *start,
		      unsigned long end)
{
	const struct vma *vma = find_vma(mm, *start);

	if (!vma)
		return -ENOMEM;
	if (prot & PROT_GROWSDOWN) {
		if (vma->start >= end)
			return -ENOMEM;
		*start = vma->start;
		return vma->flags & VMA_GROWSDOWN ? 0 : -EINVAL;
	}
	return vma->start > *start ? -ENOMEM : -EINVAL;
}

static int mprotect_locked(struct mm_struct *mm, unsigned long start, unsigned long end,
			   unsigned long prot)
{
	struct vma *vma, *next;
	int error;

	if (!vma_all(mm, start, end))
		return -ENOMEM;
	if (denies_range(mm, start, end, prot))
		return -EACCES;
	error = vma_isolate(mm, start, end);
	if (error)
		return error;
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
	unsigned long start = addr, end = addr + ALIGN_UP(len, PAGE_SIZE);
	int ret = 0;

	if ((prot & PROT_GROWS) == PROT_GROWS || !IS_ALIGNED(addr, PAGE_SIZE))
		return -EINVAL;
	if (!len)
		return 0;
	if (end <= addr)
		return -ENOMEM;
	if (prot & ~(PROT_ALL | PROT_SEM | PROT_GROWS))
		return -EINVAL;
	mutex_lock(&mm->mmap_lock);
	if (prot & PROT_GROWS)
		ret = grow_range(mm, prot, &start, end);
	if (!ret)
		ret = mprotect_locked(mm, start, end, prot & PROT_ALL);
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
	if (unlikely(mm->limited) && !mm_within_limits(mm, old_end, end - old_end, VMA_WRITE))
		return -ENOMEM;
	vma = new_vma(old_end, end, VMA_READ | VMA_WRITE | mm->lock_new, NULL);
	if (!vma)
		return -ENOMEM;
	insert_vma(mm, vma);
	return 0;
}

unsigned long do_brk(struct mm_struct *mm, unsigned long brk)
{
	unsigned long before, now;
	bool touch;

	mutex_lock(&mm->mmap_lock);
	before = mm->brk;
	if (brk_locked(mm, brk) == 0)
		mm->brk = brk;
	now = mm->brk;
	touch = unlikely(mm->lock_new == VMA_LOCKED) && now > before;
	mutex_unlock(&mm->mmap_lock);
	if (touch)
		(void)mm_populate(mm, ALIGN_UP(before, PAGE_SIZE), ALIGN_UP(now, PAGE_SIZE));
	return now;
}
