/*
 * Free blocks of each order hang on a list; `nonempty` has a bit per order that has any. A free
 * block's first struct page says PAGE_BUDDY and the order; the others inside it have state 0. So a
 * block's buddy, the block of the same order with which it makes one of the next, is free as a
 * whole exactly if its first struct page says so: that page is always the first of some block,
 * because a free block that contained it would contain us too.
 *
 * The struct pages of a 4 MiB block that has never been used are initialised when it first leaves
 * its list (PAGE_FLAG_VIRGIN): 64 GiB of RAM would else cost 1 GiB of stores at boot.
 *
 * In front of the lists each CPU has a stack of single pages. It belongs to its CPU: preemption off
 * is all the protection it has. nr_free_pages() reads other CPUs' counts, which is why they are
 * read once.
 */
#include "mm/buddy.h"

#include "kernel/base/debug.h"
#include "kernel/base/spinlock.h"
#include "mm/allocfail.h"
#include "mm/pagezero.h"
#include "mm/poison.h"
#include "mm/preempt_return.h"

#define CACHE_BATCH 32
#define CACHE_HIGH  128

struct page_cache {
	u32 count;
	u32 limit;               /* CACHE_HIGH once the cache is on zone.caches, before that 0 */
	struct page_cache *next; /* z */
	struct page *pages[CACHE_HIGH];
};

static DEFINE_PER_CPU(struct page_cache, page_cache);

/* Letter z: lock. */
static struct {
	struct spinlock lock;
	u32 nonempty;                         /* z: bit per order with free blocks */
	u64 free_pages;                       /* z: on the lists, caches left out */
	u64 managed;                          /* z */
	u64 end_pfn;                          /* constant after boot */
	struct page_cache *caches;            /* z: of each CPU that ever used its own */
	struct list_head free[MAX_ORDER + 1]; /* z */
} zone;

static unsigned long long ull_pfn(const struct page *page)
{
	return page_to_pfn(page);
}

/* What is wrong with a page that somebody wants to free as a block of `order`. */
static noinline __noreturn void bad_free(const struct page *page, unsigned int order)
{
	u64 pfn = page_to_pfn(page);

	if (!IS_ALIGNED((unsigned long)page - VMEMMAP_START, sizeof(*page)) || pfn >= zone.end_pfn)
		BUG("free of %p: not a struct page, pfn %#llx of %#llx", (const void *)page,
		    (unsigned long long)pfn, (unsigned long long)zone.end_pfn);
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
}

static void list_block_locked(struct page *page, unsigned int order)
{
	page->state = PAGE_STATE_FREE(PAGE_BUDDY, order);
	list_add(&page->lru, &zone.free[order]);
	zone.nonempty |= 1u << order;
}

static void unlist_block_locked(struct page *page, unsigned int order)
{
	list_del(&page->lru);
	if (list_empty(&zone.free[order]))
		zone.nonempty &= ~(1u << order);
	page->state = 0;
}

/* The struct pages of a largest block fill whole pages of the array: 16 of them. */
static void init_block_locked(struct page *page)
{
	char *p = (char *)page;

	for (size_t done = 0; done < MAX_ORDER_PAGES * sizeof(*page); done += PAGE_SIZE)
		clear_page(p + done);
}

static bool buddy_is_free_locked(const struct page *buddy, unsigned int order)
{
	return buddy->state == PAGE_STATE_FREE(PAGE_BUDDY, order);
}

static void free_block_locked(struct page *page, unsigned int order)
{
	u64 pfn = page_to_pfn(page);

	ASSERT_MSG(IS_ALIGNED(pfn, 1u << order) && pfn + (1u << order) <= zone.end_pfn,
		   "pfn %#llx order %u end %#llx", (unsigned long long)pfn, order,
		   (unsigned long long)zone.end_pfn);
	zone.free_pages += 1u << order;
	page->state = 0;
	while (order < MAX_ORDER) {
		struct page *buddy = pfn_to_page(pfn ^ (1u << order));

		if (!buddy_is_free_locked(buddy, order))
			break;
		unlist_block_locked(buddy, order);
		order++;
		pfn = ALIGN_DOWN(pfn, 1u << order);
	}
	list_block_locked(pfn_to_page(pfn), order);
}

/* The smallest block that will do, its upper halves given back. NULL: none. State 0 on return. */
static struct page *take_block_locked(unsigned int order)
{
	u32 fitting = zone.nonempty & ~0u << order;
	unsigned int have;
	struct page *page;
	bool virgin;

	ASSERT(spin_is_held(&zone.lock));
	if (!fitting)
		return NULL;
	have = (unsigned int)__builtin_ctz(fitting);
	page = list_first_entry(&zone.free[have], struct page, lru);
	virgin = page->flags & PAGE_FLAG_VIRGIN;
	ASSERT_MSG((page->state & ~((u64)PAGE_FLAG_VIRGIN << 48)) ==
			   PAGE_STATE_FREE(PAGE_BUDDY, have),
		   "pfn %#llx state %#llx on list %u", ull_pfn(page),
		   (unsigned long long)page->state, have);
	unlist_block_locked(page, have);
	if (virgin)
		init_block_locked(page);
	while (have > order) {
		have--;
		list_block_locked(page + (1u << have), have);
	}
	zone.free_pages -= 1u << order;
	return page;
}

