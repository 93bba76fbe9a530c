/*
 * Page-table entries. One format serves all levels; level 1 maps 4 KiB, 2 2 MiB, 3 1 GiB, and
 * PT_ROOT_LEVEL, 4 or 5, is the table that CR3 names (SDM vol. 3A, 4.5).
 *
 * Root slots, of which each root has its own copy, are the entries of that table and of no other.
 * There is no level that would be folded into its neighbour: a walk begins at PT_ROOT_LEVEL, and what
 * is copied and kept equal is found by root_slot() (I39).
 */
#ifndef ARCH_PGTABLE_H
#define ARCH_PGTABLE_H

#include "arch/page.h"

typedef u64 pte_t;

#define PT_ENTRIES 512

#define PTE_P       (1UL << 0)
#define PTE_W       (1UL << 1)
#define PTE_U       (1UL << 2)
#define PTE_PWT     (1UL << 3)
#define PTE_PCD     (1UL << 4)
#define PTE_A       (1UL << 5)
#define PTE_D       (1UL << 6)
#define PTE_PS      (1UL << 7)
#define PTE_G       (1UL << 8)
#define PTE_SPECIAL (1UL << 9)  /* ours: the page is not counted, never freed by an unmap */
#define PTE_NONE    (1UL << 10) /* ours: a page is here, but PTE_P is clear: nobody may touch it */
#define PTE_DEVICE                                                                                 \
	(1UL << 11) /* ours: a device's memory, which has no struct page and no direct map */
#define PTE_NX (1UL << 63)

#define PTE_PHYS_MASK 0x000ffffffffff000UL

/* Protections that generic code asks for. */
#define PROT_KERNEL_RW   (PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_NX)
#define PROT_KERNEL_RO   (PTE_P | PTE_A | PTE_G | PTE_NX)
#define PROT_KERNEL_RX   (PTE_P | PTE_A | PTE_G)
#define PROT_KERNEL_MMIO (PROT_KERNEL_RW | PTE_PCD | PTE_PWT)

/* How a device's memory is cached; the processor's table of kinds (PAT) says so: arch/x86/cpufeature.c. */
#define PTE_CACHE_KIND      (PTE_PCD | PTE_PWT)
#define PTE_UNCACHED        (PTE_PCD | PTE_PWT)
#define PTE_WRITE_COMBINING PTE_PWT
#define PTE_WRITE_BACK      0UL

#define PROT_USER_R (PTE_P | PTE_U | PTE_A | PTE_NX)
#define PROT_USER_W PTE_W
#define PROT_USER_X PTE_NX /* to be cleared */

/* Tables carry every right; the leaf decides. A is set, so that the CPU need not write it. */
#define PTE_KERNEL_TABLE (PTE_P | PTE_W | PTE_A)
#define PTE_USER_TABLE   (PTE_P | PTE_W | PTE_U | PTE_A)

static inline unsigned int pt_shift(unsigned int level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

static inline unsigned int pt_index(unsigned long va, unsigned int level)
{
	return (va >> pt_shift(level)) & (PT_ENTRIES - 1);
}

/* Bytes that one entry of a table at `level` spans. */
static inline unsigned long pt_span(unsigned int level)
{
	return 1UL << pt_shift(level);
}

/* What one entry of the root table spans. */
#define ROOT_SLOT_SIZE pt_span(PT_ROOT_LEVEL)

static inline unsigned int root_slot(unsigned long va)
{
	return pt_index(va, PT_ROOT_LEVEL);
}

/* First address of a kernel-half slot: everything above the index repeats its highest bit. */
static inline unsigned long root_slot_va(unsigned int slot)
{
	return (-(unsigned long)PT_ENTRIES | slot) << pt_shift(PT_ROOT_LEVEL);
}

/* Whether the entry holds something, be it a page that is out of everybody's reach. */
static inline bool pte_present(pte_t e)
{
	return e & (PTE_P | PTE_NONE);
}

/* The same page, which nobody may touch; and as it was. */
static inline pte_t pte_out_of_reach(pte_t e)
{
	return (e & ~PTE_P) | PTE_NONE;
}

static inline pte_t pte_in_reach(pte_t e)
{
	return (e & ~PTE_NONE) | PTE_P;
}

static inline bool pte_leaf(pte_t e, unsigned int level)
{
	return level == 1 || (e & PTE_PS);
}

static inline bool pte_writable(pte_t e)
{
	return e & PTE_W;
}

static inline phys_addr_t pte_phys(pte_t e)
{
	return e & PTE_PHYS_MASK;
}

static inline pte_t pte_make(phys_addr_t pa, u64 prot)
{
	return pa | prot;
}

/* Entries that mean the same although the CPU or software marked one as accessed (I29). */
static inline bool pte_same(pte_t a, pte_t b)
{
	return ((a ^ b) & ~PTE_A) == 0;
}

static inline pte_t *pte_table(pte_t e)
{
	return (pte_t *)phys_to_virt(pte_phys(e));
}

#endif
