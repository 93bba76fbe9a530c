/*
 * The kernel's virtual layout (as Linux's with 4-level paging) and the arithmetic on it.
 *
 *	slot 273	direct map of all physical memory
 *	slots 402..465	vmalloc: the one area whose root slots appear while the system runs
 *	slot 468	vmemmap, the array of struct page
 *	slot 508	kernel stacks, present in every root from birth
 *	slot 511	the kernel image, -2 GiB
 */
#ifndef ARCH_PAGE_H
#define ARCH_PAGE_H

#include "kernel/base/types.h"

#define PAGE_OFFSET   0xffff888000000000UL
#define VMALLOC_START 0xffffc90000000000UL
#define VMALLOC_SLOTS 64
#define VMEMMAP_START 0xffffea0000000000UL
#define KSTACK_START  0xfffffe0000000000UL
#define KERNEL_VMA    0xffffffff80000000UL

/* User space ends one page below the non-canonical hole, as in Linux. */
#define USER_END 0x00007ffffffff000UL

/* What one entry of the root table spans. */
#define ROOT_SLOT_SHIFT 39
#define ROOT_SLOT_SIZE  (1UL << ROOT_SLOT_SHIFT)
#define ROOT_SLOTS      512
#define ROOT_KERNEL     256 /* first slot of the kernel half */

static inline unsigned int root_slot(unsigned long va)
{
	return (va >> ROOT_SLOT_SHIFT) & (ROOT_SLOTS - 1);
}

/* First address of a kernel-half slot. */
static inline unsigned long root_slot_va(unsigned int slot)
{
	return 0xffff000000000000UL | (unsigned long)slot << ROOT_SLOT_SHIFT;
}

static inline void *phys_to_virt(phys_addr_t pa)
{
	return (void *)(PAGE_OFFSET + pa);
}

/* Direct-map addresses only. */
static inline phys_addr_t virt_to_phys(const void *va)
{
	return (unsigned long)va - PAGE_OFFSET;
}

/* Addresses of the kernel image: functions, static objects. */
static inline phys_addr_t kernel_image_phys(const void *va)
{
	return (unsigned long)va - KERNEL_VMA;
}

#endif
