/*
 * Ranges hang on one list sorted by address; what lies between two of them is free. A range stays
 * on the list until its pages have been freed, so that nobody else gets its addresses before the
 * flush:
 *
 *	RANGE_NEW	addresses taken, pages being found and mapped
 *	RANGE_LIVE	the caller's
 *	RANGE_DEAD	unmapped, or about to be; then on the purge list too
 *
 * The lock guards the lists and is never held across an allocation, a mapping or a flush.
 */
#include "mm/vmalloc.h"

#include "arch/mmu.h"
#include "kernel/base/bitops.h"
#include "kernel/base/errno.h"
#include "kernel/base/list.h"
#include "kernel/base/mutant.h"
#include "kernel/base/spinlock.h"
#include "mm/buddy.h"
#include "mm/pgsync/pgsync.h"
#include "mm/pgtable.h"
#include "mm/slab.h"

#define FIRST_SLOT  root_slot(VMALLOC_START)
#define VMALLOC_END (VMALLOC_START + VMALLOC_SLOTS * ROOT_SLOT_SIZE)

#define PURGE_RANGES 64
#define PURGE_PAGES  (MiB(32) >> PAGE_SHIFT)

/* What the array of page pointers allows: kmalloc() ends at 4 MiB. */
#define MAX_PAGES (MiB(4) / sizeof(struct page *))

enum range_state { RANGE_NEW, RANGE_LIVE, RANGE_DEAD };

struct vm_range {
	struct list_head link;  /* v: ranges, by address */
	struct list_head purge; /* v: purge_list, when dead */
	unsigned long start;    /* constant */
	unsigned int nr_pages;  /* constant */
	enum range_state state; /* v */
	struct page **pages;    /* the owner's; then the purger's */
};

/* Letter v. */
static struct spinlock vmalloc_lock = SPINLOCK_INIT;

static LIST_HEAD(ranges);         /* v */
static LIST_HEAD(purge_list);     /* v */
static unsigned int purge_ranges; /* v: on purge_list */
static u64 purge_pages;           /* v */
static u64 live_pages;            /* v */

/* v: bit n: a range has touched root slot FIRST_SLOT + n. */
static DECLARE_BITMAP(slot_used, VMALLOC_SLOTS_MAX);

/* Where the range and the page after it end. */
static unsigned long range_end(const struct vm_range *r)
{
	return r->start + (r->nr_pages + 1UL) * PAGE_SIZE;
}

/* Slots, counted from FIRST_SLOT, of the first byte and the last of the guard page. */
static unsigned int first_slot_of(const struct vm_range *r)
{
	return root_slot(r->start) - FIRST_SLOT;
}

static unsigned int last_slot_of(const struct vm_range *r)
{
	return root_slot(range_end(r) - 1) - FIRST_SLOT;
}

static unsigned long slot_start(unsigned int n)
{
	return root_slot_va(FIRST_SLOT + n);
}

/* Puts r, whose start is set, in its place. Its addresses must be free. */
static void insert_range_locked(struct vm_range *r)
{
	struct list_head *before = &ranges;
	struct vm_range *o;

	ASSERT_MSG(r->start >= VMALLOC_START && range_end(r) <= VMALLOC_END, "start %#lx pages %u",
		   r->start, r->nr_pages);
	list_for_each_entry (o, &ranges, link) {
		ASSERT_MSG(o->start >= range_end(r) || range_end(o) <= r->start,
			   "new %#lx pages %u overlaps %#lx pages %u state %d", r->start,
			   r->nr_pages, o->start, o->nr_pages, o->state);
		if (o->start > r->start) {
			before = &o->link;
			break;
		}
	}
	list_add_tail(&r->link, before); /* in front of `before` */
	for (unsigned int n = first_slot_of(r); n <= last_slot_of(r); n++)
		__set_bit(n, slot_used);
}

/* Lowest address with room for r, or 0. */
static unsigned long find_gap_locked(const struct vm_range *r)
{
	unsigned long need = range_end(r) - r->start;
	unsigned long start = VMALLOC_START;
	struct vm_range *o;

	list_for_each_entry (o, &ranges, link) {
		/* A dead one still has its addresses: a CPU may translate them (I37). */
		if (MUTANT(reuse_unflushed) && o->state == RANGE_DEAD)
			continue;
		if (o->start - start >= need)
			return start;
		start = range_end(o);
	}
	return VMALLOC_END - start >= need ? start : 0;
}

static bool slots_fresh_locked(unsigned int n, unsigned int count)
{
	for (unsigned int i = n; i < n + count; i++)
		if (i >= VMALLOC_SLOTS || test_bit(i, slot_used))
			return false;
	return true;
}

