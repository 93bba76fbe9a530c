/*
 * The page array (mm/page.h) of memory that is added while the system runs: for mm/hotplug.c. That of
 * boot's RAM is mm/memmap.h's.
 */
#ifndef MM_PAGE_ARRAY_H
#define MM_PAGE_ARRAY_H

#include "kernel/base/list.h"
#include "mm/page.h"

/* Bytes of the array for so many page frames. */
static inline u64 page_array_bytes(u64 pages)
{
	return pages * sizeof(struct page);
}

/*
 * Maps the struct pages of [pfn, pfn + pages), multiples of SECTION_PAGES, to `backing`, and
 * initialises those of as many page frames at the beginning as the array would fill itself, as pages
 * of nobody. Errors as kmap_large(). One caller at a time, may sleep.
 */
int page_array_add(u64 pfn, u64 pages, phys_addr_t backing);

/* Nobody may look at one of them any more. */
void page_array_remove(u64 pfn, u64 pages);
/* The same without the flush: as kunmap_large(). */
void page_array_unmap(u64 pfn, u64 pages, struct list_head *tables);

#endif
