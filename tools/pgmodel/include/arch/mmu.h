/* The explorer's twin of the processor's memory management: a TLB of a few entries (world.h). */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "arch/pgtable.h"

extern pte_t swapper_pg_dir[PT_ENTRIES];

void tlb_flush_page_local(unsigned long va);
void tlb_flush_user_local(void);
void tlb_flush_all_local(void);
void tlb_flush_kernel_all(void);

#endif