/* Lowest address in fresh slots, or 0. `before`: pages of r that lie in the first of two slots; 0:
 * one slot. */
static unsigned long find_fresh_locked(unsigned int before)
{
	unsigned int count = before ? 2 : 1;

	for (unsigned int n = 0; n + count <= VMALLOC_SLOTS; n++)
		if (slots_fresh_locked(n, count))
			return before ? slot_start(n + 1) - before * PAGE_SIZE : slot_start(n);
	return 0;
}

static bool slot_occupied_locked(unsigned int n)
{
	struct vm_range *o;

	list_for_each_entry (o, &ranges, link)
		if (first_slot_of(o) <= n && n <= last_slot_of(o))
			return true;
	return false;
}

/* A slot that was never installed, because memory ran out before, is fresh again once it is empty.
 */
static void remove_range(struct vm_range *r)
{
	unsigned int first = first_slot_of(r), last = last_slot_of(r);

	spin_lock(&vmalloc_lock);
	list_del(&r->link);
	for (unsigned int n = first; n <= last; n++)
		if (!kroot_ready(FIRST_SLOT + n) && !slot_occupied_locked(n))
			__clear_bit(n, slot_used);
	spin_unlock(&vmalloc_lock);
}

/* Frees the first n pages and what describes the range. Nothing of it may be mapped or cached
 * anywhere. */
static void destroy_range(struct vm_range *r, unsigned int n)
{
	while (n-- > 0)
		free_page(r->pages[n]);
	kfree(r->pages);
	kfree(r);
}

static struct vm_range *new_range(size_t bytes)
{
	size_t nr_pages = (bytes >> PAGE_SHIFT) + ((bytes & ~PAGE_MASK) != 0);
	struct vm_range *r;

	if (nr_pages == 0 || nr_pages > MAX_PAGES)
		return NULL;
	r = kzalloc(sizeof(*r));
	if (!r)
		return NULL;
	r->nr_pages = (unsigned int)nr_pages;
	r->pages = kmalloc(nr_pages * sizeof(struct page *), GFP_KERNEL);
	if (!r->pages) {
		kfree(r);
		return NULL;
	}
	return r;
}

/* Fills r->pages; freed ranges that wait for a flush are the reserve. */
static bool find_pages(struct vm_range *r)
{
	for (unsigned int n = 0; n < r->nr_pages; n++) {
		r->pages[n] = alloc_page(GFP_KERNEL);
		if (!r->pages[n]) {
			vmalloc_purge();
			r->pages[n] = alloc_page(GFP_KERNEL);
		}
		if (!r->pages[n]) {
			while (n-- > 0)
				free_page(r->pages[n]);
			return false;
		}
	}
	return true;
}

/* The entries are clear or about to be; from here on the next purge owns r. */
static void retire_range(struct vm_range *r)
{
	bool due;

	spin_lock(&vmalloc_lock);
	ASSERT_MSG(r->state == RANGE_DEAD, "start %#lx state %d", r->start, r->state);
	list_add_tail(&r->purge, &purge_list);
	purge_ranges++;
	purge_pages += r->nr_pages;
	due = purge_ranges >= PURGE_RANGES || purge_pages >= PURGE_PAGES;
	spin_unlock(&vmalloc_lock);
	if (due)
		vmalloc_purge();
}

/*
 * Gives r, whose addresses are taken, its memory. On failure r is gone. Pages whose mapping failed
 * half-way were in the tables for a moment, where a CPU may have cached them: they wait for the
 * flush like any other.
 */
static bool populate_range(struct vm_range *r)
{
	if (!find_pages(r)) {
		remove_range(r);
		destroy_range(r, 0);
		return false;
	}
	if (kmap_pages(r->start, r->pages, r->nr_pages)) {
		spin_lock(&vmalloc_lock);
		r->state = RANGE_DEAD;
		spin_unlock(&vmalloc_lock);
		retire_range(r);
		return false;
	}
	spin_lock(&vmalloc_lock);
	r->state = RANGE_LIVE;
	live_pages += r->nr_pages;
	spin_unlock(&vmalloc_lock);
	return true;
}

/* Takes addresses; 0 pages before the boundary and fresh: the start of a slot. */
static bool place_range(struct vm_range *r, bool fresh, unsigned int before)
{
	spin_lock(&vmalloc_lock);
	r->start = fresh ? find_fresh_locked(before) : find_gap_locked(r);
	if (r->start)
		insert_range_locked(r);
	spin_unlock(&vmalloc_lock);
	return r->start != 0;
}

