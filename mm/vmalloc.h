/*
 * Memory that is contiguous in kernel virtual addresses only: the 64 root slots of the vmalloc
 * area.
 *
 *	vmalloc() vfree()
 *	vmalloc_fresh_slot()	placed so that the kernel half of the root table must grow
 *	vmalloc_purge()		gives the pages and addresses of freed ranges back now
 *	ioremap() iounmap()	the registers of devices, uncached
 *
 * Rules. Process context, interrupts on, no spin lock held: growing a root table and flushing TLBs
 * wait for other CPUs. A freed range is unmapped at once; its pages and its addresses are used
 * again only after every CPU has flushed its TLB, and ranges wait for that together. One unmapped
 * page follows each range.
 *
 * What it does not do: more than 2 GiB of memory a range; giving page tables or root slots back
 * (I20).
 */
#ifndef MM_VMALLOC_H
#define MM_VMALLOC_H

#include "kernel/base/types.h"

/* At least `bytes`, page aligned, contents undefined. NULL: no memory or no addresses. The caller
 * owns it until vfree(). */
void *vmalloc(size_t bytes);

/*
 * The same at the start of a root slot that no range has touched before, or with `straddle` (at
 * least two pages) so that it begins in one such slot and ends in the next. ERR_PTR(-ENOSPC): no
 * such slot is left. ERR_PTR(-ENOMEM). After a failure the slots that got a table stay used, the
 * others are fresh again (I26).
 */
void *vmalloc_fresh_slot(size_t bytes, bool straddle);

/* `addr` as returned, or NULL. Anything else panics. */
void vfree(void *addr);

/*
 * The registers at [pa, pa + bytes), in bytes of physical address, not cached and in order. NULL:
 * that is no place for registers, or is RAM of the boot's memory map, which everybody else caches; no
 * memory. The caller owns the mapping until iounmap().
 */
void *ioremap(phys_addr_t pa, size_t bytes);

/* As returned, or NULL. Anything else panics. */
void iounmap(void *addr);

/* Flushes every CPU and frees what waits. May sleep. */
void vmalloc_purge(void);

/* Root slots that no range has touched. */
unsigned int vmalloc_slots_free(void);

/* Bytes that callers hold. */
u64 vmalloc_bytes(void);

/*
 * Tests only: forgets that the root slots from `first_slot` (a slot of the root table) on were
 * used. The caller has emptied them in every root. -EBUSY: a range, or a freed one not yet purged,
 * is there.
 */
int vmalloc_reset_slots(unsigned int first_slot);

#endif
