/*
 * The object allocator in the running kernel: all CPUs allocate and free objects of all sizes at
 * once, most of them on another CPU than they came from; no two live objects overlap, none is lost,
 * and drained caches have given every page back.
 *
 * The host test (slab_test.c) covers one CPU, slab_debug and bad frees.
 */
#include "mm/slab.h"

#include "kernel/base/ktest.h"
#include "kernel/base/string.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/tests/check_ktest.h"

/* Opens an object; the rest of it is filled with `fill`. */
struct object {
	u32 size;
	u8 fill;
};

static struct object *make_object(u64 r)
{
	/* Small ones mostly; some beyond the slab sizes. */
	size_t size = sizeof(struct object) + (r % 16 ? r % 500 : r % 20000);
	struct object *o = kmalloc(size, GFP_KERNEL);

	if (!o)
		return NULL;
	KTEST_EXPECT(IS_ALIGNED((unsigned long)o, 16));
	memset(o, (u8)(r >> 40), size);
	o->size = (u32)size;
	o->fill = (u8)(r >> 40);
	return o;
}

static void check_and_free(struct object *o)
{
	const u8 *bytes = (const u8 *)o;
	u32 bad = 0;

	for (u32 i = sizeof(*o); i < o->size; i++)
		bad += bytes[i] != o->fill;
	KTEST_EXPECT_EQ(bad, 0);
	kfree(o);
}

static void exchange_objects(u64 *random)
{
	for (unsigned int i = 0; i < 600; i++) {
		u64 r = next_random(random);
		struct object *o = r % 8 ? make_object(r >> 3) : NULL;

		o = exchange((unsigned int)next_random(random), o);
		if (o)
			check_and_free(o);
	}
}

static void empty_boxes(void)
{
	for (unsigned int i = 0; i < NR_BOXES; i++) {
		struct object *o = exchange(i, NULL);

		if (o)
			check_and_free(o);
	}
}

KTEST(slab, all_cpus_exchange_objects)
{
	u64 before = drained_pages(), inuse[KMALLOC_CACHES];

	for (unsigned int i = 0; i < KMALLOC_CACHES; i++)
		inuse[i] = kmem_cache_inuse(kmalloc_caches[i]);
	on_all_cpus(exchange_objects);
	empty_boxes();
	for (unsigned int i = 0; i < KMALLOC_CACHES; i++)
		KTEST_EXPECT_EQ(kmem_cache_inuse(kmalloc_caches[i]), inuse[i]);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* Caches live for ever: one for all runs. */
static struct kmem_cache *test_cache(void)
{
	static struct kmem_cache *cache;

	if (!cache)
		cache = kmem_cache_create("ktest", 72, 8, 0);
	return cache;
}

KTEST(slab, objects_are_apart)
{
	enum { OBJECTS = 1000 };
	static u64 *objects[OBJECTS];
	struct kmem_cache *cache = test_cache();
	u64 before = drained_pages();

	KTEST_EXPECT(cache);
	if (!cache)
		return;
	for (u64 i = 0; i < OBJECTS; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_ZERO);
		KTEST_EXPECT(objects[i]);
		if (!objects[i])
			return;
		for (unsigned int w = 0; w < 9; w++) {
			KTEST_EXPECT_EQ(objects[i][w], 0);
			objects[i][w] = i << 8 | w;
		}
	}
	KTEST_EXPECT_EQ(kmem_cache_inuse(cache), OBJECTS);
	/* They are made of pages. */
	KTEST_EXPECT(before - nr_free_pages() >= OBJECTS * 72 / PAGE_SIZE);
	for (u64 i = 0; i < OBJECTS; i++) {
		for (unsigned int w = 0; w < 9; w++)
			KTEST_EXPECT_EQ(objects[i][w], i << 8 | w);
		kmem_cache_free(cache, objects[i]);
	}
	KTEST_EXPECT_EQ(kmem_cache_inuse(cache), 0);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(slab, sizes_and_alignment)
{
	u64 before = drained_pages();
	void *last = NULL;

	for (size_t size = 1; size <= 3 * KMALLOC_SLAB_MAX; size += size < 300 ? 1 : 97) {
		char *p = kmalloc(size, GFP_ZERO);

		KTEST_EXPECT(p && p != last);
		if (!p)
			return;
		KTEST_EXPECT(IS_ALIGNED((unsigned long)p, 16));
		if ((size & (size - 1)) == 0)
			KTEST_EXPECT(IS_ALIGNED((unsigned long)p, MIN(size, PAGE_SIZE)));
		if (size <= KMALLOC_SLAB_MAX)
			KTEST_EXPECT(kmalloc_caches[kmalloc_index(size)]->object_size >= size);
		KTEST_EXPECT(p[0] == 0 && p[size - 1] == 0);
		p[size - 1] = 1;
		kfree(last);
		last = p;
	}
	kfree(last);
	kfree(NULL);
	KTEST_EXPECT(!kmalloc(MiB(4) + 1, GFP_KERNEL));
	KTEST_EXPECT(!kmalloc(~0UL, GFP_KERNEL));
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* The object itself, then the slab behind an empty magazine. */
KTEST(slab, failed_allocations)
{
	struct kmem_cache *cache = test_cache();
	u64 before = drained_pages();
	void *o;

	for (long nth = 1; nth <= 2; nth++) {
		alloc_fail_nth(nth);
		KTEST_EXPECT(!kmem_cache_alloc(cache, GFP_KERNEL));
		KTEST_EXPECT_EQ(alloc_fail_left(), 0);
		KTEST_EXPECT_EQ(kmem_cache_inuse(cache), 0);
		KTEST_EXPECT_EQ(nr_free_pages(), before);
	}
	alloc_fail_nth(3);
	o = kmem_cache_alloc(cache, GFP_KERNEL);
	KTEST_EXPECT(o);
	KTEST_EXPECT_EQ(alloc_fail_left(), 1);
	alloc_fail_nth(0);
	if (o)
		kmem_cache_free(cache, o);
	KTEST_EXPECT_EQ(drained_pages(), before);
}