void *vmalloc(size_t bytes)
{
	struct vm_range *r = new_range(bytes);

	if (!r)
		return NULL;
	if (!place_range(r, false, 0)) {
		vmalloc_purge();
		if (!place_range(r, false, 0)) {
			destroy_range(r, 0);
			return NULL;
		}
	}
	return populate_range(r) ? (void *)r->start : NULL;
}

void *vmalloc_fresh_slot(size_t bytes, bool straddle)
{
	struct vm_range *r = new_range(straddle ? MAX(bytes, 2 * PAGE_SIZE) : bytes);

	if (!r)
		return ERR_PTR(-ENOMEM);
	if (!place_range(r, true, straddle ? r->nr_pages / 2 : 0)) {
		destroy_range(r, 0);
		return ERR_PTR(-ENOSPC);
	}
	return populate_range(r) ? (void *)r->start : ERR_PTR(-ENOMEM);
}

/* The live range that starts at `start` becomes the caller's alone. */
static struct vm_range *take_live_range(unsigned long start)
{
	struct vm_range *r, *found = NULL;

	spin_lock(&vmalloc_lock);
	list_for_each_entry (r, &ranges, link)
		if (r->start == start)
			found = r;
	if (!found || found->state != RANGE_LIVE)
		panic("vfree of %#lx: %s", start,
		      found ? "it is free already" : "no range starts there");
	found->state = RANGE_DEAD;
	live_pages -= found->nr_pages;
	spin_unlock(&vmalloc_lock);
	return found;
}

void vfree(void *addr)
{
	struct vm_range *r;

	if (!addr)
		return;
	r = take_live_range((unsigned long)addr);
	kunmap_pages(r->start, r->nr_pages);
	retire_range(r);
}

/*
 * For the mutants of I20 only, what must never be done: frees the table of a slot in which nothing
 * is mapped any more and leaves the slot, or with slot_cleared empties the slot as well, in a
 * running machine.
 */
static __maybe_unused void drop_tables(unsigned int slot)
{
	phys_addr_t table = pte_phys(swapper_pg_dir[slot]);
	unsigned long flags;

	spin_lock(&vmalloc_lock);
	if (slot_occupied_locked(slot - FIRST_SLOT))
		table = 0;
	spin_unlock(&vmalloc_lock);
	if (!table)
		return;
	flags = irq_save();
	if (MUTANT(slot_cleared))
		(void)pgsync_reset_slots(slot, 1, &table);
	irq_restore(flags);
	pt_free_slot_tables(slot, table);
	if (MUTANT(table_freed))
		free_page(phys_to_page(table));
}

void vmalloc_purge(void)
{
	struct list_head list = LIST_HEAD_INIT(list);
	struct vm_range *r, *next;

	spin_lock(&vmalloc_lock);
	list_splice_tail_init(&purge_list, &list);
	purge_ranges = 0;
	purge_pages = 0;
	spin_unlock(&vmalloc_lock);
	if (list_empty(&list))
		return;
	/* Lazy CPUs too: pages and addresses are somebody else's from here on (I35, I37). */
	if (!MUTANT(purge_no_flush))
		tlb_flush_kernel_all();
	list_for_each_entry_safe (r, next, &list, purge) {
		remove_range(r);
		/* The tables of an empty slot stay, and the slot (I20). */
		if (MUTANT(table_freed) || MUTANT(slot_cleared))
			drop_tables(root_slot(r->start));
		destroy_range(r, r->nr_pages);
	}
}

unsigned int vmalloc_slots_free(void)
{
	unsigned int used = 0, n;

	spin_lock(&vmalloc_lock);
	for_each_set_bit (n, slot_used, VMALLOC_SLOTS)
		used++;
	spin_unlock(&vmalloc_lock);
	return VMALLOC_SLOTS - used;
}

u64 vmalloc_bytes(void)
{
	return READ_ONCE(live_pages) * PAGE_SIZE;
}

int vmalloc_reset_slots(unsigned int first_slot)
{
	int err = 0;
	struct vm_range *r;

	ASSERT_MSG(first_slot >= FIRST_SLOT && first_slot <= FIRST_SLOT + VMALLOC_SLOTS, "slot %u",
		   first_slot);
	spin_lock(&vmalloc_lock);
	list_for_each_entry (r, &ranges, link)
		if (last_slot_of(r) >= first_slot - FIRST_SLOT)
			err = -EBUSY;
	for (unsigned int n = first_slot - FIRST_SLOT; !err && n < VMALLOC_SLOTS; n++)
		__clear_bit(n, slot_used);
	spin_unlock(&vmalloc_lock);
	return err;
}
