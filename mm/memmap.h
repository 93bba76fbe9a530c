/*
 * The page array, and the moment at which the page allocator starts to own memory.
 *
 * The array is mapped where there is RAM, in units of what 2 MiB of it describes (128 MiB of RAM),
 * so that holes in physical memory cost nothing.
 */
#ifndef MM_MEMMAP_H
#define MM_MEMMAP_H

#include "mm/page.h"

/*
 * Maps and initialises the page array and gives all that memblock has left to the buddy allocator;
 * early_alloc() must not be called afterwards. Boot CPU, once, on the final kernel page tables,
 * with its per-CPU area in its final place. Cost: about 3 instructions a page of the vmemmap's
 * irregular parts, one store sequence per 4 MiB of free RAM.
 */
void mm_floor_init(void);

/* True when `pfn` has an entry in the page array since boot: RAM, or a hole near RAM. */
bool pfn_has_page(u64 pfn);

/* What is mapped of the array at a time, and the page frames and bytes that it describes. */
#define MEMMAP_UNIT   MiB(2)
#define SECTION_PAGES (MEMMAP_UNIT / sizeof(struct page))
#define SECTION_BYTES (SECTION_PAGES * PAGE_SIZE)

/* For memory that is added later: the struct pages of one largest block become PAGE_NONE. */
void memmap_zero_block(u64 pfn);
/*
 * Gives [pfn, end) to the page allocator by the largest aligned blocks, of which those of the
 * largest size need one struct page that can be written, the others zeroed ones.
 */
void memmap_release(u64 pfn, u64 end);

#endif
