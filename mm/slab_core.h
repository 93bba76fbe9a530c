/*
 * Between the slabs (slab.c) and the magazines in front of them (magazine.c). `_locked`: the cache's
 * lock is held.
 */
#ifndef MM_SLAB_CORE_H
#define MM_SLAB_CORE_H

#include "kernel/base/kasan.h"
#include "mm/page.h"
#include "mm/slab.h"

#define MAX_CACHES 40

/* The bytes of an object that poison fills (mm/poison.h): all of its place but the redzone. */
static inline size_t filled_size(const struct kmem_cache *cache)
{
	return cache->size - KASAN_REDZONE;
}

/* Past the quarantine. */
void slab_free_now(struct kmem_cache *cache, void *obj);

/* The link of a free object; the object is memory of no type. */
static inline void **free_link(void *obj)
{
	return (void **)obj;
}

/* One object out of a slab; with `grow` a new slab is made when all are used up. Or NULL. */
void *slab_take_locked(struct kmem_cache *cache, bool grow);
void slab_give_locked(struct kmem_cache *cache, void *obj);
/* Gives empty slabs back to the page allocator, all but `keep` of them. */
void slab_trim_locked(struct kmem_cache *cache, u32 keep);

/* Panics unless `obj` is the start of an object of `cache`. Returns its slab's first page. */
struct page *slab_check_object(const struct kmem_cache *cache, const void *obj);
/* Panics unless the free object's poison is whole. */
void slab_check_poison(const struct kmem_cache *cache, const void *obj);

/* At the cache's creation: its magazines, and how much they hold. */
void magazine_setup(struct kmem_cache *cache);
/* Everything that this CPU's magazine and the depot hold goes back to the slabs. Preemption off. */
void magazine_drain_locked(struct kmem_cache *cache);

#endif
