/*
 * Kernel stacks: 16 KiB with a guard area below, in a root slot that every root has from birth
 * (I30).
 *
 * A stack once mapped stays mapped and is handed out again: neither fork nor exit touches kernel
 * page tables. kstack_drain() gives the unused ones back.
 */
#ifndef KERNEL_KSTACK_H
#define KERNEL_KSTACK_H

#include "kernel/base/san.h"
#include "kernel/base/types.h"

#define KSTACK_SIZE (16 * 1024UL)
/* What one takes: under the address sanitizer its shadow, too. */
#define KSTACK_PAGES (KSTACK_SIZE / PAGE_SIZE + SAN_ADDRESS)

/* Returns the top (highest address, exclusive), or 0 when memory is short. Process context. */
unsigned long kstack_alloc(void);

/* `top` as kstack_alloc() gave it; nobody may be running on it. */
void kstack_free(unsigned long top);

/* Whether `addr` lies on some kernel stack's mapped part. Any context. */
bool kstack_contains(unsigned long addr);

/* Whether `addr` lies in the guard below a stack: what a fault there means. */
bool kstack_guard(unsigned long addr);

/* The top of the stack on which `addr` lies, or in whose guard; 0: neither. Any context. */
unsigned long kstack_top_of(unsigned long addr);

/* Moves this CPU's unused stacks to where kstack_drain() finds them. */
void kstack_cache_drain(void);
/*
 * Gives every unused stack but other CPUs' back to the page allocator. Process context, interrupts
 * on; flushes all TLBs.
 */
void kstack_drain(void);

/* Pages of stacks, in use or kept for the next tasks. */
u64 kstack_pages(void);

/*
 * Pages of the page tables that map them: they stay when the stacks are given back, so there are as
 * many as the most stacks at a time have needed.
 */
u64 kstack_tables(void);

/* Whether a stack may be at `va`: in a root slot that every root has from birth (I30). */
bool kstack_place_ok(unsigned long va);

#endif
