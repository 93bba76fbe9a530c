/* What mm asks of the processor's memory management. */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "arch/pgtable.h"

/* The reference root: the one table in which kernel slots are first installed. */
extern pte_t swapper_pg_dir[PT_ENTRIES];

/*
 * Maps [va, va + bytes) to [pa, ...) in the reference root at boot, before any other root exists,
 * with the largest pages that alignment allows. Tables come from early_alloc(). All in bytes,
 * page aligned; nothing may be mapped there yet.
 */
void arch_map_early(unsigned long va, phys_addr_t pa, u64 bytes, u64 prot);

/* The level of the largest page that fits both addresses and `bytes`; 1: 4 KiB. */
unsigned int arch_leaf_level(unsigned long va, phys_addr_t pa, u64 bytes);

/* Whether the processor has all of these physical addresses: an entry with others is a fault of its own kind. */
bool arch_has_phys(phys_addr_t pa, u64 bytes);

/* Whether some of it is the interrupt controllers', which are the kernel's. */
bool arch_keeps_phys(phys_addr_t pa, u64 bytes);

/* Drops one page of the running CPU's translations, user or kernel. */
static inline void tlb_flush_page_local(unsigned long va)
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

/* Drops every translation of this CPU but the kernel's, which are global. */
void tlb_flush_user_local(void);

/* Drops every translation of this CPU, global ones too. */
void tlb_flush_all_local(void);

/*
 * Drops kernel translations on every CPU and returns when all have done so. Lazy CPUs are not
 * skipped (I35). Interrupts on, no spin lock that an interrupted CPU may wait for with interrupts
 * off. mm/tlb.c has it.
 */
void tlb_flush_kernel_all(void);

#endif
