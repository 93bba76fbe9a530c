/* Kernel stacks: see kstack.h. */
#include "kernel/kstack.h"

#include "arch/mmu.h"
#include "kernel/base/atomic.h"
#include "kernel/base/bitops.h"
#include "kernel/base/kasan.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"
#include "kernel/base/preempt.h"
#include "kernel/base/spinlock.h"
#include "kernel/stackcheck.h"
#include "mm/buddy.h"
#include "mm/pgsync/pgsync.h"
#include "mm/pgtable.h"

/* Each stack has a place of its own: the lower half is its guard, the upper half the stack. */
#define PLACE_SIZE  (2 * KSTACK_SIZE)
#define STACK_PAGES (KSTACK_SIZE / PAGE_SIZE)
#define PLACES_MAX  (1UL << 20)
#define CACHE       16

_Static_assert(PLACES_MAX *PLACE_SIZE <= KSTACK_AREA, "stacks fit their area");

struct stack_cache {
	unsigned int n;
	unsigned long top[CACHE];
};

static DEFINE_PER_CPU(struct stack_cache, stack_cache);

/*
 * Stacks beyond the caches, linked through their top word; and places whose stack was unmapped.
 */
static struct spinlock depot_lock = SPINLOCK_INIT(kstack);
static unsigned long depot;                    /* depot_lock: top of the first, 0 none */
static unsigned long nr_places;                /* depot_lock: places ever used */
static unsigned long free_places;              /* depot_lock: how many bits are set in free_place */
static DECLARE_BITMAP(free_place, PLACES_MAX); /* depot_lock: places that were used, and are not */

static unsigned long place_top(unsigned long place)
{
	return KSTACK_START + (place + 1) * PLACE_SIZE;
}

/* The lowest: its page tables are there already, and those of few others are needed. */
static unsigned long take_free_place_locked(void)
{
	unsigned long word = 0, place;

	while (!free_place[word])
		word++;
	place = word * BITS_PER_LONG + (unsigned long)__builtin_ctzl(free_place[word]);
	ASSERT_MSG(place < nr_places, "place %lu of %lu", place, nr_places);
	clear_bit((unsigned int)place, free_place);
	free_places--;
	return place;
}

static bool place_take(unsigned long *place)
{
	bool ok = true;

	spin_lock(&depot_lock);
	if (free_places)
		*place = take_free_place_locked();
	else if (nr_places < PLACES_MAX)
		*place = nr_places++;
	else
		ok = false;
	spin_unlock(&depot_lock);
	return ok;
}

static void place_put(unsigned long place)
{
	spin_lock(&depot_lock);
	set_bit((unsigned int)place, free_place);
	free_places++;
	spin_unlock(&depot_lock);
}

u64 kstack_pages(void)
{
	unsigned long stacks;

	spin_lock(&depot_lock);
	stacks = nr_places - free_places;
	spin_unlock(&depot_lock);
	return stacks * STACK_PAGES + kasan_stack_pages();
}

/* By distances: with five levels an address that steps by the span of a root slot wraps. */
static u64 count_tables(unsigned long start, unsigned long bytes)
{
	u64 tables = 0;

	for (unsigned int level = 1; level < PT_ROOT_LEVEL; level++)
		for (unsigned long at = 0; at < bytes; at += pt_span(level + 1))
			tables += pt_walk(swapper_pg_dir, start + at, level, false) != NULL;
	return tables;
}

u64 kstack_tables(void)
{
	unsigned long bytes = place_top(READ_ONCE(nr_places)) - PLACE_SIZE - KSTACK_START;
	u64 tables = count_tables(KSTACK_START, bytes);

	if (SAN_ADDRESS)
		tables += count_tables(kasan_shadow(KSTACK_START), bytes >> KASAN_SHIFT);
	return tables;
}

bool kstack_place_ok(unsigned long va)
{
	/* A slot that every root has today may be missing in one that is loaded tomorrow. */
	if (MUTANT(kstack_if_ready))
		return kroot_ready(root_slot(va));
	return MUTANT(kstack_anywhere) || kroot_from_birth(root_slot(va));
}

