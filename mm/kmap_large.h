/*
 * Kernel mappings by large pages: the direct map and the page array of memory that is added while
 * the system runs.
 *
 * One caller at a time (mm/hotplug.c). Tables below the root level are made and freed here; the root
 * slots, once made, stay (I20).
 */
#ifndef MM_KMAP_LARGE_H
#define MM_KMAP_LARGE_H

#include "kernel/base/list.h"
#include "kernel/base/types.h"

/*
 * Maps [va, va + bytes) to [pa, ...), multiples of 2 MiB, writable, no execute. Every root slot is
 * there and ready in all roots before the first entry is made. May sleep. 0; -ENOMEM, -EBUSY (roots
 * are pinned), or -EEXIST: something is mapped there. After an error nothing new is mapped.
 */
int kmap_large(unsigned long va, phys_addr_t pa, u64 bytes);

/*
 * Takes it away again, and hangs tables in which nothing is left on *tables. The caller flushes all
 * CPUs (I35), then kmap_large_free_tables(). Page rights must be as they were (set_memory_tidy()).
 */
void kunmap_large(unsigned long va, u64 bytes, struct list_head *tables);
void kmap_large_free_tables(struct list_head *tables);

#endif
