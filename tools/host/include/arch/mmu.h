/* Host twin: the kernel's own contract, without its instructions; each test brings what it needs. */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "arch/pgtable.h"

extern pte_t swapper_pg_dir[PT_ENTRIES];

void arch_map_early(unsigned long va, phys_addr_t pa, u64 bytes, u64 prot);
void tlb_flush_page_local(unsigned long va);
void tlb_flush_user_local(void);
void tlb_flush_all_local(void);
void tlb_flush_kernel_all(void);

#endif
