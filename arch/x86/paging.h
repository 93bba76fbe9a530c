/* The final kernel page tables. */
#ifndef ARCH_X86_PAGING_H
#define ARCH_X86_PAGING_H

#include "arch/pgtable.h"

/*
 * Boot CPU: builds swapper_pg_dir (image by section rights, direct map, fixed mappings), loads it.
 */
void paging_init(void);

/* Application CPU, from the trampoline's root: loads swapper_pg_dir. */
void paging_load_ap(void);

/* During paging_init(): what `va` begins, 2 MiB, is mapped by `table`, of the image. */
void arch_hook_table(unsigned long va, pte_t *table);

#endif
