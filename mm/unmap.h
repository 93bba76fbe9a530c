/* Taking user pages out of an address space: for mmap.c and mm.c. */
#ifndef MM_UNMAP_H
#define MM_UNMAP_H

#include "mm/mm.h"

/*
 * Removes what is mapped in [start, end), flushes, and frees the pages and the tables that became
 * empty, in this order. mmap_lock held.
 */
void unmap_pages(struct mm_struct *mm, unsigned long start, unsigned long end);

/* The same for a whole mapping of an address space that no CPU has loaded: no flush. */
void unmap_pages_dead(struct mm_struct *mm, unsigned long start, unsigned long end);

#endif
