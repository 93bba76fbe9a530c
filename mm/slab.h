/*
 * Objects smaller than a few pages: a slab allocator under per-CPU magazines.
 *
 *	kmem_cache_create()			a cache of objects of one size
 *	kmem_cache_alloc() kmem_cache_free()	mostly from the CPU's magazine: no atomic operation
 *	kmalloc() kfree()			by size, 16 bytes to 4 MiB
 *	kmem_cache_drain_cpu()			before free pages are compared
 *
 * Rules. Process context or boot, never an interrupt handler: only preemption is switched off.
 * Nothing sleeps. Addresses are in the direct map. An object's contents are undefined after
 * allocation (but for GFP_ZERO) and belong to the allocator after the free. Caches live for ever.
 *
 * In a debug build each freed object is filled with poison (mm/poison.h), and an allocation checks
 * that nobody wrote to it since. slab_debug does the same, bypasses the magazines too, and panics at
 * a second free of the same object; without it a double free first shows as two owners of one
 * object.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include "kernel/base/kasan.h"
#include "kernel/base/list.h"
#include "kernel/base/spinlock.h"
#include "mm/gfp.h"

#define KMALLOC_SLAB_MAX 8192

/* Flags of kmem_cache_create(). */
#define SLAB_PANIC 0x1 /* panic instead of NULL */

#define DEPOT_BATCHES 16

struct magazine;

/* Letter l: lock. Without a letter: constant after creation. */
struct kmem_cache {
	struct magazine *mag; /* per-CPU template: this_cpu_read(cache->mag->count) */
	u32 size;             /* bytes from one object to the next */
	u32 object_size;      /* bytes asked for */
	u32 per_slab;         /* objects in a slab */
	u16 id;
	u8 order;     /* of a slab's pages */
	u8 mag_limit; /* objects that a magazine holds; 0 with slab_debug */
	const char *name;

	struct spinlock lock __aligned(64);
	u32 nr_slabs;               /* l */
	u32 nr_empty;               /* l: slabs on `partial` that no object has left */
	u32 nr_batches;             /* l */
	u64 taken;                  /* l: objects out of the slabs, magazines and depot included */
	struct list_head partial;   /* l: slabs that have free objects, empty ones last */
	void *depot[DEPOT_BATCHES]; /* l: batches of mag_limit / 2 free objects each, chained */
};

/* Set it before slab_init(). */
extern bool slab_debug;

/* Boot CPU, after mm_floor_init(), before anything below. */
void slab_init(void);

/*
 * A cache of objects of `size` bytes (1 to KMALLOC_SLAB_MAX) aligned to `align` (power of two up to
 * PAGE_SIZE; 0: 8 bytes). `name` must stay valid. NULL when there are too many caches.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align,
				     unsigned int flags);

/* NULL: no memory. */
void *kmem_cache_get(struct kmem_cache *cache);
void *kmem_cache_get_zeroed(struct kmem_cache *cache);

static inline void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return gfp & GFP_ZERO ? kmem_cache_get_zeroed(cache) : kmem_cache_get(cache);
}

void kmem_cache_free(struct kmem_cache *cache, void *obj);

/* Gives the calling CPU's magazines and the depots back to the slabs, and all empty slabs to the buddy. */
void kmem_cache_drain_cpu(void);

/* Objects that callers hold. Exact while nobody allocates. */
u64 kmem_cache_inuse(struct kmem_cache *cache);

/* Pages of all slabs; what kmalloc_large() has is not among them. */
u64 slab_pages(void);

/* The caches in the order in which they were made; NULL behind the last. */
struct kmem_cache *kmem_cache_by_number(unsigned long number);

/* Prints each cache that has live objects; returns how many objects that is in all. */
u64 slab_report(void);

#define KMALLOC_CACHES 12
extern struct kmem_cache *kmalloc_caches[KMALLOC_CACHES];

/* The cache whose objects are the smallest that hold `size` bytes; size <= KMALLOC_SLAB_MAX. */
static inline unsigned int kmalloc_index(size_t size)
{
	if (size <= 16)
		return 0;
	if (size > 64 && size <= 96)
		return 3;
	if (size > 128 && size <= 192)
		return 5;
	/* 32 64 | 128 | 256 .. 8192, with 96 and 192 in between. */
	size = 64 - (size_t)__builtin_clzl(size - 1);
	return (unsigned int)size - 4 + (size > 6) + (size > 7);
}

void *kmalloc_large(size_t size, gfp_t gfp);

/*
 * `size` bytes, aligned to 16, and to `size` when that is a power of two; NULL: no memory or more
 * than 4 MiB. The caller owns it until kfree().
 */
static inline void *kmalloc(size_t size, gfp_t gfp)
{
	struct kmem_cache *cache;

	if (size > KMALLOC_SLAB_MAX)
		return kmalloc_large(size, gfp);
	cache = kmalloc_caches[kmalloc_index(size)];
	return kasan_slab_alloc(cache, kmem_cache_alloc(cache, gfp), size);
}

static inline void *kzalloc(size_t size)
{
	return kmalloc(size, GFP_ZERO);
}

/* NULL is allowed. */
void kfree(const void *obj);

#endif
