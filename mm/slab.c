/*
 * A slab is a block of pages cut into objects. The free ones are chained through their first word,
 * from page->slab.freelist of the slab's first page. Every page of a slab says which cache it
 * belongs to, for kfree().
 *
 * In front of each cache each CPU has a magazine, a stack of free objects. It belongs to its CPU:
 * preemption off is all the protection it has. An empty magazine is half filled, a full one half
 * emptied, under the cache's lock, so that a run of allocations or of frees takes the lock once in
 * a dozen.
 *
 * Lock order: kmem_cache.lock, then the buddy's zone lock.
 */
#include "mm/slab.h"

#include "kernel/base/debug.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "mm/buddy.h"
#include "mm/poison.h"
#include "mm/preempt_return.h"

#define MAX_CACHES      40
#define MAX_SLAB_ORDER  3
#define KEEP_EMPTY      1 /* slabs a cache keeps when they become empty */
#define MAGAZINE_SIZE   30
#define MAGAZINE_MEMORY 32768 /* bytes a magazine may hold back */

struct magazine {
	u32 count;
	u32 limit; /* 0 until the CPU is on slab_cpus, and with slab_debug */
	void *objs[MAGAZINE_SIZE];
};

struct slab_cpu {
	bool linked;
	struct slab_cpu *next;
	struct magazine mags[MAX_CACHES];
};

static DEFINE_PER_CPU(struct slab_cpu, slab_cpu);

/* Every CPU that ever used a magazine; only grows. */
static struct slab_cpu *slab_cpus;

static struct kmem_cache caches[MAX_CACHES];
static unsigned int nr_caches;
static struct spinlock create_lock = SPINLOCK_INIT;

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

static u8 magazine_limit(size_t size)
{
	if (slab_debug)
		return 0;
	return (u8)MAX(4, MIN(MAGAZINE_SIZE, MAGAZINE_MEMORY / size));
}

static void cache_setup(struct kmem_cache *cache, const char *name, size_t size, size_t align)
{
	align = MAX(align, sizeof(void *));
	cache->name = name;
	cache->object_size = (u32)size;
	cache->size = (u32)ALIGN_UP(MAX(size, sizeof(void *)), align);
	cache->order = (u8)slab_order(cache->size);
	cache->per_slab = (u32)((PAGE_SIZE << cache->order) / cache->size);
	cache->mag_limit = magazine_limit(cache->size);
	cache->mag = &slab_cpu.mags[cache->id];
	ASSERT_MSG(cache->per_slab > 0, "%s: size %u order %u", name, cache->size, cache->order);
	spin_lock_init(&cache->lock);
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

/* The link of a free object; the object is memory of no type. */
static void **free_link(void *obj)
{
	return (void **)obj;
}

static bool poisons(void)
{
	return DEBUG_KERNEL || slab_debug;
}

/* Also the link, while the object is in no slab's chain. */
static void check_poison(const struct kmem_cache *cache, const void *obj)
{
	size_t intact = poison_intact(obj, cache->size);

	if (intact < cache->size)
		panic("slab %s: object %p was written to after its free: byte %zu is %#x",
		      cache->name, obj, intact, ((const u8 *)obj)[intact]);
}

static __always_inline void *checked(const struct kmem_cache *cache, void *obj)
{
	if (DEBUG_KERNEL && obj)
		check_poison(cache, obj);
	return obj;
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
			poison_fill(obj, cache->size);
		*free_link(obj) = next;
		next = obj;
	}
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
	free_pages(slab, cache->order);
}

static void release_empty_locked(struct kmem_cache *cache, u32 keep)
{
	while (cache->nr_empty > keep)
		release_slab_locked(cache, list_last_entry(&cache->partial, struct page, lru));
}

/* One object out of a slab; with `grow` a new slab is made when all are used up. */
static void *take_locked(struct kmem_cache *cache, bool grow)
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
		check_poison(cache, obj);
	}
	return obj;
}

/* Panics unless `obj` is the start of an object of `cache`. Returns its slab's first page. */
static struct page *check_object(const struct kmem_cache *cache, const void *obj)
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

