/*
 * Zones: see zone.h.
 *
 * Free blocks of each order hang on a list; `nonempty` has a bit per order that has any. A free
 * block's first struct page says PAGE_BUDDY and the order; the others inside it have state 0. So a
 * block's buddy, the block of the same order with which it makes one of the next, is free as a
 * whole exactly if its first struct page says so: that page is always the first of some block,
 * because a free block that contained it would contain us too. Zones begin and end at multiples of
 * the largest block: a block and its buddy are in one zone.
 *
 * The struct pages of a 4 MiB block that has never been used are initialised when it first leaves
 * its list (PAGE_FLAG_VIRGIN): 64 GiB of RAM would else cost 1 GiB of stores at boot.
 */
#include "mm/zone.h"

#include "mm/pagezero.h"

struct spinlock zone_lock = SPINLOCK_INIT(zone);
struct page *hot_first_page = (struct page *)~0UL;
u64 zones_end_pfn;
u32 hot_zones_open; /* z */

static struct zone boot_zone;
static LIST_HEAD(hot_zones); /* z */

static struct zone *zone_of(u64 pfn)
{
	struct zone *z;

	if (likely(pfn < boot_zone.end_pfn))
		return &boot_zone;
	list_for_each_entry (z, &hot_zones, node)
		if (pfn >= z->first_pfn && pfn < z->end_pfn)
			return z;
	BUG("pfn %#llx is in no zone", (unsigned long long)pfn);
}

static void list_block_locked(struct zone *z, struct page *page, unsigned int order)
{
	page->state = PAGE_STATE_FREE(PAGE_BUDDY, order);
	list_add(&page->lru, &z->free[order]);
	z->nonempty |= 1u << order;
}

static void unlist_block_locked(struct zone *z, struct page *page, unsigned int order)
{
	list_del(&page->lru);
	if (list_empty(&z->free[order]))
		z->nonempty &= ~(1u << order);
	page->state = 0;
}

/* The struct pages of a largest block fill whole pages of the array: 16 of them. */
static void init_block_locked(struct page *page)
{
	char *p = (char *)page;

	for (size_t done = 0; done < MAX_ORDER_PAGES * sizeof(*page); done += PAGE_SIZE)
		clear_page(p + done);
}

void free_block_locked(struct page *page, unsigned int order)
{
	u64 pfn = page_to_pfn(page);
	struct zone *z = zone_of(pfn);

	ASSERT_MSG(IS_ALIGNED(pfn, 1u << order) && pfn + (1u << order) <= z->end_pfn,
		   "pfn %#llx order %u end %#llx", (unsigned long long)pfn, order,
		   (unsigned long long)z->end_pfn);
	z->free_pages += 1u << order;
	page->state = 0;
	while (order < MAX_ORDER) {
		struct page *buddy = pfn_to_page(pfn ^ (1u << order));

		if (buddy->state != PAGE_STATE_FREE(PAGE_BUDDY, order))
			break;
		unlist_block_locked(z, buddy, order);
		order++;
		pfn = ALIGN_DOWN(pfn, 1u << order);
	}
	list_block_locked(z, pfn_to_page(pfn), order);
}

/* The smallest block of the zone that will do, its upper halves given back. */
static struct page *take_from_zone_locked(struct zone *z, unsigned int order)
{
	u32 fitting = z->nonempty & ~0u << order;
	unsigned int have;
	struct page *page;
	bool virgin;

	ASSERT(spin_is_held(&zone_lock));
	if (!fitting || z->closed)
		return NULL;
	have = (unsigned int)__builtin_ctz(fitting);
	page = list_first_entry(&z->free[have], struct page, lru);
	virgin = page->flags & PAGE_FLAG_VIRGIN;
	ASSERT_MSG((page->state & ~((u64)PAGE_FLAG_VIRGIN << 48)) ==
			   PAGE_STATE_FREE(PAGE_BUDDY, have),
		   "pfn %#llx state %#llx on list %u", (unsigned long long)page_to_pfn(page),
		   (unsigned long long)page->state, have);
	unlist_block_locked(z, page, have);
	if (virgin)
		init_block_locked(page);
	while (have > order) {
		have--;
		list_block_locked(z, page + (1u << have), have);
	}
	z->free_pages -= 1u << order;
	return page;
}

struct page *take_boot_block_locked(unsigned int order)
{
	return take_from_zone_locked(&boot_zone, order);
}

