/*
 * The addresses of the vmalloc area: who has which.
 *
 *	vrange_place()		the lowest addresses that are free
 *	vrange_place_fresh()	in root slots that no range has touched
 *	vrange_find()		the range that begins at an address
 *	vrange_remove()		its addresses are free again
 *
 * A range and one unmapped page behind it are taken together. Ranges are in a balanced tree by
 * address, each with the free bytes below it and the most of those in its subtree: among n ranges
 * every call takes O(log n) steps. The caller brings the lock (letter v), and the memory of the
 * range.
 */
#ifndef MM_VRANGE_H
#define MM_VRANGE_H

#include "kernel/base/avl.h"
#include "kernel/base/list.h"
#include "mm/page.h"

/*
 * RANGE_NEW	addresses taken, pages being found and mapped
 * RANGE_LIVE	the caller's
 * RANGE_DEAD	unmapped, or about to be; then on the purge list too
 */
enum range_state { RANGE_NEW, RANGE_LIVE, RANGE_DEAD };

struct vm_range {
	struct avl_node tree;       /* v */
	struct list_head link;      /* v: by address */
	unsigned long gap, max_gap; /* v */
	struct list_head purge;     /* v: of vmalloc.c, when dead */
	unsigned long start;        /* constant once placed */
	unsigned int nr_pages;      /* constant */
	enum range_state state;     /* v */
	struct page **pages;        /* the owner's; then the purger's. NULL: memory of a device */
};

/* Where the range and the page after it end. */
static inline unsigned long vrange_end(const struct vm_range *r)
{
	return r->start + (r->nr_pages + 1UL) * PAGE_SIZE;
}

/* r->nr_pages is set. False: no room. */
bool vrange_place(struct vm_range *r);

/*
 * `before`: pages of r that lie in the first of two slots; 0: all in one slot, at its start. False:
 * there are no such slots.
 */
bool vrange_place_fresh(struct vm_range *r, unsigned int before);

/* The range that begins at `start`, in whatever state, or NULL. */
struct vm_range *vrange_find(unsigned long start);

/*
 * A root slot that was never installed, because memory ran out before, is fresh again when the last
 * range in it goes.
 */
void vrange_remove(struct vm_range *r);

/* Whether a range, of whatever state, is in the root slot. */
bool vrange_in_slot(unsigned int slot);

/* Root slots that no range has touched. */
unsigned int vrange_slots_free(void);

/* Forgets that the root slots from `first_slot` on were used. -EBUSY: a range is there. */
int vrange_reset_slots(unsigned int first_slot);

/* For tests: the top of the tree, NULL when there are no ranges. */
const struct vm_range *vrange_top(void);

#endif
