/*
 * Physical pages: a binary buddy allocator under per-CPU caches of single pages.
 *
 *	alloc_page() free_page()	order 0, mostly from the CPU's own cache: no atomic
 *					operation
 *	alloc_pages() free_pages()	blocks of 1 << order pages, aligned to their size
 *	nr_free_pages()			for leak checks, after page_caches_drain() on every CPU
 *
 * Rules. Process context or boot, never an interrupt handler: only preemption is switched off.
 * Nothing sleeps. What is freed has one reference, no type and the order that it was allocated
 * with; anything else panics with the values. An allocated block's struct pages past the first are
 * all zero, or as the owner left them when the owner used them; the owner zeroes their `state`
 * before it frees.
 */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include "mm/gfp.h"
#include "mm/page.h"

#define MAX_ORDER       10 /* the largest block: 4 MiB */
#define MAX_ORDER_PAGES (1u << MAX_ORDER)

/* A page or block with refcount 1, or NULL when there is none. order <= MAX_ORDER. */
struct page *alloc_page(gfp_t gfp);
struct page *alloc_pages(unsigned int order, gfp_t gfp);

/*
 * Free 4 KiB pages that somebody can get: the buddy's and all per-CPU caches', without those of memory
 * that is about to be removed. Exact while nobody allocates.
 */
u64 nr_free_pages(void);

/* Pages ever given to the allocator. */
u64 nr_managed_pages(void);

/* Gives the calling CPU's cached pages back to the buddy. Process context. */
void page_caches_drain(void);

#endif
