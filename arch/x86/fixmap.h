/*
 * Fixed mappings: addresses that are constants, for what is read before there is an allocator, and for
 * registers that may be touched in any context.
 *
 *	fixmap_set()		one page of registers or firmware at the place of that index
 *	early_map()		firmware's tables at boot, wherever they are, read-only
 *	early_unmap_to()	drops the youngest of these
 *
 * They lie behind the kernel image in its root slot, which every root has from birth (I30), below a
 * table that is part of the image. vmalloc.h's ioremap() is for the rest.
 */
#ifndef ARCH_X86_FIXMAP_H
#define ARCH_X86_FIXMAP_H

#include "arch/pgtable.h"
#include "arch/x86/acpi_tables.h"

#define FIXMAP_START 0xffffffffff200000UL

enum fixmap_index {
	FIX_APIC,   /* the local APIC's registers, for good: each CPU sees its own there */
	FIX_IOAPIC, /* the I/O APICs', for good, in the order of the MADT */
	FIX_EARLY = FIX_IOAPIC + ACPI_MAX_IOAPICS, /* early_map()'s, to the end of the table */
};

/* Boot CPU, while swapper_pg_dir is being built. */
void fixmap_init(void);

/*
 * Maps the page of physical address `pa` (page aligned) in place of what was there before on this
 * CPU; `prot` as in arch/pgtable.h. Returns its address. Before other CPUs run, or for an index that
 * nobody has used.
 */
void *fixmap_set(enum fixmap_index index, phys_addr_t pa, u64 prot);

/*
 * Maps [pa, pa + bytes) to be read, behind what early_map() has mapped before. NULL: too much, about 2
 * MiB in all. Before other CPUs run.
 */
const void *early_map(phys_addr_t pa, size_t bytes);

/* How many pages early_map() has mapped. */
unsigned int early_mapped(void);

/* Unmaps all that was mapped since early_mapped() was `n`. */
void early_unmap_to(unsigned int n);

#endif
