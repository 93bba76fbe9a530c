/* The set of mappings of an address space: see vma.h. */
#include "mm/vma.h"

#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "mm/memobj.h"
#include "mm/slab.h"

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
	if (vma->obj)
		memobj_put(vma->obj);
	kmem_cache_free(vma_cache, vma);
}

struct vma *vma_duplicate(const struct vma *vma)
{
	struct vma *copy = vma_alloc();

	if (!copy)
		return NULL;
	*copy = *vma;
	if (copy->obj)
		memobj_get(copy->obj);
	return copy;
}

static struct vma *vma_of(const struct avl_node *node)
{
	return container_of(node, struct vma, tree);
}

/* --- gaps --- */

static void update_max_gap(struct avl_node *node)
{
	struct vma *vma = vma_of(node);
	unsigned long max = vma->gap;

	if (node->left)
		max = MAX(max, vma_of(node->left)->max_gap);
	if (node->right)
		max = MAX(max, vma_of(node->right)->max_gap);
	vma->max_gap = max;
}

unsigned long vma_start_gap(const struct vma *vma)
{
	if (!(vma->flags & VMA_GROWSDOWN))
		return vma->start;
	return vma->start > STACK_GUARD_GAP ? vma->start - STACK_GUARD_GAP : 0;
}

/* Where the free addresses below a mapping begin. */
static unsigned long gap_start(const struct vma *prev)
{
	return prev ? prev->end : MMAP_MIN_ADDR;
}

static unsigned long gap_between(const struct vma *prev, const struct vma *vma)
{
	unsigned long low = gap_start(prev), high = vma_start_gap(vma);

	return high > low ? high - low : 0;
}

/* The highest mapping of the subtree with such a gap below it; there is one. */
static struct vma *highest_gap_in(struct avl_node *node, size_t len)
{
	for (;;) {
		if (node->right && vma_of(node->right)->max_gap >= len)
			node = node->right;
		else if (vma_of(node)->gap >= len)
			return vma_of(node);
		else
			node = node->left;
	}
}

/* The highest mapping below `vma` with such a gap below it, or NULL. */
static struct vma *highest_gap_before(struct vma *vma, size_t len)
{
	struct avl_node *node = &vma->tree;

	for (;;) {
		if (node->left && vma_of(node->left)->max_gap >= len)
			return highest_gap_in(node->left, len);
		/* Up, to the first one with a lower address. */
		while (node->parent && node->parent->left == node)
			node = node->parent;
		node = node->parent;
		if (!node)
			return NULL;
		if (vma_of(node)->gap >= len)
			return vma_of(node);
	}
}

/* The highest mapping of all with such a gap below it, or NULL. */
static struct vma *highest_gap(struct mm_struct *mm, size_t len)
{
	struct avl_node *top = mm->vma_tree.top;

	return top && vma_of(top)->max_gap >= len ? highest_gap_in(top, len) : NULL;
}

static struct vma *highest_vma(struct mm_struct *mm)
{
	return list_empty(&mm->vmas) ? NULL : list_last_entry(&mm->vmas, struct vma, node);
}

unsigned long vma_find_gap(struct mm_struct *mm, size_t len, unsigned long limit)
{
	struct vma *above = find_vma(mm, limit);
	unsigned long low, high;

	/* The limit may cut one gap; all others below it count whole. */
	low = gap_start(above ? vma_prev(mm, above) : highest_vma(mm));
	high = above ? MIN(vma_start_gap(above), limit) : limit;
	if (high > low && high - low >= len)
		return high - len;
	above = above ? highest_gap_before(above, len) : highest_gap(mm, len);
	return above ? vma_start_gap(above) - len : 0;
}

unsigned long vma_find_gap_above(struct mm_struct *mm, size_t len, unsigned long limit,
				 unsigned long top)
{
	const struct vma *vma = find_vma(mm, limit);
	/* The gap that the limit cuts counts whole, but as in Linux from here on only. */
	unsigned long low = ALIGN_UP(USER_WINDOW_END / 3, PAGE_SIZE);

	low = MAX(low, gap_start(vma ? vma_prev(mm, vma) : highest_vma(mm)));
	for (; vma && low < top; vma = vma_next(mm, vma)) {
		unsigned long high = MIN(vma_start_gap(vma), top);

		if (high > low && high - low >= len)
			return low;
		low = MAX(low, vma->end);
	}
	return low < top && top - low >= len ? low : 0;
}

/* --- searching --- */

struct vma *find_vma(struct mm_struct *mm, unsigned long va)
{
	struct vma *vma = mm->last_vma, *found = NULL;

	if (likely(vma && vma->start <= va && va < vma->end))
		return vma;
	for (struct avl_node *node = mm->vma_tree.top; node;) {
		vma = vma_of(node);
		if (va >= vma->end) {
			node = node->right;
			continue;
		}
		found = vma;
		if (va >= vma->start)
			break;
		node = node->left;
	}
	if (found)
		mm->last_vma = found;
	return found;
}

bool vma_any(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	const struct vma *vma = find_vma(mm, start);

	return vma && vma->start < end;
}

bool vma_all(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	const struct vma *vma = find_vma(mm, start);

	for (; vma && vma->start <= start; vma = vma_next(mm, vma)) {
		start = vma->end;
		if (start >= end)
			return true;
	}
	return false;
}

