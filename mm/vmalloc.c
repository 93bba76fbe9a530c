/*
 * Ranges have their addresses from vrange.h, and keep them until their pages have been freed, so that
 * nobody else gets the addresses before the flush.
 *
 * The lock guards the addresses and the purge list, and is never held across an allocation, a
 * mapping or a flush. One purge at a time: when vmalloc_purge() returns, everything that was freed
 * before it was called is somebody else's.
 */
#include "mm/vmalloc.h"

#include "arch/mmu.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/san.h"
#include "kernel/base/spinlock.h"
#include "kernel/base/wait.h"
#include "mm/buddy.h"
#include "mm/memblock.h"
#include "mm/pgsync/pgsync.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/vrange.h"

#define PURGE_RANGES 64
#define PURGE_PAGES  (MiB(32) >> PAGE_SHIFT)

/* What the array of page pointers allows: kmalloc() ends at 4 MiB. */
#define MAX_PAGES (MiB(4) / sizeof(struct page *))

/* Letter v. */
static struct spinlock vmalloc_lock = SPINLOCK_INIT(vmalloc);
static struct mutex purge_mutex = MUTEX_INIT(purge_mutex, vmalloc_purge);

static LIST_HEAD(purge_list);     /* v */
static unsigned int purge_ranges; /* v: on purge_list */
static u64 purge_pages;           /* v */
static u64 live_pages;            /* v */

static void remove_range(struct vm_range *r)
{
	spin_lock(&vmalloc_lock);
	vrange_remove(r);
	spin_unlock(&vmalloc_lock);
}

/* Frees the first n pages and what describes the range. Nothing of it may be mapped or cached
 * anywhere. */
static void destroy_range(struct vm_range *r, unsigned int n)
{
	while (r->pages && n-- > 0)
		free_page(r->pages[n]);
	kfree(r->pages);
	kfree(r);
}

/* Without addresses and pages. */
static struct vm_range *new_range(size_t nr_pages)
{
	struct vm_range *r = nr_pages && nr_pages <= UINT32_MAX ? kzalloc(sizeof(*r)) : NULL;

	if (r)
		r->nr_pages = (unsigned int)nr_pages;
	return r;
}

/* With room for page pointers. */
static struct vm_range *new_page_range(size_t bytes)
{
	size_t nr_pages = (bytes >> PAGE_SHIFT) + ((bytes & ~PAGE_MASK) != 0);
	struct vm_range *r = nr_pages <= MAX_PAGES ? new_range(nr_pages) : NULL;

	if (!r)
		return NULL;
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
	/* A dead one still has its addresses: a CPU may translate them (I37). */
	if (MUTANT(reuse_unflushed))
		vrange_remove(r);
	purge_ranges++;
	purge_pages += r->nr_pages;
	due = purge_ranges >= PURGE_RANGES || purge_pages >= PURGE_PAGES;
	spin_unlock(&vmalloc_lock);
	if (due)
		vmalloc_purge();
}

/* Mapped, and the caller's from now on; or, with an error, dead. */
static int finish_range(struct vm_range *r, int error)
{
	spin_lock(&vmalloc_lock);
	r->state = error ? RANGE_DEAD : RANGE_LIVE;
	live_pages += !error && r->pages ? r->nr_pages : 0;
	spin_unlock(&vmalloc_lock);
	/*
	 * What was mapped half-way was in the tables for a moment, where a CPU may have cached it:
	 * it waits for the flush like any other.
	 */
	if (error)
		retire_range(r);
	return error;
}

/* Gives r, whose addresses are taken, its memory. On failure r is gone. */
static bool populate_range(struct vm_range *r)
{
	if (!find_pages(r)) {
		remove_range(r);
		destroy_range(r, 0);
		return false;
	}
	return !finish_range(r, kmap_pages(r->start, r->pages, r->nr_pages));
}

static bool try_place(struct vm_range *r)
{
	bool placed;

	spin_lock(&vmalloc_lock);
	placed = vrange_place(r);
	spin_unlock(&vmalloc_lock);
	return placed;
}

/* Takes addresses; those of freed ranges are the reserve. On failure r is gone. */
static bool place_range(struct vm_range *r)
{
	if (try_place(r))
		return true;
	vmalloc_purge();
	if (try_place(r))
		return true;
	destroy_range(r, 0);
	return false;
}

void *vmalloc(size_t bytes)
{
	struct vm_range *r = new_page_range(bytes);

	return r && place_range(r) && populate_range(r) ? (void *)r->start : NULL;
}

