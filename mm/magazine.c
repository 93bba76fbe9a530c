/*
 * Magazines: what stands in front of each cache on each CPU.
 *
 * A magazine is a stack of free objects that belongs to its CPU: preemption off is all the protection
 * it has. A full one gives half of its objects away, as one batch chained through their first words,
 * and an empty one takes such a batch: from hand to hand through the cache's depot, under the
 * cache's lock for a few instructions in a dozen calls. Only when the depot is full or empty are
 * objects put into the slabs or taken out one by one.
 */
#include "kernel/base/debug.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "mm/allocfail.h"
#include "mm/poison.h"
#include "mm/preempt_return.h"
#include "mm/slab_core.h"

#define MAGAZINE_SIZE   30
#define MAGAZINE_MEMORY 32768 /* bytes a magazine may hold back */
#define KEEP_EMPTY      1     /* slabs a cache keeps when they become empty */

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

void magazine_setup(struct kmem_cache *cache)
{
	cache->mag = &slab_cpu.mags[cache->id];
	if (!slab_debug)
		cache->mag_limit = (u8)MAX(4, MIN(MAGAZINE_SIZE, MAGAZINE_MEMORY / cache->size));
}

static __always_inline void *checked(const struct kmem_cache *cache, void *obj)
{
	if (DEBUG_KERNEL && obj)
		slab_check_poison(cache, obj);
	return kasan_slab_alloc(cache, obj, cache->object_size);
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

static u32 batch_size(const struct kmem_cache *cache)
{
	return cache->mag_limit / 2;
}

/* Chains half of a full magazine. Preemption off. */
static void *batch_out(const struct kmem_cache *cache, struct magazine *mag)
{
	void *batch = NULL;

	for (u32 i = 0; i < batch_size(cache); i++) {
		void *obj = mag->objs[mag->count - 1];

		WRITE_ONCE(mag->count, mag->count - 1);
		*free_link(obj) = batch;
		batch = obj;
	}
	return batch;
}

/* The first object of a batch, which it leaves. */
static void *batch_next(void **batch)
{
	void *obj = *batch;

	*batch = *free_link(obj);
	if (DEBUG_KERNEL)
		*free_link(obj) = (void *)POISON_WORD;
	return obj;
}

/* Puts a batch into an empty magazine, but for the object that it returns. Preemption off. */
static void *batch_in(struct magazine *mag, void *batch)
{
	void *obj = batch_next(&batch);

	while (batch) {
		mag->objs[mag->count] = batch_next(&batch);
		WRITE_ONCE(mag->count, mag->count + 1);
	}
	return obj;
}

static void batch_give_locked(struct kmem_cache *cache, void *batch)
{
	while (batch)
		slab_give_locked(cache, batch_next(&batch));
}

/* The slow half of an allocation: a batch, or one object and what else the slabs have anyway. */
static noinline void *magazine_refill(struct kmem_cache *cache)
{
	void *obj, *more, *batch = NULL;
	struct magazine *mag;

	spin_lock(&cache->lock);
	mag = own_magazine(cache);
	if (cache->nr_batches && !mag->count)
		batch = cache->depot[--cache->nr_batches];
	if (batch) {
		preempt_disable();
		spin_unlock(&cache->lock);
		obj = batch_in(mag, batch);
		preempt_enable();
		return obj;
	}
	obj = slab_take_locked(cache, true);
	while (obj && mag->count < mag->limit / 2) {
		more = slab_take_locked(cache, false);
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
		slab_give_locked(cache, mag->objs[mag->count]);
	}
}

/* The slow half of a free: half of the magazine goes to the depot. */
static noinline void magazine_spill(struct kmem_cache *cache, void *obj)
{
	struct magazine *mag;
	void *batch = NULL;

	preempt_disable();
	mag = own_magazine(cache);
	if (mag->limit && mag->count >= mag->limit)
		batch = batch_out(cache, mag);
	if (mag->count < mag->limit) {
		mag->objs[mag->count] = obj;
		WRITE_ONCE(mag->count, mag->count + 1);
		obj = NULL;
	}
	spin_lock(&cache->lock);
	if (batch && cache->nr_batches < DEPOT_BATCHES) {
		cache->depot[cache->nr_batches++] = batch;
	} else {
		batch_give_locked(cache, batch);
		if (obj)
			slab_give_locked(cache, obj);
		slab_trim_locked(cache, KEEP_EMPTY);
	}
	spin_unlock(&cache->lock);
	preempt_enable();
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
	if (unlikely(alloc_fail_armed))
		return get_with_faults(cache);
	return checked(cache, magazine_pop(cache));
}

void *kmem_cache_get_zeroed(struct kmem_cache *cache)
{
	void *obj = kmem_cache_get(cache);

	return obj ? memset(obj, 0, cache->object_size) : NULL;
}

/* Into the magazine. */
static __always_inline void magazine_push(struct kmem_cache *cache, void *obj)
{
	struct magazine *mag = cache->mag;
	u32 n;

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

void kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	if (DEBUG_KERNEL) {
		slab_check_object(cache, obj);
		kasan_slab_check_free(cache, obj);
		kasan_unpoison(obj, filled_size(cache));
		poison_fill(obj, filled_size(cache));
	}
	if (kasan_slab_free(&cache, &obj))
		magazine_push(cache, obj);
}

void slab_free_now(struct kmem_cache *cache, void *obj)
{
	magazine_push(cache, obj);
}

void magazine_drain_locked(struct kmem_cache *cache)
{
	magazine_flush_locked(cache, own_magazine(cache), 0);
	while (cache->nr_batches)
		batch_give_locked(cache, cache->depot[--cache->nr_batches]);
}

u64 kmem_cache_inuse(struct kmem_cache *cache)
{
	const struct slab_cpu *cpu;
	u64 n;

	spin_lock(&cache->lock);
	n = cache->taken - cache->nr_batches * batch_size(cache) - kasan_quarantined(cache);
	for (cpu = READ_ONCE(slab_cpus); cpu; cpu = cpu->next)
		n -= READ_ONCE(cpu->mags[cache->id].count);
	spin_unlock(&cache->lock);
	return n;
}
