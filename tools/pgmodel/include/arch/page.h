/*
 * The explorer's twin of the virtual layout: a kernel half of 64 slots, one word of each bitmap,
 * around the vmalloc area, whose slots keep their numbers. Physical addresses are host addresses,
 * but for the next-level tables: of those only the first entry exists.
 */
#ifndef ARCH_PAGE_H
#define ARCH_PAGE_H

#include "kernel/base/types.h"

#define PAGE_OFFSET     0UL
#define VMEMMAP_START   0xffffea0000000000UL
#define USER_END        0x00007ffffffff000UL
#define USER_WINDOW_END USER_END

#define PT_ROOT_LEVEL 4

#define ROOT_KERNEL 384
#define ROOT_SLOTS  448

#define MODEL_TABLES 192
extern u64 model_tables[MODEL_TABLES]; /* first entries; table n is at physical page n + 1 */

static inline void *phys_to_virt(phys_addr_t pa)
{
	if (pa / PAGE_SIZE - 1 < MODEL_TABLES)
		return &model_tables[pa / PAGE_SIZE - 1];
	return (void *)(PAGE_OFFSET + pa);
}

static inline phys_addr_t virt_to_phys(const void *va)
{
	return (unsigned long)va - PAGE_OFFSET;
}

#endif