/* --- changing --- */

/* `prev` is the neighbour below, NULL: none. */
static void link_after(struct mm_struct *mm, struct vma *vma, struct vma *prev)
{
	struct vma *next;

	list_add(&vma->node, prev ? &prev->node : &mm->vmas);
	next = vma_next(mm, vma);
	ASSERT_MSG(vma->start < vma->end && (!prev || prev->end <= vma->start) &&
			   (!next || vma->end <= next->start),
		   "[%#lx, %#lx)", vma->start, vma->end);
	vma->gap = gap_between(prev, vma);
	if (next)
		next->gap = gap_between(vma, next);
	avl_insert(&mm->vma_tree, &vma->tree, prev ? &prev->tree : NULL, next ? &next->tree : NULL,
		   update_max_gap);
	mm->nr_vmas++;
}

void vma_link(struct mm_struct *mm, struct vma *vma)
{
	struct vma *next = find_vma(mm, vma->start);

	link_after(mm, vma, next ? vma_prev(mm, next) : highest_vma(mm));
	/* What was mapped is what is touched next. */
	mm->last_vma = vma;
}

void vma_remove(struct mm_struct *mm, struct vma *vma)
{
	struct vma *prev = vma_prev(mm, vma), *next = vma_next(mm, vma);

	if (mm->last_vma == vma)
		mm->last_vma = NULL;
	if (next)
		next->gap = gap_between(prev, next);
	list_del(&vma->node);
	avl_remove(&mm->vma_tree, &vma->tree, update_max_gap);
	mm->nr_vmas--;
	vma_free(vma);
}

void vma_set_start(struct mm_struct *mm, struct vma *vma, unsigned long start)
{
	ASSERT(IS_ALIGNED(start, PAGE_SIZE) && start < vma->end);
	vma->start = start;
	vma->gap = gap_between(vma_prev(mm, vma), vma);
	avl_propagate(&vma->tree, update_max_gap);
}

void vma_set_end(struct mm_struct *mm, struct vma *vma, unsigned long end)
{
	struct vma *next = vma_next(mm, vma);

	ASSERT(IS_ALIGNED(end, PAGE_SIZE) && end > vma->start && (!next || end <= next->start));
	vma->end = end;
	if (!next)
		return;
	next->gap = gap_between(vma, next);
	avl_propagate(&next->tree, update_max_gap);
}

/* Cuts `vma` at `at`: it keeps the lower part. -ENOMEM leaves it whole. */
static int split(struct mm_struct *mm, struct vma *vma, unsigned long at)
{
	struct vma *upper;

	ASSERT(vma->start < at && at < vma->end);
	if (mm->nr_vmas >= VMAS_MAX)
		return -ENOMEM;
	upper = vma_duplicate(vma);
	if (!upper)
		return -ENOMEM;
	upper->start = at;
	vma->end = at;
	link_after(mm, upper, vma);
	return 0;
}

int vma_split_at_borders(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vma *vma = find_vma(mm, start);

	if (vma && vma->start < start && split(mm, vma, start))
		return -ENOMEM;
	vma = find_vma(mm, end);
	if (vma && vma->start < end && split(mm, vma, end))
		return -ENOMEM;
	return 0;
}

static bool can_merge(const struct vma *a, const struct vma *b)
{
	return a->end == b->start && a->flags == b->flags && a->obj == b->obj &&
	       a->obj_origin == b->obj_origin && a->file_start == b->file_start &&
	       a->file_end == b->file_end;
}

static struct vma *merge(struct mm_struct *mm, struct vma *vma, struct vma *next)
{
	if (!next || !can_merge(vma, next))
		return next;
	vma->end = next->end;
	vma->own_pages |= next->own_pages;
	vma->huge |= next->huge;
	vma_remove(mm, next);
	return vma;
}

void vma_merge(struct mm_struct *mm, struct vma *vma)
{
	struct vma *prev = vma_prev(mm, vma);

	merge(mm, vma, vma_next(mm, vma));
	if (prev)
		merge(mm, prev, vma);
}

void vma_merge_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vma *vma = find_vma(mm, start - 1);

	while (vma && vma->end <= end)
		vma = merge(mm, vma, vma_next(mm, vma));
}

/* --- fork: the copies stand in the same order and in a tree of the same shape --- */

struct vma *vma_append_copy(struct mm_struct *new, struct vma *vma)
{
	struct vma *copy = vma_duplicate(vma);

	if (!copy)
		return NULL;
	copy->flags &= ~VMA_LOCKED_ANY;
	vma->copy = copy;
	list_add_tail(&copy->node, &new->vmas);
	new->nr_vmas++;
	return copy;
}

static struct avl_node *copy_of(const struct avl_node *node)
{
	return node ? &vma_of(node)->copy->tree : NULL;
}

void vma_copy_tree(struct mm_struct *new, const struct mm_struct *old)
{
	const struct vma *vma;

	ASSERT(new->nr_vmas == old->nr_vmas);
	list_for_each_entry (vma, &old->vmas, node) {
		struct avl_node *node = &vma->copy->tree;

		node->left = copy_of(vma->tree.left);
		node->right = copy_of(vma->tree.right);
		node->parent = copy_of(vma->tree.parent);
	}
	new->vma_tree.top = copy_of(old->vma_tree.top);
}
