/*
 * In front of the zones' lists (zone.h) each CPU has a stack of single pages. It belongs to its CPU:
 * preemption off is all the protection it has. nr_free_pages() reads other CPUs' counts, which is
 * why they are read once.
 *
 * Pages of added memory have a stack of their own, which only movable pages are taken from while
 * there are others: what can be moved lies where memory may go away again.
 */
#include "mm/buddy.h"

#include "kernel/base/debug.h"
#include "kernel/base/kasan.h"
#include "mm/allocfail.h"
#include "mm/pagezero.h"
#include "mm/poison.h"
#include "mm/preempt_return.h"
#include "mm/zone.h"

#define CACHE_BATCH 32
#define CACHE_HIGH  128

struct page_cache {
	u32 count;
	u32 limit;               /* CACHE_HIGH once the cache is on `caches`, before that 0 */
	struct page_cache *next; /* z */
	struct page *pages[CACHE_HIGH];
};

static DEFINE_PER_CPU(struct page_cache, page_cache);

static DEFINE_PER_CPU(struct page_cache, hot_cache);

/* z: of each CPU that ever used its own. Letter z: zone_lock. */
static struct page_cache *caches;

static unsigned long long ull_pfn(const struct page *page)
{
	return page_to_pfn(page);
}

/* What is wrong with a page that somebody wants to free as a block of `order`. */
static noinline __noreturn void bad_free(const struct page *page, unsigned int order)
{
	u64 pfn = page_to_pfn(page);

	if (!IS_ALIGNED((unsigned long)page - VMEMMAP_START, sizeof(*page)) || pfn >= zones_end_pfn)
		BUG("free of %p: not a struct page, pfn %#llx of %#llx", (const void *)page,
		    (unsigned long long)pfn, (unsigned long long)zones_end_pfn);
	if (page->refcount == 0)
		BUG("free of a page that is free: pfn %#llx type %u order %u (freed as order %u)",
		    (unsigned long long)pfn, page->type, page->order, order);
	BUG("bad free: pfn %#llx refcount %u type %u order %u flags %#x (freed as order %u)",
	    (unsigned long long)pfn, page->refcount, page->type, page->order, page->flags, order);
}

/* Debug builds: the pages of a block that is being freed. */
static void poison_block(struct page *page, unsigned int order)
{
	for (unsigned int i = 0; i < 1u << order; i++) {
		poison_fill(page_address(page + i), PAGE_SIZE);
		page[i].poisoned = PAGE_POISONED;
	}
	kasan_poison(page_address(page), PAGE_SIZE << order, KASAN_PAGE_FREE);
}

/* Panics if a page of the block was written to since its free. Memory never freed has no poison. */
static void unpoison_block(struct page *page, unsigned int order)
{
	for (unsigned int i = 0; i < 1u << order; i++) {
		const u8 *bytes = page_address(page + i);
		size_t intact;

		if (page[i].poisoned != PAGE_POISONED)
			continue;
		page[i].poisoned = 0;
		intact = poison_intact(bytes, PAGE_SIZE);
		if (intact < PAGE_SIZE)
			panic("page %p (pfn %#llx) was written to after its free: byte %zu is %#x",
			      bytes, ull_pfn(page + i), intact, bytes[intact]);
	}
	kasan_unpoison(page_address(page), PAGE_SIZE << order);
}

/* A cache of the running CPU, known to nr_free_pages() from now on. */
static struct page_cache *own_cache_locked(bool hot)
{
	struct page_cache *cache = hot ? this_cpu_ptr(&hot_cache) : this_cpu_ptr(&page_cache);

	ASSERT_MSG(cache->count <= CACHE_HIGH, "cpu %u count %u", cpu_id(), cache->count);
	if (!cache->limit) {
		cache->limit = CACHE_HIGH;
		cache->next = caches;
		caches = cache;
	}
	return cache;
}

/* Fills the cache, and takes a page of it. NULL: none is left. */
static struct page *refill_locked(struct page_cache *cache,
				  struct page *(*take)(unsigned int order))
{
	struct page *page;

