/* The explorer's twin of the root-table contract: CR3 is a variable of each CPU. */
#ifndef ARCH_ROOT_H
#define ARCH_ROOT_H

#include "arch/pgtable.h"

extern pte_t swapper_pg_dir[PT_ENTRIES];

static inline pte_t *arch_reference_root(void)
{
	return swapper_pg_dir;
}

void arch_write_root(const pte_t *pgd);
pte_t *arch_read_root(void);

#endif
