/*
 * A slab is a block of pages cut into objects. The free ones are chained through their first word,
 * from page->slab.freelist of the slab's first page. Every page of a slab says which cache it
 * belongs to, for kfree().
 *
 * Callers meet the magazines first, which are in magazine.c.
 *
 * Lock order: kmem_cache.lock, then the buddy's zone lock.
 */
#include "mm/slab_core.h"

#include "kernel/base/debug.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "mm/buddy.h"
#include "mm/poison.h"

#define MAX_SLAB_ORDER 3

static struct kmem_cache caches[MAX_CACHES];
static unsigned int nr_caches;
static struct spinlock create_lock = SPINLOCK_INIT(slab_create);

struct kmem_cache *kmalloc_caches[KMALLOC_CACHES];
bool slab_debug;

/* Smallest order that holds 8 objects and wastes at most an eighth; else the largest. */
static unsigned int slab_order(size_t size)
{
	unsigned int order = 0;

	while (order < MAX_SLAB_ORDER) {
		size_t bytes = PAGE_SIZE << order;

		if (bytes / size >= 8 && bytes % size <= bytes / 8)
			break;
		order++;
	}
	return order;
}

static void cache_setup(struct kmem_cache *cache, const char *name, size_t size, size_t align)
{
	align = MAX(align, sizeof(void *));
	cache->name = name;
	cache->object_size = (u32)size;
	cache->size = (u32)ALIGN_UP(MAX(size, sizeof(void *)) + KASAN_REDZONE, align);
	cache->order = (u8)slab_order(cache->size);
	cache->per_slab = (u32)((PAGE_SIZE << cache->order) / cache->size);
	magazine_setup(cache);
	ASSERT_MSG(cache->per_slab > 0, "%s: size %u order %u", name, cache->size, cache->order);
	spin_lock_init(&cache->lock, LOCK_slab);
	list_init(&cache->partial);
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned int flags)
{
	struct kmem_cache *cache = NULL;

	ASSERT_MSG(size > 0 && size <= KMALLOC_SLAB_MAX, "%s: size %zu", name, size);
	ASSERT_MSG((align & (align - 1)) == 0 && align <= PAGE_SIZE, "%s: align %zu", name, align);
	spin_lock(&create_lock);
	if (nr_caches < MAX_CACHES) {
		cache = &caches[nr_caches];
		cache->id = (u16)nr_caches;
		cache_setup(cache, name, size, align);
		smp_store_release(&nr_caches, nr_caches + 1);
	}
	spin_unlock(&create_lock);
	if (!cache && (flags & SLAB_PANIC))
		panic("slab: no room for cache %s: %d caches exist", name, MAX_CACHES);
	return cache;
}

static char *slab_base(const struct kmem_cache *cache, const void *obj)
{
	return (char *)ALIGN_DOWN((unsigned long)obj, PAGE_SIZE << cache->order);
}

static bool poisons(void)
{
	return DEBUG_KERNEL || slab_debug;
}

/* Also the link, while the object is in no slab's chain. */
void slab_check_poison(const struct kmem_cache *cache, const void *obj)
{
	size_t intact = poison_intact(obj, filled_size(cache));

	if (intact < filled_size(cache))
		panic("slab %s: object %p was written to after its free: byte %zu is %#x",
		      cache->name, obj, intact, ((const u8 *)obj)[intact]);
}

static void check_double_free(const struct kmem_cache *cache, const struct page *slab,
			      const void *obj)
{
	for (void *o = slab->slab.freelist; o; o = *free_link(o))
		if (o == obj)
			panic("slab %s: double free of object %p", cache->name, obj);
}

/* Chains all objects, so that the first is allocated first. */
static void chain_objects(const struct kmem_cache *cache, struct page *slab)
{
	char *base = page_address(slab);
	void *next = NULL;

	for (u32 i = cache->per_slab; i-- > 0;) {
		void *obj = base + (size_t)i * cache->size;

		if (poisons())
			poison_fill(obj, filled_size(cache));
		*free_link(obj) = next;
		next = obj;
	}
	kasan_poison(base, PAGE_SIZE << cache->order, KASAN_SLAB_REDZONE);
	slab->slab.freelist = next;
}