static unsigned long kstack_create(void)
{
	struct page *pages[STACK_PAGES];
	unsigned long place;
	unsigned int n;

	for (n = 0; n < STACK_PAGES; n++) {
		pages[n] = alloc_page(GFP_KERNEL);
		if (!pages[n])
			goto free_pages;
	}
	if (!place_take(&place))
		goto free_pages;
	/* A fault for want of a stack slot needs a stack: no root may be without (I30, I33). */
	ASSERT(kstack_place_ok(place_top(place) - KSTACK_SIZE));
	if (!kasan_stack_cover(place_top(place), KSTACK_SIZE) ||
	    kmap_pages(place_top(place) - KSTACK_SIZE, pages, STACK_PAGES)) {
		place_put(place);
		goto free_pages;
	}
	stackcheck_fill(place_top(place));
	return place_top(place);

free_pages:
	while (n)
		free_page(pages[--n]);
	return 0;
}

static unsigned long depot_take(void)
{
	unsigned long top;

	spin_lock(&depot_lock);
	top = depot;
	if (top)
		depot = ((unsigned long *)top)[-1];
	spin_unlock(&depot_lock);
	return top;
}

static void depot_put(unsigned long top)
{
	spin_lock(&depot_lock);
	((unsigned long *)top)[-1] = depot;
	depot = top;
	spin_unlock(&depot_lock);
}

unsigned long kstack_alloc(void)
{
	struct stack_cache *cache;
	unsigned long top = 0;

	preempt_disable();
	cache = this_cpu_ptr(&stack_cache);
	if (likely(cache->n))
		top = cache->top[--cache->n];
	preempt_enable();
	if (unlikely(!top))
		top = depot_take();
	if (unlikely(!top))
		top = kstack_create();
	if (top)
		kasan_stack_alloc(top, KSTACK_SIZE);
	return top;
}

void kstack_free(unsigned long top)
{
	struct stack_cache *cache;

	ASSERT_MSG(kstack_contains(top - 1) && IS_ALIGNED(top - KSTACK_START, PLACE_SIZE), "%#lx",
		   top);
	kasan_stack_free(top, KSTACK_SIZE);
	preempt_disable();
	cache = this_cpu_ptr(&stack_cache);
	if (likely(cache->n < CACHE)) {
		cache->top[cache->n++] = top;
		top = 0;
	}
	preempt_enable();
	if (unlikely(top))
		depot_put(top);
}

/* The offset of `addr` in its place, or PLACE_SIZE when it is in no place ever used. */
static unsigned long place_offset(unsigned long addr)
{
	if (addr < KSTACK_START || addr >= KSTACK_START + READ_ONCE(nr_places) * PLACE_SIZE)
		return PLACE_SIZE;
	return (addr - KSTACK_START) % PLACE_SIZE;
}

bool kstack_contains(unsigned long addr)
{
	unsigned long off = place_offset(addr);

	return off >= PLACE_SIZE - KSTACK_SIZE && off < PLACE_SIZE;
}

bool kstack_guard(unsigned long addr)
{
	return place_offset(addr) < PLACE_SIZE - KSTACK_SIZE;
}

unsigned long kstack_top_of(unsigned long addr)
{
	unsigned long off = place_offset(addr);

	return off < PLACE_SIZE ? addr - off + PLACE_SIZE : 0;
}

void kstack_cache_drain(void)
{
	for (;;) {
		struct stack_cache *cache;
		unsigned long top = 0;

		preempt_disable();
		cache = this_cpu_ptr(&stack_cache);
		if (cache->n)
			top = cache->top[--cache->n];
		preempt_enable();
		if (!top)
			return;
		depot_put(top);
	}
}

/* Unmapped stacks, until every CPU has flushed: their pages and places. */
#define DRAIN_BATCH 16

void kstack_drain(void)
{
	struct page *pages[DRAIN_BATCH][STACK_PAGES], *shadow[DRAIN_BATCH];
	unsigned long places[DRAIN_BATCH];
	unsigned int n;

	do {
		unsigned long top;

		for (n = 0; n < DRAIN_BATCH && (top = depot_take()); n++) {
			unsigned long base = top - KSTACK_SIZE;

			for (unsigned int i = 0; i < STACK_PAGES; i++)
				pages[n][i] = phys_to_page(pte_phys(
					*pt_walk(swapper_pg_dir, base + i * PAGE_SIZE, 1, false)));
			kunmap_pages(base, STACK_PAGES);
			shadow[n] = kasan_stack_uncover(top);
			places[n] = (top - KSTACK_START) / PLACE_SIZE - 1;
		}
		if (n)
			tlb_flush_kernel_all();
		for (unsigned int i = 0; i < n; i++) {
			for (unsigned int p = 0; p < STACK_PAGES; p++)
				free_page(pages[i][p]);
			if (shadow[i])
				free_page(shadow[i]);
			place_put(places[i]);
		}
	} while (n == DRAIN_BATCH);
}