	while (cache->count < CACHE_BATCH) {
		page = take(0);
		if (!page)
			break;
		page->state = PAGE_STATE_FREE(PAGE_CACHED, 0);
		cache->pages[cache->count] = page;
		WRITE_ONCE(cache->count, cache->count + 1);
	}
	if (!cache->count)
		return NULL;
	WRITE_ONCE(cache->count, cache->count - 1);
	page = cache->pages[cache->count];
	page->state = PAGE_STATE_OWNED(0);
	return page;
}

/* The slow half of alloc_page(): takes a batch under one lock, returns one page of it. */
static noinline struct page *alloc_page_refill(void)
{
	struct page *page;

	spin_lock(&zone_lock);
	page = refill_locked(own_cache_locked(false), take_boot_block_locked);
	if (unlikely(!page))
		page = refill_locked(own_cache_locked(true), take_hot_block_locked);
	spin_unlock(&zone_lock);
	return page ? page : alloc_note_exhausted();
}

/* A page of added memory, or NULL. */
static struct page *alloc_page_hot(void)
{
	struct page_cache *cache;
	struct page *page = NULL;

	preempt_disable();
	cache = this_cpu_ptr(&hot_cache);
	if (likely(cache->count)) {
		WRITE_ONCE(cache->count, cache->count - 1);
		page = cache->pages[cache->count];
		page->state = PAGE_STATE_OWNED(0);
	}
	preempt_enable();
	if (page)
		return page;
	spin_lock(&zone_lock);
	page = refill_locked(own_cache_locked(true), take_hot_block_locked);
	spin_unlock(&zone_lock);
	return page;
}

static void cache_shrink_locked(struct page_cache *cache, u32 target)
{
	while (cache->count > target) {
		struct page *page = cache->pages[cache->count - 1];

		ASSERT_MSG(page->state == PAGE_STATE_FREE(PAGE_CACHED, 0), "pfn %#llx state %#llx",
			   ull_pfn(page), (unsigned long long)page->state);
		WRITE_ONCE(cache->count, cache->count - 1);
		free_block_locked(page, 0);
	}
}

static void drain_own_caches_locked(void)
{
	cache_shrink_locked(own_cache_locked(false), 0);
	cache_shrink_locked(own_cache_locked(true), 0);
}

static __always_inline struct page *checked(struct page *page)
{
	if (DEBUG_KERNEL && page)
		unpoison_block(page, 0);
	return page;
}

static __always_inline struct page *cache_pop(void)
{
	struct page *page;
	u32 n;

	preempt_disable();
	n = this_cpu_read(page_cache.count);
	if (unlikely(n == 0)) {
		preempt_enable_no_resched(); /* the refill's spin_unlock() looks again */
		return alloc_page_refill();
	}
	n--;
	this_cpu_write(page_cache.count, n);
	page = this_cpu_read(page_cache.pages[n]);
	page->state = PAGE_STATE_OWNED(0);
	return preempt_enable_return(page);
}

/* Whatever is not plain: zeroed or movable pages and injected faults. */
static noinline struct page *alloc_page_special(gfp_t gfp)
{
	struct page *page = NULL;

	if (alloc_should_fail())
		return NULL;
	if (unlikely(READ_ONCE(hot_zones_open)) && (gfp & GFP_MOVABLE))
		page = alloc_page_hot();
	page = checked(page ? page : cache_pop());
	if (page && (gfp & GFP_ZERO))
		clear_page(page_address(page));
	return page;
}

struct page *alloc_page(gfp_t gfp)
{
	/* A plain read: the compiler may compare in memory. */
	if (unlikely(gfp | alloc_fail_armed))
		return alloc_page_special(gfp);
	return checked(cache_pop());
}