static bool grow_locked(struct kmem_cache *cache)
{
	struct page *slab = alloc_pages(cache->order, GFP_KERNEL);

	if (!slab)
		return false;
	for (unsigned int i = 0; i < 1u << cache->order; i++) {
		slab[i].type = PAGE_SLAB;
		slab[i].slab.cache = cache;
	}
	slab->slab.inuse = 0;
	slab->slab.objects = cache->per_slab;
	chain_objects(cache, slab);
	list_add_tail(&slab->lru, &cache->partial);
	cache->nr_slabs++;
	cache->nr_empty++;
	return true;
}

/* Gives an empty slab back to the buddy. */
static void release_slab_locked(struct kmem_cache *cache, struct page *slab)
{
	ASSERT_MSG(slab->slab.inuse == 0, "slab %s: %u objects in use", cache->name,
		   slab->slab.inuse);
	list_del(&slab->lru);
	cache->nr_slabs--;
	cache->nr_empty--;
	for (unsigned int i = 0; i < 1u << cache->order; i++)
		slab[i].type = PAGE_NONE;
	kasan_unpoison(page_address(slab), PAGE_SIZE << cache->order);
	free_pages(slab, cache->order);
}

void slab_trim_locked(struct kmem_cache *cache, u32 keep)
{
	while (cache->nr_empty > keep)
		release_slab_locked(cache, list_last_entry(&cache->partial, struct page, lru));
}

/* One object out of a slab; with `grow` a new slab is made when all are used up. */
void *slab_take_locked(struct kmem_cache *cache, bool grow)
{
	struct page *slab;
	void *obj;

	if (list_empty(&cache->partial) && !(grow && grow_locked(cache)))
		return NULL;
	slab = list_first_entry(&cache->partial, struct page, lru);
	obj = slab->slab.freelist;
	ASSERT_MSG(obj && slab_base(cache, obj) == page_address(slab),
		   "slab %s: pfn %#llx has free object %p", cache->name,
		   (unsigned long long)page_to_pfn(slab), obj);
	slab->slab.freelist = *free_link(obj);
	if (slab->slab.inuse++ == 0)
		cache->nr_empty--;
	if (slab->slab.inuse == slab->slab.objects)
		list_del(&slab->lru);
	cache->taken++;
	if (poisons()) {
		*free_link(obj) = (void *)POISON_WORD;
		slab_check_poison(cache, obj);
	}
	return obj;
}

/* Panics unless `obj` is the start of an object of `cache`. Returns its slab's first page. */
struct page *slab_check_object(const struct kmem_cache *cache, const void *obj)
{
	char *base = slab_base(cache, obj);
	size_t offset = (size_t)((const char *)obj - base);
	struct page *slab = virt_to_page(base);

	if (slab->type != PAGE_SLAB || slab->slab.cache != cache)
		panic("slab %s: free of %p, page type %u, which belongs to %s", cache->name, obj,
		      slab->type, slab->type == PAGE_SLAB ? slab->slab.cache->name : "no cache");
	if (offset % cache->size || offset / cache->size >= cache->per_slab)
		panic("slab %s: free of %p, offset %#zx, not the start of an object of %u bytes",
		      cache->name, obj, offset, cache->size);
	return slab;
}

void slab_give_locked(struct kmem_cache *cache, void *obj)
{
	struct page *slab = slab_check_object(cache, obj);

	ASSERT_MSG(slab->slab.inuse > 0, "slab %s: free of %p into an empty slab", cache->name,
		   obj);
	if (slab_debug) {
		check_double_free(cache, slab, obj);
		poison_fill(obj, filled_size(cache));
	}
	if (slab->slab.inuse == slab->slab.objects)
		list_add(&slab->lru, &cache->partial);
	*free_link(obj) = slab->slab.freelist;
	slab->slab.freelist = obj;
	cache->taken--;
	if (--slab->slab.inuse == 0) {
		list_del(&slab->lru);
		list_add_tail(&slab->lru, &cache->partial);
		cache->nr_empty++;
	}
}

