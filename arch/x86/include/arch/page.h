/*
 * The kernel's virtual layout, as Linux's (Documentation/arch/x86/x86_64/mm.rst), with four and with
 * five levels of page tables. By slots of the root table:
 *
 *			4 levels	5 levels
 *	one slot	512 GiB		256 TiB
 *	direct map	273		273	of all physical memory
 *	vmalloc		402..465	416..465	whose slots appear while the system runs
 *	vmemmap		468		468	the array of struct page
 *	kernel stacks	508		511	present in every root from birth
 *	kernel image	511		511	-2 GiB
 *
 * boot/entry.asm takes five levels where the processor has them, and fills page_layout before any C
 * runs; nothing else depends on the number of levels but by the names below and those of
 * arch/pgtable.h.
 */
#ifndef ARCH_PAGE_H
#define ARCH_PAGE_H

#include "kernel/base/types.h"

/* Read-only with the constants of the image from paging_init() on, and constant for all C code. */
struct page_layout {
	unsigned long user_end;
	unsigned long page_offset;
	unsigned long vmalloc_start;
	unsigned long vmemmap_start;
	unsigned long vmalloc_slots;
	unsigned long levels;
};

extern const struct page_layout page_layout;

#define PAGE_OFFSET   page_layout.page_offset
#define VMALLOC_START page_layout.vmalloc_start
#define VMALLOC_SLOTS page_layout.vmalloc_slots
#define VMEMMAP_START page_layout.vmemmap_start
#define KSTACK_START  0xfffffe0000000000UL
#define KSTACK_AREA   (1UL << 39) /* bytes, all in one root slot */
#define KERNEL_VMA    0xffffffff80000000UL

/* Of VMALLOC_SLOTS, for arrays. */
#define VMALLOC_SLOTS_MAX 64

/*
 * User space ends one page below the non-canonical hole: it has 47 bits of address, or 56. Where a
 * program does not say where to put something it lies in the 47 bits, for programs keep other things
 * in the upper bits of a pointer.
 */
#define USER_END        page_layout.user_end
#define USER_WINDOW_END 0x00007ffffffff000UL

/* The level of the table that CR3 names. */
#define PT_ROOT_LEVEL     ((unsigned int)page_layout.levels)
#define PT_ROOT_LEVEL_MAX 5

#define ROOT_SLOTS  512
#define ROOT_KERNEL 256 /* first slot of the kernel half */

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
