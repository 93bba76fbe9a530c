/*
 * Host twin of the virtual layout: the direct map and vmemmap are where a test put its arena, the
 * other areas have the kernel's own addresses, which host code computes with and never touches.
 */
#ifndef ARCH_PAGE_H
#define ARCH_PAGE_H

#include "kernel/base/types.h"

/* tools/host/mm_host.c: virtual address of physical address 0, and of struct page 0. */
extern unsigned long host_page_offset;
extern unsigned long host_vmemmap;

#define PAGE_OFFSET   host_page_offset
#define VMEMMAP_START host_vmemmap
#define VMALLOC_START 0xffffc90000000000UL
#define VMALLOC_SLOTS 64
#define KSTACK_START  0xfffffe0000000000UL
#define KERNEL_VMA    0xffffffff80000000UL
#define USER_END      0x00007ffffffff000UL

#define ROOT_SLOT_SHIFT 39
#define ROOT_SLOT_SIZE  (1UL << ROOT_SLOT_SHIFT)
#define ROOT_SLOTS      512
#define ROOT_KERNEL     256

static inline unsigned int root_slot(unsigned long va)
{
	return (va >> ROOT_SLOT_SHIFT) & (ROOT_SLOTS - 1);
}

static inline unsigned long root_slot_va(unsigned int slot)
{
	return 0xffff000000000000UL | (unsigned long)slot << ROOT_SLOT_SHIFT;
}

static inline void *phys_to_virt(phys_addr_t pa)
{
	return (void *)(PAGE_OFFSET + pa);
}

static inline phys_addr_t virt_to_phys(const void *va)
{
	return (unsigned long)va - PAGE_OFFSET;
}

#endif
