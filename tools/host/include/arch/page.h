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

/* tools/host/stubs.c: 4, or what a test makes it. */
extern unsigned int host_levels;

#define PAGE_OFFSET       host_page_offset
#define VMEMMAP_START     host_vmemmap
#define VMALLOC_START     0xffffc90000000000UL
#define VMALLOC_SLOTS     64
#define VMALLOC_SLOTS_MAX 64
#define KSTACK_START      0xfffffe0000000000UL
#define KSTACK_AREA       (1UL << 39)
#define KERNEL_VMA        0xffffffff80000000UL

/* User space is as large as the levels make it. */
#define USER_END        (host_levels == 5 ? 0x00fffffffffff000UL : USER_WINDOW_END)
#define USER_WINDOW_END 0x00007ffffffff000UL

#define PT_ROOT_LEVEL     host_levels
#define PT_ROOT_LEVEL_MAX 5

#define ROOT_SLOTS  512
#define ROOT_KERNEL 256

static inline void *phys_to_virt(phys_addr_t pa)
{
	return (void *)(PAGE_OFFSET + pa);
}

static inline phys_addr_t virt_to_phys(const void *va)
{
	return (unsigned long)va - PAGE_OFFSET;
}

#endif