void *vmalloc_fresh_slot(size_t bytes, bool straddle)
{
	struct vm_range *r = new_page_range(straddle ? MAX(bytes, 2 * PAGE_SIZE) : bytes);
	bool placed;

	if (!r)
		return ERR_PTR(-ENOMEM);
	spin_lock(&vmalloc_lock);
	placed = vrange_place_fresh(r, straddle ? r->nr_pages / 2 : 0);
	spin_unlock(&vmalloc_lock);
	if (!placed) {
		destroy_range(r, 0);
		return ERR_PTR(-ENOSPC);
	}
	return populate_range(r) ? (void *)r->start : ERR_PTR(-ENOMEM);
}

/* Why it cannot be freed as what it is taken for, or NULL. */
static const char *why_not(const struct vm_range *r, bool device)
{
	if (!r)
		return "no range starts there";
	if (r->state != RANGE_LIVE)
		return "it is free already";
	return !r->pages == device ? NULL : "it is of the other kind";
}

/* The live range that starts at `start` becomes the caller's alone. */
static struct vm_range *take_live_range(unsigned long start, bool device)
{
	struct vm_range *found;
	const char *why;

	spin_lock(&vmalloc_lock);
	found = vrange_find(start);
	why = why_not(found, device);
	if (!why) {
		found->state = RANGE_DEAD;
		live_pages -= device ? 0 : found->nr_pages;
	}
	spin_unlock(&vmalloc_lock);
	if (why)
		panic("%s of %#lx: %s", device ? "iounmap" : "vfree", start, why);
	return found;
}

static void free_range(struct vm_range *r)
{
	kunmap_pages(r->start, r->nr_pages);
	/* Under the address sanitizer who uses it next faults, on this CPU at least. */
	if (SAN_ADDRESS)
		tlb_flush_all_local();
	retire_range(r);
}

void vfree(void *addr)
{
	if (addr)
		free_range(take_live_range((unsigned long)addr, false));
}

/* --- memory of devices --- */

void *ioremap(phys_addr_t pa, size_t bytes)
{
	phys_addr_t start = ALIGN_DOWN(pa, PAGE_SIZE), end;
	struct vm_range *r;

	if (!bytes || pa >= MEMBLOCK_PHYS_MAX || bytes > MEMBLOCK_PHYS_MAX - pa)
		return NULL;
	end = ALIGN_UP(pa + bytes, PAGE_SIZE);
	if (memblock_overlaps_ram(start, end))
		return NULL;
	r = new_range((end - start) >> PAGE_SHIFT);
	if (!r || !place_range(r) ||
	    finish_range(r, kmap_phys(r->start, start, r->nr_pages, PROT_KERNEL_MMIO)))
		return NULL;
	return (void *)(r->start + (pa - start));
}

void iounmap(void *addr)
{
	if (addr)
		free_range(take_live_range((unsigned long)addr & PAGE_MASK, true));
}

/* --- giving back --- */

/*
 * For the mutants of I20 only, what must never be done: frees the table of a slot in which nothing
 * is mapped any more and leaves the slot, or with slot_cleared empties the slot as well, in a
 * running machine.
 */
static __maybe_unused void drop_tables(unsigned int slot)
{
	phys_addr_t table = pte_phys(swapper_pg_dir[slot]);
	unsigned long flags;
	bool occupied;

	spin_lock(&vmalloc_lock);
	occupied = vrange_in_slot(slot);
	spin_unlock(&vmalloc_lock);
	if (occupied)
		return;
	flags = irq_save();
	if (MUTANT(slot_cleared))
		(void)pgsync_reset_slots(slot, 1, &table);
	irq_restore(flags);
	pt_free_slot_tables(slot, table);
	if (MUTANT(table_freed))
		free_page(phys_to_page(table));
}

static void purge_locked(void)
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
		if (!MUTANT(reuse_unflushed))
			remove_range(r);
		/* The tables of an empty slot stay, and the slot (I20). */
		if (MUTANT(table_freed) || MUTANT(slot_cleared))
			drop_tables(root_slot(r->start));
		destroy_range(r, r->nr_pages);
	}
}

void vmalloc_purge(void)
{
	mutex_lock(&purge_mutex);
	purge_locked();
	mutex_unlock(&purge_mutex);
}

unsigned int vmalloc_slots_free(void)
{
	unsigned int n;

	spin_lock(&vmalloc_lock);
	n = vrange_slots_free();
	spin_unlock(&vmalloc_lock);
	return n;
}

u64 vmalloc_bytes(void)
{
	return READ_ONCE(live_pages) * PAGE_SIZE;
}

int vmalloc_reset_slots(unsigned int first_slot)
{
	int err;

	spin_lock(&vmalloc_lock);
	err = vrange_reset_slots(first_slot);
	spin_unlock(&vmalloc_lock);
	return err;
}