void kmem_cache_drain_cpu(void)
{
	unsigned int n = smp_load_acquire(&nr_caches);

	kasan_quarantine_drain();
	for (unsigned int i = 0; i < n; i++) {
		spin_lock(&caches[i].lock);
		magazine_drain_locked(&caches[i]);
		slab_trim_locked(&caches[i], 0);
		spin_unlock(&caches[i].lock);
	}
}

struct kmem_cache *kmem_cache_by_number(unsigned long number)
{
	return number < smp_load_acquire(&nr_caches) ? &caches[number] : NULL;
}

u64 slab_pages(void)
{
	unsigned int n = smp_load_acquire(&nr_caches);
	u64 pages = 0;

	for (unsigned int i = 0; i < n; i++)
		pages += (u64)READ_ONCE(caches[i].nr_slabs) << caches[i].order;
	return pages;
}

u64 slab_report(void)
{
	unsigned int n = smp_load_acquire(&nr_caches);
	u64 total = 0;

	for (unsigned int i = 0; i < n; i++) {
		u64 live = kmem_cache_inuse(&caches[i]);

		total += live;
		if (live)
			printk("slab %-16s %6llu objects of %u bytes in %u slabs of %u pages\n",
			       caches[i].name, (unsigned long long)live, caches[i].object_size,
			       caches[i].nr_slabs, 1u << caches[i].order);
	}
	return total;
}

void slab_init(void)
{
	static const struct {
		const char *name;
		u16 size;
	} sizes[KMALLOC_CACHES] = {
		{"kmalloc-16", 16},     {"kmalloc-32", 32},     {"kmalloc-64", 64},
		{"kmalloc-96", 96},     {"kmalloc-128", 128},   {"kmalloc-192", 192},
		{"kmalloc-256", 256},   {"kmalloc-512", 512},   {"kmalloc-1024", 1024},
		{"kmalloc-2048", 2048}, {"kmalloc-4096", 4096}, {"kmalloc-8192", 8192},
	};

	for (unsigned int i = 0; i < KMALLOC_CACHES; i++) {
		size_t size = sizes[i].size;
		/* The lowest set bit: the size itself when it is a power of two, 32 or 64
		 * otherwise. */
		size_t align = MIN(size & -size, PAGE_SIZE);

		kmalloc_caches[i] = kmem_cache_create(sizes[i].name, size, align, SLAB_PANIC);
	}
}

noinline void *kmalloc_large(size_t size, gfp_t gfp)
{
	unsigned int order = 0;
	struct page *page;

	while (order <= MAX_ORDER && (PAGE_SIZE << order) < size)
		order++;
	if (order > MAX_ORDER)
		return NULL;
	page = alloc_pages(order, gfp);
	if (!page)
		return NULL;
	page->type = PAGE_LARGE;
	kasan_poison(page_address(page), PAGE_SIZE << order, KASAN_PAGE_REDZONE);
	kasan_unpoison(page_address(page), size);
	return page_address(page);
}

void kfree(const void *obj)
{
	struct page *page;

	if (!obj)
		return;
	page = virt_to_page(obj);
	if (likely(page->type == PAGE_SLAB)) {
		kmem_cache_free(page->slab.cache, (void *)obj);
		return;
	}
	if (page->type != PAGE_LARGE || page_address(page) != obj)
		panic("kfree of %p: page type %u refcount %u", obj, page->type, page->refcount);
	page->type = PAGE_NONE;
	kasan_unpoison(obj, PAGE_SIZE << page->order);
	free_pages(page, page->order);
}