static void give_locked(struct kmem_cache *cache, void *obj)
{
	struct page *slab = check_object(cache, obj);

	ASSERT_MSG(slab->slab.inuse > 0, "slab %s: free of %p into an empty slab", cache->name,
		   obj);
	if (slab_debug) {
		check_double_free(cache, slab, obj);
		poison_fill(obj, cache->size);
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

/* The running CPU's magazine, known to kmem_cache_inuse() from now on. Preemption is off. */
static struct magazine *own_magazine(const struct kmem_cache *cache)
{
	struct slab_cpu *cpu = this_cpu_ptr(&slab_cpu);
	struct magazine *mag = &cpu->mags[cache->id];

	if (!cpu->linked) {
		cpu->linked = true;
		do
			cpu->next = READ_ONCE(slab_cpus);
		while (atomic_cmpxchg(&slab_cpus, cpu->next, cpu) != cpu->next);
	}
	ASSERT_MSG(mag->count <= MAGAZINE_SIZE, "slab %s: cpu %u count %u", cache->name, cpu_id(),
		   mag->count);
	mag->limit = cache->mag_limit;
	return mag;
}

/* The slow half of an allocation: one object, and half a magazine of what the slabs have anyway. */
static noinline void *magazine_refill(struct kmem_cache *cache)
{
	struct magazine *mag;
	void *obj, *more;

	spin_lock(&cache->lock);
	mag = own_magazine(cache);
	obj = take_locked(cache, true);
	while (obj && mag->count < mag->limit / 2) {
		more = take_locked(cache, false);
		if (!more)
			break;
		mag->objs[mag->count] = more;
		WRITE_ONCE(mag->count, mag->count + 1);
	}
	spin_unlock(&cache->lock);
	return obj;
}

static void magazine_flush_locked(struct kmem_cache *cache, struct magazine *mag, u32 target)
{
	while (mag->count > target) {
		WRITE_ONCE(mag->count, mag->count - 1);
		give_locked(cache, mag->objs[mag->count]);
	}
}

/* The slow half of a free: half of the magazine goes back. */
static noinline void magazine_spill(struct kmem_cache *cache, void *obj)
{
	struct magazine *mag;

	spin_lock(&cache->lock);
	mag = own_magazine(cache);
	if (mag->count >= mag->limit)
		magazine_flush_locked(cache, mag, mag->limit / 2);
	if (mag->count < mag->limit) {
		mag->objs[mag->count] = obj;
		WRITE_ONCE(mag->count, mag->count + 1);
	} else {
		give_locked(cache, obj);
	}
	release_empty_locked(cache, KEEP_EMPTY);
	spin_unlock(&cache->lock);
}

static __always_inline void *magazine_pop(struct kmem_cache *cache)
{
	struct magazine *mag = cache->mag;
	void *obj;
	u32 n;

	preempt_disable();
	n = this_cpu_read(mag->count);
	if (unlikely(n == 0)) {
		preempt_enable_no_resched(); /* the refill's spin_unlock() looks again */
		return magazine_refill(cache);
	}
	n--;
	this_cpu_write(mag->count, n);
	obj = this_cpu_read(mag->objs[n]);
	return preempt_enable_return(obj);
}

static noinline void *get_with_faults(struct kmem_cache *cache)
{
	return alloc_should_fail() ? NULL : checked(cache, magazine_pop(cache));
}

void *kmem_cache_get(struct kmem_cache *cache)
{
	/* A plain read: the compiler may compare in memory. */
	if (unlikely(alloc_fail_nth))
		return get_with_faults(cache);
	return checked(cache, magazine_pop(cache));
}

void *kmem_cache_get_zeroed(struct kmem_cache *cache)
{
	void *obj = kmem_cache_get(cache);

	return obj ? memset(obj, 0, cache->object_size) : NULL;
}

void kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	struct magazine *mag = cache->mag;
	u32 n;

	if (DEBUG_KERNEL) {
		check_object(cache, obj);
		poison_fill(obj, cache->size);
	}
	preempt_disable();
	n = this_cpu_read(mag->count);
	if (unlikely(n >= this_cpu_read(mag->limit))) {
		preempt_enable_no_resched(); /* the spill's spin_unlock() looks again */
		magazine_spill(cache, obj);
		return;
	}
	this_cpu_write(mag->objs[n], obj);
	this_cpu_write(mag->count, n + 1);
	preempt_enable();
}

void kmem_cache_drain_cpu(void)
{
	unsigned int n = smp_load_acquire(&nr_caches);

	for (unsigned int i = 0; i < n; i++) {
		spin_lock(&caches[i].lock);
		magazine_flush_locked(&caches[i], own_magazine(&caches[i]), 0);
		release_empty_locked(&caches[i], 0);
		spin_unlock(&caches[i].lock);
	}
}

u64 kmem_cache_inuse(struct kmem_cache *cache)
{
	const struct slab_cpu *cpu;
	u64 n;

	spin_lock(&cache->lock);
	n = cache->taken;
	for (cpu = READ_ONCE(slab_cpus); cpu; cpu = cpu->next)
		n -= READ_ONCE(cpu->mags[cache->id].count);
	spin_unlock(&cache->lock);
	return n;
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
	free_pages(page, page->order);
}