/* The slow half of free_page(): a wrong page, added memory, or a full or unknown cache. */
static noinline void free_page_slow(struct page *page)
{
	struct page_cache *cache;

	if (!IS_ALIGNED((unsigned long)page - VMEMMAP_START, sizeof(*page)) ||
	    page_to_pfn(page) >= zones_end_pfn || page->state != PAGE_STATE_OWNED(0))
		bad_free(page, 0);
	if (DEBUG_KERNEL)
		poison_block(page, 0);
	spin_lock(&zone_lock);
	cache = own_cache_locked(page_is_hot(page));
	if (cache->count > CACHE_HIGH - CACHE_BATCH)
		cache_shrink_locked(cache, CACHE_HIGH - CACHE_BATCH);
	page->state = PAGE_STATE_FREE(PAGE_CACHED, 0);
	cache->pages[cache->count] = page;
	WRITE_ONCE(cache->count, cache->count + 1);
	spin_unlock(&zone_lock);
}

void free_page(struct page *page)
{
	u32 n;

	preempt_disable();
	n = this_cpu_read(page_cache.count);
	if (unlikely(page->state != PAGE_STATE_OWNED(0) || n >= this_cpu_read(page_cache.limit) ||
		     page_is_hot(page))) {
		preempt_enable_no_resched(); /* the slow half's spin_unlock() looks again */
		free_page_slow(page);
		return;
	}
	if (DEBUG_KERNEL)
		poison_block(page, 0);
	page->state = PAGE_STATE_FREE(PAGE_CACHED, 0);
	this_cpu_write(page_cache.pages[n], page);
	this_cpu_write(page_cache.count, n + 1);
	preempt_enable();
}

/* The caller of put_page() saw other references. */
void page_put_shared(struct page *page)
{
	u32 left = atomic_add_return(&page->refcount, -1);

	ASSERT_MSG(left != ~0u, "put of a free page: pfn %#llx type %u", ull_pfn(page), page->type);
	if (left == 0) {
		/* Ours alone again; free_page() wants to see its reference. */
		WRITE_ONCE(page->refcount, 1);
		free_page(page);
	}
}

struct page *alloc_pages(unsigned int order, gfp_t gfp)
{
	struct page *page;

	ASSERT_MSG(order <= MAX_ORDER, "order %u", order);
	if (order == 0)
		return alloc_page(gfp);
	if (alloc_should_fail())
		return NULL;
	spin_lock(&zone_lock);
	page = take_block_locked(order, gfp);
	if (!page) {
		/* This CPU's cached pages may be the missing buddies. */
		drain_own_caches_locked();
		page = take_block_locked(order, gfp);
	}
	if (page)
		page->state = PAGE_STATE_OWNED(order);
	spin_unlock(&zone_lock);
	if (!page)
		return alloc_note_exhausted();
	if (DEBUG_KERNEL)
		unpoison_block(page, order);
	if (gfp & GFP_ZERO)
		for (unsigned int i = 0; i < 1u << order; i++)
			clear_page(page_address(page + i));
	return page;
}

void free_pages(struct page *page, unsigned int order)
{
	ASSERT_MSG(order <= MAX_ORDER, "order %u", order);
	if (order == 0) {
		free_page(page);
		return;
	}
	if (!IS_ALIGNED((unsigned long)page - VMEMMAP_START, sizeof(*page)) ||
	    page_to_pfn(page) >= zones_end_pfn || page->state != PAGE_STATE_OWNED(order))
		bad_free(page, order);
	if (DEBUG_KERNEL)
		poison_block(page, order);
	spin_lock(&zone_lock);
	free_block_locked(page, order);
	spin_unlock(&zone_lock);
}

u64 nr_free_pages(void)
{
	const struct page_cache *cache;
	u64 n;

	spin_lock(&zone_lock);
	n = zones_free_pages_locked();
	for (cache = caches; cache; cache = cache->next)
		n += READ_ONCE(cache->count);
	spin_unlock(&zone_lock);
	return n;
}

void page_caches_drain(void)
{
	spin_lock(&zone_lock);
	drain_own_caches_locked();
	spin_unlock(&zone_lock);
}