/* The running CPU's cache, known to nr_free_pages() from now on. */
static struct page_cache *own_cache_locked(void)
{
	struct page_cache *cache = this_cpu_ptr(&page_cache);

	ASSERT_MSG(cache->count <= CACHE_HIGH, "cpu %u count %u", cpu_id(), cache->count);
	if (!cache->limit) {
		cache->limit = CACHE_HIGH;
		cache->next = zone.caches;
		zone.caches = cache;
	}
	return cache;
}

/* The slow half of alloc_page(): takes a batch under one lock, returns one page of it. */
static noinline struct page *alloc_page_refill(void)
{
	struct page *page = NULL;
	struct page_cache *cache;

	spin_lock(&zone.lock);
	cache = own_cache_locked();
	while (cache->count < CACHE_BATCH) {
		page = take_block_locked(0);
		if (!page)
			break;
		page->state = PAGE_STATE_FREE(PAGE_CACHED, 0);
		cache->pages[cache->count] = page;
		WRITE_ONCE(cache->count, cache->count + 1);
	}
	page = NULL;
	if (cache->count) {
		WRITE_ONCE(cache->count, cache->count - 1);
		page = cache->pages[cache->count];
		page->state = PAGE_STATE_OWNED(0);
	}
	spin_unlock(&zone.lock);
	return page ? page : alloc_note_exhausted();
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

/* Whatever is not plain: zeroed pages and injected faults. */
static noinline struct page *alloc_page_special(gfp_t gfp)
{
	struct page *page;

	if (alloc_should_fail())
		return NULL;
	page = checked(cache_pop());
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

/* The slow half of free_page(): a wrong page, or a full or unknown cache. */
static noinline void free_page_slow(struct page *page)
{
	struct page_cache *cache;

	if (!IS_ALIGNED((unsigned long)page - VMEMMAP_START, sizeof(*page)) ||
	    page_to_pfn(page) >= zone.end_pfn || page->state != PAGE_STATE_OWNED(0))
		bad_free(page, 0);
	if (DEBUG_KERNEL)
		poison_block(page, 0);
	spin_lock(&zone.lock);
	cache = own_cache_locked();
	if (cache->count > CACHE_HIGH - CACHE_BATCH)
		cache_shrink_locked(cache, CACHE_HIGH - CACHE_BATCH);
	page->state = PAGE_STATE_FREE(PAGE_CACHED, 0);
	cache->pages[cache->count] = page;
	WRITE_ONCE(cache->count, cache->count + 1);
	spin_unlock(&zone.lock);
}

void free_page(struct page *page)
{
	u32 n;

	preempt_disable();
	n = this_cpu_read(page_cache.count);
	if (unlikely(page->state != PAGE_STATE_OWNED(0) || n >= this_cpu_read(page_cache.limit))) {
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
	spin_lock(&zone.lock);
	page = take_block_locked(order);
	if (!page) {
		/* This CPU's cached pages may be the missing buddies. */
		cache_shrink_locked(own_cache_locked(), 0);
		page = take_block_locked(order);
	}
	if (page)
		page->state = PAGE_STATE_OWNED(order);
	spin_unlock(&zone.lock);
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
	    page_to_pfn(page) >= zone.end_pfn || page->state != PAGE_STATE_OWNED(order))
		bad_free(page, order);
	if (DEBUG_KERNEL)
		poison_block(page, order);
	spin_lock(&zone.lock);
	free_block_locked(page, order);
	spin_unlock(&zone.lock);
}

u64 nr_free_pages(void)
{
	const struct page_cache *cache;
	u64 n;

	spin_lock(&zone.lock);
	n = zone.free_pages;
	for (cache = zone.caches; cache; cache = cache->next)
		n += READ_ONCE(cache->count);
	spin_unlock(&zone.lock);
	return n;
}

u64 nr_managed_pages(void)
{
	return READ_ONCE(zone.managed);
}

void page_caches_drain(void)
{
	spin_lock(&zone.lock);
	cache_shrink_locked(own_cache_locked(), 0);
	spin_unlock(&zone.lock);
}

void buddy_set_end(u64 end)
{
	ASSERT_MSG(zone.managed == 0, "%llu pages are managed already",
		   (unsigned long long)zone.managed);
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		list_init(&zone.free[order]);
	/* Blocks may end in a hole, their struct pages exist: round up. */
	zone.end_pfn = ALIGN_UP(end, MAX_ORDER_PAGES);
}

void buddy_add_block(u64 pfn, unsigned int order, bool virgin)
{
	struct page *page = pfn_to_page(pfn);

	ASSERT_MSG(order <= MAX_ORDER && (!virgin || order == MAX_ORDER), "order %u", order);
	ASSERT_MSG(IS_ALIGNED(pfn, 1u << order), "pfn %#llx order %u", (unsigned long long)pfn,
		   order);
	spin_lock(&zone.lock);
	zone.managed += 1u << order;
	free_block_locked(page, order);
	if (virgin)
		page->flags = PAGE_FLAG_VIRGIN;
	spin_unlock(&zone.lock);
}
