/*
 * The root-table contract: all that mm/pgsync asks of the processor. On the host the same names are
 * given by a twin, so that the very files of mm/pgsync run there.
 */
#ifndef ARCH_ROOT_H
#define ARCH_ROOT_H

#include "arch/pgtable.h"

/* The reference root: kernel slots are installed here first, in kroot_install() alone. */
extern pte_t swapper_pg_dir[PT_ENTRIES];

/* The reference root by its direct-map address, as struct mm_root wants it. */
static inline pte_t *arch_reference_root(void)
{
	return phys_to_virt(kernel_image_phys(swapper_pg_dir));
}

/*
 * Writes CR3. Translations of user addresses and of non-global kernel addresses are dropped (SDM
 * vol. 3A, 4.10.4.1). Called by load_root() only.
 */
static inline void arch_write_root(const pte_t *pgd)
{
	__asm__ volatile("movq %0, %%cr3" ::"r"(virt_to_phys(pgd)) : "memory");
}

/* The table that CR3 names, by its direct-map address. Any context. */
static inline pte_t *arch_read_root(void)
{
	unsigned long cr3;

	__asm__ volatile("movq %%cr3, %0" : "=r"(cr3));
	return phys_to_virt(cr3 & PTE_PHYS_MASK);
}

#endif
