/*
 * Zones: the free blocks of a piece of memory. The first zone is the RAM that was there at boot;
 * each piece of memory that is added later (mm/hotplug.h) has one of its own, so that its pages can
 * be counted, and kept back when it shall go.
 *
 * For mm/buddy.c, which hands pages out, and for mm/memmap.c and mm/hotplug.c, which bring them.
 * Everything under zone_lock but what is said otherwise; nothing sleeps.
 */
#ifndef MM_ZONE_H
#define MM_ZONE_H

#include "kernel/base/list.h"
#include "kernel/base/spinlock.h"
#include "mm/buddy.h"

/* Letter z: zone_lock. */
struct zone {
	struct list_head node;                /* z: of the added ones, the youngest first */
	u64 first_pfn, end_pfn;               /* constant; multiples of MAX_ORDER_PAGES */
	bool closed;                          /* z: hands nothing out, takes back what comes */
	u32 nonempty;                         /* z: bit per order with free blocks */
	u64 free_pages;                       /* z: on the lists, the CPUs' caches left out */
	u64 managed;                          /* z */
	struct list_head free[MAX_ORDER + 1]; /* z */
};

extern struct spinlock zone_lock;

/*
 * struct page of the first page frame of added memory, or of none; and the end of all page frames.
 * Read without the lock: who has a page of a zone knows of the zone. They never fall back.
 */
extern struct page *hot_first_page;
extern u64 zones_end_pfn;

static inline bool page_is_hot(const struct page *page)
{
	return page >= hot_first_page;
}

/* Whether some added memory may have pages to hand out: a hint, without the lock. */
extern u32 hot_zones_open;

/* The zone of the boot's RAM. mm/memmap.c, once. */
void zone_init_boot(u64 end_pfn);

/*
 * Makes `z` known, empty and open. Its struct pages must be usable by everybody before the first
 * block is added. zone_remove(): everything in it is free, and it is closed.
 */
void zone_add(struct zone *z, u64 first_pfn, u64 end_pfn);
void zone_remove(struct zone *z);
/* A closed zone hands out no page. Pages that are in CPUs' caches still are. */
void zone_set_closed(struct zone *z, bool closed);
/* Pages of the zone that are on its lists, and all of them. */
void zone_pages(const struct zone *z, u64 *free, u64 *managed);

/*
 * Gives pages [pfn, pfn + (1 << order)) to the allocator for the first time. `virgin`: only the
 * first struct page need hold anything, the others are initialised when the block is first used
 * (order must be MAX_ORDER).
 */
void zone_add_block(u64 pfn, unsigned int order, bool virgin);

/* Pages on the lists of all open zones. */
u64 zones_free_pages_locked(void);

void free_block_locked(struct page *page, unsigned int order);
/*
 * A block with state 0, or NULL. GFP_MOVABLE: added memory is asked first, else the RAM of boot.
 */
struct page *take_block_locked(unsigned int order, gfp_t gfp);
struct page *take_boot_block_locked(unsigned int order);
struct page *take_hot_block_locked(unsigned int order);

#endif
