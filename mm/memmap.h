/*
 * The page array, and the moment at which the page allocator starts to own memory.
 *
 * The array is mapped where there is RAM, in units of what 2 MiB of it describes (128 MiB of RAM),
 * so that holes in physical memory cost nothing.
 */
#ifndef MM_MEMMAP_H
#define MM_MEMMAP_H

#include "kernel/base/types.h"

/*
 * Maps and initialises the page array and gives all that memblock has left to the buddy allocator;
 * early_alloc() must not be called afterwards. Boot CPU, once, on the final kernel page tables,
 * with its per-CPU area in its final place. Cost: about 3 instructions a page of the vmemmap's
 * irregular parts, one store sequence per 4 MiB of free RAM.
 */
void mm_floor_init(void);

/* True when `pfn` has an entry in the page array: RAM, or a hole near RAM. */
bool pfn_has_page(u64 pfn);

#endif