struct page *take_hot_block_locked(unsigned int order)
{
	struct page *page = NULL;
	struct zone *z;

	list_for_each_entry (z, &hot_zones, node) {
		page = take_from_zone_locked(z, order);
		if (page)
			break;
	}
	return page;
}

struct page *take_block_locked(unsigned int order, gfp_t gfp)
{
	bool hot_first = gfp & GFP_MOVABLE;
	struct page *page;

	page = hot_first ? take_hot_block_locked(order) : take_boot_block_locked(order);
	if (page)
		return page;
	return hot_first ? take_boot_block_locked(order) : take_hot_block_locked(order);
}

static void zone_init(struct zone *z, u64 first_pfn, u64 end_pfn)
{
	ASSERT_MSG(IS_ALIGNED(first_pfn | end_pfn, MAX_ORDER_PAGES), "pfn %#llx to %#llx",
		   (unsigned long long)first_pfn, (unsigned long long)end_pfn);
	*z = (struct zone){.first_pfn = first_pfn, .end_pfn = end_pfn};
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		list_init(&z->free[order]);
}

void zone_init_boot(u64 end_pfn)
{
	ASSERT_MSG(boot_zone.managed == 0, "%llu pages are managed already",
		   (unsigned long long)boot_zone.managed);
	/* Blocks may end in a hole, their struct pages exist: round up. */
	zone_init(&boot_zone, 0, ALIGN_UP(end_pfn, MAX_ORDER_PAGES));
	zones_end_pfn = boot_zone.end_pfn;
}

void zone_add(struct zone *z, u64 first_pfn, u64 end_pfn)
{
	ASSERT_MSG(first_pfn >= boot_zone.end_pfn, "pfn %#llx", (unsigned long long)first_pfn);
	zone_init(z, first_pfn, end_pfn);
	spin_lock(&zone_lock);
	list_add(&z->node, &hot_zones);
	WRITE_ONCE(hot_zones_open, hot_zones_open + 1);
	WRITE_ONCE(hot_first_page, pfn_to_page(boot_zone.end_pfn));
	WRITE_ONCE(zones_end_pfn, MAX(zones_end_pfn, end_pfn));
	spin_unlock(&zone_lock);
}

void zone_remove(struct zone *z)
{
	spin_lock(&zone_lock);
	ASSERT_MSG(z->closed && z->free_pages == z->managed, "%llu of %llu pages are free",
		   (unsigned long long)z->free_pages, (unsigned long long)z->managed);
	list_del(&z->node);
	spin_unlock(&zone_lock);
}

void zone_set_closed(struct zone *z, bool closed)
{
	spin_lock(&zone_lock);
	if (z->closed != closed)
		WRITE_ONCE(hot_zones_open, closed ? hot_zones_open - 1 : hot_zones_open + 1);
	z->closed = closed;
	spin_unlock(&zone_lock);
}

void zone_pages(const struct zone *z, u64 *free, u64 *managed)
{
	spin_lock(&zone_lock);
	*free = z->free_pages;
	*managed = z->managed;
	spin_unlock(&zone_lock);
}

static u64 sum_locked(u64 (*of)(const struct zone *z))
{
	const struct zone *z;
	u64 n = of(&boot_zone);

	list_for_each_entry (z, &hot_zones, node)
		n += of(z);
	return n;
}

static u64 open_of(const struct zone *z)
{
	return z->closed ? 0 : z->free_pages;
}

u64 zones_free_pages_locked(void)
{
	return sum_locked(open_of);
}

static u64 managed_of(const struct zone *z)
{
	return z->managed;
}

u64 nr_managed_pages(void)
{
	u64 n;

	spin_lock(&zone_lock);
	n = sum_locked(managed_of);
	spin_unlock(&zone_lock);
	return n;
}

void zone_add_block(u64 pfn, unsigned int order, bool virgin)
{
	struct page *page = pfn_to_page(pfn);

	ASSERT_MSG(order <= MAX_ORDER && (!virgin || order == MAX_ORDER), "order %u", order);
	ASSERT_MSG(IS_ALIGNED(pfn, 1u << order), "pfn %#llx order %u", (unsigned long long)pfn,
		   order);
	spin_lock(&zone_lock);
	zone_of(pfn)->managed += 1u << order;
	free_block_locked(page, order);
	if (virgin)
		page->flags = PAGE_FLAG_VIRGIN;
	spin_unlock(&zone_lock);
}
