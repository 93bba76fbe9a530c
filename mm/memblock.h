/*
 * Memory before the page allocator: what the loader's map says is RAM, minus what is taken.
 *
 *	memblock_init()		reads the map; once, first of all
 *	memblock_reserve()	takes a range that something already occupies
 *	early_alloc()		zeroed memory for good; panics when there is none
 *	memblock_ram(), memblock_free()	iterate, in ascending order
 *	memblock_close()	the page allocator owns the rest from here on
 *
 * Boot CPU only, no locks. Nothing is ever given back. The first MiB is never handed out: firmware
 * tables, the trampoline of the application processors and the BIOS's own data are there.
 */
#ifndef MM_MEMBLOCK_H
#define MM_MEMBLOCK_H

#include "boot/bootinfo.h"
#include "kernel/base/types.h"

/* The direct map has room for this much; RAM above is ignored. */
#define MEMBLOCK_PHYS_MAX TiB(64)

/* Half-open, in bytes of physical address. */
struct phys_range {
	phys_addr_t start, end;
};

/*
 * Allocations end at or below this physical address. The boot page tables map 4 GiB; whoever loads
 * tables with all of the direct map raises it to MEMBLOCK_PHYS_MAX.
 */
extern phys_addr_t memblock_limit;

/*
 * Takes the RAM of `info`, less everything that any other range or reservation overlaps, less
 * modules. The map may be unsorted, overlapping, unaligned or wrapping. Panics when nothing is
 * left.
 */
void memblock_init(const struct boot_info *info);

/* Takes [start, start + size), bytes, any alignment, RAM or not, taken already or not. */
void memblock_reserve(phys_addr_t start, u64 size);

/*
 * `bytes` at a direct-map address, aligned to `align` (power of two; at least 8 is used), highest
 * address first. The _raw form leaves the contents undefined. Panics with the figures when memory
 * is short.
 */
void *early_alloc(size_t bytes, size_t align);
void *early_alloc_raw(size_t bytes, size_t align);

/*
 * Iterate by an index that starts at 0: false when there is no range `i`. memblock_ram() gives
 * whole pages of RAM, taken or not, the first MiB included; memblock_free() what is left, in whole
 * pages.
 */
bool memblock_ram(unsigned int i, struct phys_range *range);
bool memblock_free(unsigned int i, struct phys_range *range);

/* Whether some of [start, end) is RAM. */
bool memblock_overlaps_ram(phys_addr_t start, phys_addr_t end);

/* End of the highest RAM, bytes. */
phys_addr_t memblock_end(void);

/* Bytes of RAM. */
u64 memblock_ram_bytes(void);

/* early_alloc() and memblock_reserve() panic from now on. */
void memblock_close(void);

#endif
