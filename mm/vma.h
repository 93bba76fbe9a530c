/*
 * The mappings of an address space, as a set of ranges: for the files of mm that change or search
 * it (mmap.c, fault.c, mm.c, ...). Nothing here touches a page table.
 *
 * They are on a list by address and in a balanced tree at once: neighbours cost one step, a search
 * O(log n). Each mapping keeps the gap below it and the largest gap in its subtree, so that a free
 * place is found in O(log n) too.
 *
 * All under mmap_lock; vma_alloc() and what needs it may fail, nothing else does.
 */
#ifndef MM_VMA_H
#define MM_VMA_H

#include "mm/mm.h"

/* As Linux's vm.max_map_count. */
#define VMAS_MAX 65530

/* A stack keeps this much free below it, so that running over its end is noticed. */
#define STACK_GUARD_GAP (256 * PAGE_SIZE)

/* Boot. */
void vma_init(void);

struct vma *vma_alloc(void);
/* Gives its reference to an object up too. */
void vma_free(struct vma *vma);
/* The same mapping once more, with a reference of its own; in no address space. */
struct vma *vma_duplicate(const struct vma *vma);

/* Whether the page at `va` is the object's, at least in part. */
static inline bool vma_shows_object(const struct vma *vma, unsigned long va)
{
	return vma->obj &&
	       (!vma->file_end || (va < vma->file_end && va + PAGE_SIZE > vma->file_start));
}

/* The page of the mapped object that is at `va`. */
static inline unsigned long vma_obj_index(const struct vma *vma, unsigned long va)
{
	return (va - vma->obj_origin) >> PAGE_SHIFT;
}

static inline struct vma *vma_next(struct mm_struct *mm, const struct vma *vma)
{
	return vma->node.next == &mm->vmas ? NULL : list_entry(vma->node.next, struct vma, node);
}

static inline struct vma *vma_prev(struct mm_struct *mm, const struct vma *vma)
{
	return vma->node.prev == &mm->vmas ? NULL : list_entry(vma->node.prev, struct vma, node);
}

/* Puts a mapping into the set, where nothing is mapped; ownership passes. */
void vma_link(struct mm_struct *mm, struct vma *vma);

/* Takes it out and frees it. */
void vma_remove(struct mm_struct *mm, struct vma *vma);

/* Moves its lower or upper border, over free addresses or its own. */
void vma_set_start(struct mm_struct *mm, struct vma *vma, unsigned long start);
void vma_set_end(struct mm_struct *mm, struct vma *vma, unsigned long end);

/*
 * For vma_isolate() (huge.h): makes mapping borders at start and end, so that what lies between is
 * whole mappings. -ENOMEM: no memory, or too many mappings; a border may have been made, which
 * changes nothing for anybody.
 */
int vma_split_at_borders(struct mm_struct *mm, unsigned long start, unsigned long end);

/* Joins `vma` with its neighbours where that can be done; it may be gone then. */
void vma_merge(struct mm_struct *mm, struct vma *vma);

/* Joins the neighbours that can be joined at the borders from `start` to `end`. */
void vma_merge_range(struct mm_struct *mm, unsigned long start, unsigned long end);

/* Whether something is mapped in [start, end), and whether all of it is. */
bool vma_any(struct mm_struct *mm, unsigned long start, unsigned long end);
bool vma_all(struct mm_struct *mm, unsigned long start, unsigned long end);

/* The lowest address of a mapping that others keep clear of: a stack's includes its guard gap. */
unsigned long vma_start_gap(const struct vma *vma);

/*
 * The highest free range of `len` bytes that ends at or below `limit` and begins at MMAP_MIN_ADDR
 * or above. 0: none.
 */
unsigned long vma_find_gap(struct mm_struct *mm, size_t len, unsigned long limit);

/*
 * For when there is none: the lowest free range of `len` bytes that ends above `limit` and not above
 * `top`. 0: none. Looks at each mapping above `limit`.
 */
unsigned long vma_find_gap_above(struct mm_struct *mm, size_t len, unsigned long limit,
				 unsigned long top);

/* mmap.c: where Linux maps what need not be at a certain place; 0: nowhere. */
unsigned long vma_choose_address(struct mm_struct *mm, unsigned long hint, size_t len);

/* mmap.c: munmap of a page-aligned range. 0 or what vma_isolate() says (huge.h). */
int unmap_locked(struct mm_struct *mm, unsigned long start, unsigned long end);

/*
 * For fork: a copy of `vma`, not locked, goes to the end of an address space that is being made; NULL: no
 * memory. When all are there, vma_copy_tree() makes it searchable.
 */
struct vma *vma_append_copy(struct mm_struct *new, struct vma *vma);
void vma_copy_tree(struct mm_struct *new, const struct mm_struct *old);

#endif
