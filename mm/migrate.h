/*
 * Moving pages of processes out of memory that shall go.
 *
 * Movable are the pages that a private mapping has for its own (GFP_MOVABLE): every reference to one
 * is an entry of a page table, so each address space can be given a copy by itself. A page that two
 * of them still share after a fork becomes two pages, as the first write would have made it.
 *
 * Not movable: shared memory, whose object knows the page; page tables, kernel stacks, slabs.
 */
#ifndef MM_MIGRATE_H
#define MM_MIGRATE_H

#include "mm/mm.h"

/*
 * Replaces the pages of `mm` whose frame number is in [first, end). Threads of it may run meanwhile:
 * who touches a page that is on its way waits in the page fault. Takes mmap_lock; the caller holds a
 * use of `mm`. 0, or -ENOMEM: some are where they were.
 */
int mm_vacate(struct mm_struct *mm, u64 first, u64 end);

#endif
