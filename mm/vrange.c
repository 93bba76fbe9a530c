/* The addresses of the vmalloc area: see vrange.h. */
#include "mm/vrange.h"

#include "kernel/base/bitops.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "mm/pgsync/pgsync.h"

#define FIRST_SLOT  root_slot(VMALLOC_START)
#define VMALLOC_END (VMALLOC_START + VMALLOC_SLOTS * ROOT_SLOT_SIZE)

static struct avl_root tree;  /* v */
static LIST_HEAD(by_address); /* v */

/* v: bit n: a range has touched root slot FIRST_SLOT + n. */
static DECLARE_BITMAP(slot_used, VMALLOC_SLOTS_MAX);

static struct vm_range *range_of(const struct avl_node *node)
{
	return container_of(node, struct vm_range, tree);
}

static struct vm_range *prev_of(const struct vm_range *r)
{
	return r->link.prev == &by_address ? NULL : list_entry(r->link.prev, struct vm_range, link);
}

static struct vm_range *next_of(const struct vm_range *r)
{
	return r->link.next == &by_address ? NULL : list_entry(r->link.next, struct vm_range, link);
}

static struct vm_range *highest(void)
{
	return list_empty(&by_address) ? NULL : list_last_entry(&by_address, struct vm_range, link);
}

/* The lowest range that ends above `va`, or NULL. */
static struct vm_range *first_above(unsigned long va)
{
	struct vm_range *found = NULL;

	for (struct avl_node *node = tree.top; node;) {
		if (vrange_end(range_of(node)) <= va) {
			node = node->right;
		} else {
			found = range_of(node);
			node = node->left;
		}
	}
	return found;
}

/* --- gaps --- */

static void update_max_gap(struct avl_node *node)
{
	struct vm_range *r = range_of(node);
	unsigned long max = r->gap;

	if (node->left)
		max = MAX(max, range_of(node->left)->max_gap);
	if (node->right)
		max = MAX(max, range_of(node->right)->max_gap);
	r->max_gap = max;
}

/* Where the free addresses behind a range begin; NULL: behind none. */
static unsigned long free_from(const struct vm_range *prev)
{
	return prev ? vrange_end(prev) : VMALLOC_START;
}

/* The lowest range with such a gap below it, or NULL. */
static struct vm_range *lowest_gap(unsigned long need)
{
	struct avl_node *node = tree.top;

	if (!node || range_of(node)->max_gap < need)
		return NULL;
	for (;;) {
		if (node->left && range_of(node->left)->max_gap >= need)
			node = node->left;
		else if (range_of(node)->gap >= need)
			return range_of(node);
		else
			node = node->right;
	}
}

/* --- root slots, counted from FIRST_SLOT --- */

static unsigned int first_slot_of(const struct vm_range *r)
{
	return root_slot(r->start) - FIRST_SLOT;
}

/* Of the last byte of the page behind it. */
static unsigned int last_slot_of(const struct vm_range *r)
{
	return root_slot(vrange_end(r) - 1) - FIRST_SLOT;
}

static unsigned long slot_start(unsigned int n)
{
	return VMALLOC_START + n * ROOT_SLOT_SIZE;
}

static bool slot_occupied(unsigned int n)
{
	const struct vm_range *r = first_above(slot_start(n));

	return r && first_slot_of(r) <= n;
}

static bool slots_fresh(unsigned int n, unsigned int count)
{
	for (unsigned int i = n; i < n + count; i++)
		if (i >= VMALLOC_SLOTS || test_bit(i, slot_used))
			return false;
	return true;
}

/* --- the calls --- */

static void insert(struct vm_range *r, unsigned long start)
{
	struct vm_range *next = first_above(start), *prev = next ? prev_of(next) : highest();

	r->start = start;
	ASSERT_MSG(start >= free_from(prev) && vrange_end(r) <= (next ? next->start : VMALLOC_END),
		   "%#lx pages %u is taken, by %#lx or %#lx", start, r->nr_pages,
		   prev ? prev->start : 0, next ? next->start : 0);
	r->gap = start - free_from(prev);
	if (next)
		next->gap = next->start - vrange_end(r);
	list_add(&r->link, prev ? &prev->link : &by_address);
	avl_insert(&tree, &r->tree, prev ? &prev->tree : NULL, next ? &next->tree : NULL,
		   update_max_gap);
	for (unsigned int n = first_slot_of(r); n <= last_slot_of(r); n++)
		__set_bit(n, slot_used);
}

bool vrange_place(struct vm_range *r)
{
	unsigned long need = (r->nr_pages + 1UL) * PAGE_SIZE, start;
	const struct vm_range *above = lowest_gap(need);

	start = above ? above->start - above->gap : free_from(highest());
	if (!above && VMALLOC_END - start < need)
		return false;
	insert(r, start);
	return true;
}

bool vrange_place_fresh(struct vm_range *r, unsigned int before)
{
	unsigned int count = before ? 2 : 1;

	for (unsigned int n = 0; n + count <= VMALLOC_SLOTS; n++) {
		if (!slots_fresh(n, count))
			continue;
		insert(r, before ? slot_start(n + 1) - before * PAGE_SIZE : slot_start(n));
		return true;
	}
	return false;
}

struct vm_range *vrange_find(unsigned long start)
{
	struct vm_range *r = first_above(start);

	return r && r->start == start ? r : NULL;
}

void vrange_remove(struct vm_range *r)
{
	struct vm_range *prev = prev_of(r), *next = next_of(r);

	if (next)
		next->gap = next->start - free_from(prev);
	list_del(&r->link);
	avl_remove(&tree, &r->tree, update_max_gap);
	for (unsigned int n = first_slot_of(r); n <= last_slot_of(r); n++)
		if (!kroot_ready(FIRST_SLOT + n) && !slot_occupied(n))
			__clear_bit(n, slot_used);
}

bool vrange_in_slot(unsigned int slot)
{
	return slot_occupied(slot - FIRST_SLOT);
}

unsigned int vrange_slots_free(void)
{
	unsigned int used = 0, n;

	for_each_set_bit (n, slot_used, VMALLOC_SLOTS)
		used++;
	return VMALLOC_SLOTS - used;
}

int vrange_reset_slots(unsigned int first_slot)
{
	ASSERT_MSG(first_slot >= FIRST_SLOT && first_slot <= FIRST_SLOT + VMALLOC_SLOTS, "slot %u",
		   first_slot);
	if (first_above(slot_start(first_slot - FIRST_SLOT)))
		return -EBUSY;
	for (unsigned int n = first_slot - FIRST_SLOT; n < VMALLOC_SLOTS; n++)
		__clear_bit(n, slot_used);
	return 0;
}

const struct vm_range *vrange_top(void)
{
	return tree.top ? range_of(tree.top) : NULL;
}
