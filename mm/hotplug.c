/*
 * Memory that is added while the system runs: see hotplug.h.
 *
 * Order of locks: hotplug_lock, then whatever mapping and growth take. It is held while a range comes
 * or goes, so that whoever looks at the list finds whole ranges.
 */
#include "mm/hotplug.h"

#include "arch/mmu.h"
#include "kernel/base/errno.h"
#include "kernel/base/kasan.h"
#include "kernel/base/mutant.h"
#include "kernel/base/racepoint.h"
#include "kernel/base/wait.h"
#include "mm/kmap_large.h"
#include "mm/memblock.h"
#include "mm/memmap.h"
#include "mm/page_array.h"
#include "mm/pgsync/pgsync.h"
#include "mm/set_memory.h"
#include "mm/slab.h"
#include "mm/zone.h"

/* Letter h: hotplug_lock. */
struct hot_range {
	struct list_head node; /* h: by address */
	phys_addr_t start;
	u64 bytes;
	struct zone zone;
};

static struct mutex hotplug_lock = MUTEX_INIT(hotplug_lock, hotplug);
static LIST_HEAD(hot_ranges); /* h */

/* --- ranges --- */

static u64 first_pfn(const struct hot_range *r)
{
	return r->start >> PAGE_SHIFT;
}

static u64 nr_pages(const struct hot_range *r)
{
	return r->bytes >> PAGE_SHIFT;
}

static int check_range(phys_addr_t start, u64 bytes)
{
	if (!bytes || !IS_ALIGNED(start | bytes, SECTION_BYTES))
		return -EINVAL;
	if (start < ALIGN_UP(memblock_end(), SECTION_BYTES) || start >= MEMBLOCK_PHYS_MAX ||
	    bytes > MEMBLOCK_PHYS_MAX - start)
		return -EINVAL;
	return 0;
}

static struct hot_range *find_locked(phys_addr_t start)
{
	struct hot_range *r;

	list_for_each_entry (r, &hot_ranges, node)
		if (r->start == start)
			return r;
	return NULL;
}

/* The range behind which one from `start` goes, as a list head; NULL: it overlaps one. */
static struct list_head *place_locked(phys_addr_t start, u64 bytes)
{
	struct list_head *place = &hot_ranges;
	struct hot_range *r;

	list_for_each_entry (r, &hot_ranges, node) {
		if (r->start < start + bytes && start < r->start + r->bytes)
			return NULL;
		if (r->start < start)
			place = &r->node;
	}
	return place;
}

/* Where its array of struct page ends, and its shadow begins. */
static phys_addr_t shadow_start(const struct hot_range *r)
{
	return r->start + page_array_bytes(nr_pages(r));
}

/* Every page but those of the array, and of the shadow. */
static void hand_out(struct hot_range *r)
{
	u64 pfn = first_pfn(r);
	u64 own = (page_array_bytes(nr_pages(r)) + kasan_memory_bytes(r->bytes)) >> PAGE_SHIFT;

	zone_add(&r->zone, pfn, pfn + nr_pages(r));
	memmap_release(pfn + own, pfn + nr_pages(r));
	RACE_POINT(hotadd_handed_out);
}

/* What is in `tables` too waits for the flush. */
static void unmap(struct hot_range *r, struct list_head *tables)
{
	kunmap_large((unsigned long)phys_to_virt(r->start), r->bytes, tables);
	page_array_unmap(first_pfn(r), nr_pages(r), tables);
	/* Lazy CPUs too: they may have walked there on any root (I35). */
	if (!MUTANT(hotremove_no_flush))
		tlb_flush_kernel_all();
	kmap_large_free_tables(tables);
}

/* I42: slots, struct pages, pages. */
static int bring_up(struct hot_range *r)
{
	LIST_HEAD(tables);
	int ret = page_array_add(first_pfn(r), nr_pages(r), r->start);

	if (ret)
		return ret;
	if (MUTANT(hotadd_hands_out_first))
		hand_out(r);
	ret = kmap_large((unsigned long)phys_to_virt(r->start), r->start, r->bytes);
	if (ret) {
		page_array_remove(first_pfn(r), nr_pages(r));
		return ret;
	}
	ret = kasan_memory_add(phys_to_virt(r->start), r->bytes, shadow_start(r));
	if (ret) {
		unmap(r, &tables);
		return ret;
	}
	if (!MUTANT(hotadd_hands_out_first))
		hand_out(r);
	return 0;
}

static int add_locked(phys_addr_t start, u64 bytes)
{
	struct list_head *place = place_locked(start, bytes);
	struct hot_range *r;
	int ret;

	if (!place)
		return -EEXIST;
	r = kzalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->start = start;
	r->bytes = bytes;
	ret = bring_up(r);
	if (ret)
		kfree(r);
	else
		list_add(&r->node, place);
	return ret;
}

int memory_add(phys_addr_t start, u64 bytes)
{
	int ret = check_range(start, bytes);

	if (ret)
		return ret;
	mutex_lock(&hotplug_lock);
	ret = add_locked(start, bytes);
	mutex_unlock(&hotplug_lock);
	return ret;
}

static int set_closed(phys_addr_t start, bool closed)
{
	struct hot_range *r;

	mutex_lock(&hotplug_lock);
	r = find_locked(start);
	if (r)
		zone_set_closed(&r->zone, closed);
	mutex_unlock(&hotplug_lock);
	return r ? 0 : -ENOENT;
}

int memory_close(phys_addr_t start)
{
	return set_closed(start, true);
}

int memory_open(phys_addr_t start)
{
	return set_closed(start, false);
}

static void describe(const struct hot_range *r, struct memory_range *range)
{
	u64 free;

	*range = (struct memory_range){
		.start = r->start,
		.bytes = r->bytes,
		.closed = r->zone.closed,
	};
	zone_pages(&r->zone, &free, &range->pages);
	range->in_use = range->pages - free;
}

static void take_down(struct hot_range *r)
{
	LIST_HEAD(tables);

	zone_remove(&r->zone);
	/* Nobody has a page of it, so nobody changes rights there any more. */
	set_memory_tidy();
	kasan_memory_remove(phys_to_virt(r->start), r->bytes, &tables);
	unmap(r, &tables);
}

int memory_remove(phys_addr_t start)
{
	struct memory_range range;
	struct hot_range *r;
	int ret = -ENOENT;

	mutex_lock(&hotplug_lock);
	r = find_locked(start);
	if (r) {
		describe(r, &range);
		ret = range.closed && !range.in_use ? 0 : -EBUSY;
	}
	if (!ret) {
		list_del(&r->node);
		take_down(r);
		kfree(r);
	}
	mutex_unlock(&hotplug_lock);
	return ret;
}

bool memory_range(unsigned int i, struct memory_range *range)
{
	struct hot_range *r;
	bool found = false;

	mutex_lock(&hotplug_lock);
	list_for_each_entry (r, &hot_ranges, node) {
		if (i-- == 0) {
			describe(r, range);
			found = true;
			break;
		}
	}
	mutex_unlock(&hotplug_lock);
	return found;
}

bool memory_range_at(phys_addr_t start, struct memory_range *range)
{
	struct hot_range *r;

	mutex_lock(&hotplug_lock);
	r = find_locked(start);
	if (r)
		describe(r, range);
	mutex_unlock(&hotplug_lock);
	return r;
}
