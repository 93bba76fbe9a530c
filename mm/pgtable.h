/*
 * The one page-table walker.
 *
 * A table is reached through its root; `level` counts from 1 (4 KiB entries) to PT_ROOT_LEVEL.
 * Kernel mappings are made here for vmalloc and kernel stacks; user mappings by mm/fault.c and
 * mm/vma.c on top of pt_entry() and pt_for_each().
 */
#ifndef MM_PGTABLE_H
#define MM_PGTABLE_H

#include "arch/pgtable.h"
#include "mm/page.h"

/*
 * Kernel half: maps n pages at `va` (page aligned), read-write, no execute. Tables are allocated; a
 * missing root slot is installed by kroot_install() and ready in every root on return. May sleep.
 * -ENOMEM: nothing stays mapped (tables and slots may stay, I20, I26).
 */
int kmap_pages(unsigned long va, struct page **pages, unsigned int n);

/* Clears the entries. No flush, no table is freed: the caller flushes before it reuses anything. */
void kunmap_pages(unsigned long va, unsigned int n);

#endif
