/* host-test: mm/slab.c mm/magazine.c mm/poison.c mm/buddy.c mm/zone.c mm/allocfail.c
 * mm/memblock.c mm/memmap.c tools/host/mm_host.c */
/*
 * Objects against a model: each live object is filled with its own number, so that two owners of
 * one byte show when the second of them is freed. Pages are counted before and after.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/preempt.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/slab.h"
#include "tools/host/mm_host.h"

#define ARENA       MiB(28)
#define MAX_OBJECTS 30000

static struct boot_info info;
static u64 boot_free;

struct object {
	u8 *mem;
	u32 size;
	u32 tag;
	struct kmem_cache *cache; /* NULL: kmalloc */
};

static struct object objects[MAX_OBJECTS];
static unsigned int nr_objects;

static int boot(void **state)
{
	mm_host_create(ARENA);
	mm_host_add_range(&info, 0, ARENA, BOOT_MEM_RAM);
	mm_host_boot(&info);
	slab_init();
	boot_free = nr_free_pages();
	return 0;
}

static void drain(void)
{
	kmem_cache_drain_cpu();
	page_caches_drain();
	assert_int_equal(preempt_depth(), 0);
}

static void assert_all_free(void)
{
	drain();
	assert_int_equal(slab_report(), 0);
	assert_int_equal(nr_free_pages(), boot_free);
}

static void keep(void *mem, u32 size, struct kmem_cache *cache)
{
	static u32 tag;

	tag++;
	memset(mem, (int)tag, size);
	if (size >= 8) {
		memcpy(mem, &tag, 4);
		memcpy((u8 *)mem + size - 4, &tag, 4);
	}
	objects[nr_objects++] = (struct object){mem, size, tag, cache};
}

static void check(const struct object *o)
{
	u32 edge = o->size >= 8 ? 4 : 0, wrong = 0;

	for (u32 i = edge; i < o->size - edge; i++)
		wrong += o->mem[i] != (u8)o->tag;
	assert_int_equal(wrong, 0);
	if (edge) {
		assert_memory_equal(o->mem, &o->tag, 4);
		assert_memory_equal(o->mem + o->size - 4, &o->tag, 4);
	}
}

static void drop(unsigned int i)
{
	struct object o = objects[i];

	objects[i] = objects[--nr_objects];
	check(&o);
	if (o.cache)
		kmem_cache_free(o.cache, o.mem);
	else
		kfree(o.mem);
}

static void drop_all(void)
{
	while (nr_objects)
		drop(mm_host_below(nr_objects));
}

static void test_sizes(void **state)
{
	static const u32 limits[KMALLOC_CACHES] = {16,  32,  64,   96,   128,  192,
						   256, 512, 1024, 2048, 4096, 8192};

	for (u32 size = 1, i = 0; size <= KMALLOC_SLAB_MAX; size++) {
		i += size > limits[i];
		assert_int_equal(kmalloc_index(size), i);
		assert_int_equal(kmalloc_caches[i]->object_size, limits[i]);
	}
	for (unsigned int shift = 4; shift <= 13; shift++) {
		void *mem = kmalloc(1u << shift, GFP_KERNEL);

		assert_true(IS_ALIGNED((unsigned long)mem, MIN(1ul << shift, PAGE_SIZE)));
		kfree(mem);
	}
	kfree(NULL);
	assert_all_free();
}

static u32 random_size(void)
{
	u32 dice = mm_host_below(100);

	if (dice < 70)
		return 1 + mm_host_below(256);
	if (dice < 99)
		return 1 + mm_host_below(8192);
	return 1 + mm_host_below(100000);
}

static void test_random_kmalloc(void **state)
{
	for (u32 step = 0; step < 1000000; step++) {
		u32 bias = step / 100000 % 2 ? 44 : 56;

		if (mm_host_below(100) < bias && nr_objects < MAX_OBJECTS) {
			u32 size = random_size();
			void *mem = kmalloc(size, GFP_KERNEL);

			if (mem) {
				assert_true(IS_ALIGNED((unsigned long)mem, 16));
				keep(mem, size, NULL);
			}
		} else if (nr_objects) {
			drop(mm_host_below(nr_objects));
		}
		if (step % 77777 == 0)
			drain();
	}
	drop_all();
	assert_all_free();
}

/* Odd sizes and alignments, each cache with its own stream. */
static void test_random_caches(void **state)
{
	static const struct {
		u32 size, align;
	} kinds[] = {{1, 0},    {24, 0},    {40, 64},  {72, 8},      {200, 0},
		     {520, 64}, {1000, 16}, {3000, 0}, {4096, 4096}, {8192, 64}};
	struct kmem_cache *cache[ARRAY_SIZE(kinds)];
	u64 live[ARRAY_SIZE(kinds)] = {0};

	for (unsigned int k = 0; k < ARRAY_SIZE(kinds); k++)
		cache[k] = kmem_cache_create("test", kinds[k].size, kinds[k].align, SLAB_PANIC);
	for (u32 step = 0; step < 1500000; step++) {
		unsigned int k = mm_host_below(ARRAY_SIZE(kinds));

		if (mm_host_below(100) < (step / 50000 % 2 ? 40 : 60) && nr_objects < 8000) {
			void *mem = kmem_cache_alloc(cache[k], GFP_KERNEL);

			if (!mem)
				continue;
			assert_true(IS_ALIGNED((unsigned long)mem, MAX(kinds[k].align, 8)));
			keep(mem, kinds[k].size, cache[k]);
		} else if (nr_objects) {
			drop(mm_host_below(nr_objects));
		}
		if (step % 100000 == 0) {
			memset(live, 0, sizeof(live));
			for (unsigned int i = 0; i < nr_objects; i++)
				for (k = 0; k < ARRAY_SIZE(kinds); k++)
					live[k] += objects[i].cache == cache[k];
			for (k = 0; k < ARRAY_SIZE(kinds); k++)
				assert_int_equal(kmem_cache_inuse(cache[k]), live[k]);
		}
	}
	drop_all();
	assert_all_free();
}

static void test_zeroed(void **state)
{
	for (u32 size = 1; size <= 20000; size += 1 + size / 3) {
		u8 *mem = kmalloc(size, GFP_KERNEL);

		memset(mem, 0xff, size);
		kfree(mem);
		mem = kzalloc(size);
		for (u32 i = 0; i < size; i++)
			assert_int_equal(mem[i], 0);
		kfree(mem);
	}
	assert_all_free();
}

static void test_exhaustion(void **state)
{
	struct kmem_cache *cache = kmalloc_caches[kmalloc_index(1024)];
	void *mem;
	u64 n = 0;

	while ((mem = kmalloc(1024, GFP_KERNEL))) {
		assert_true(nr_objects < MAX_OBJECTS);
		keep(mem, 1024, NULL);
		n++;
	}
	/* Every page, but for the ends of memory that hold no whole slab, is objects now. */
	assert_in_range(nr_free_pages() << PAGE_SHIFT, 0, (PAGE_SIZE << cache->order) * 4);
	assert_int_equal(kmem_cache_inuse(cache), n);
	assert_true(slab_report() == n);
	drop_all();
	drain(); /* what the magazine holds lies anywhere */
	assert_null(kmalloc(MiB(4) + 1, GFP_KERNEL));
	assert_null(kmalloc(~0ul, GFP_KERNEL));
	mem = kmalloc(MiB(4), GFP_KERNEL);
	assert_non_null(mem);
	kfree(mem);
	assert_all_free();
}

/* One object more or less than a magazine holds, over and over. */
static void test_magazine_edges(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("edges", 64, 0, SLAB_PANIC);

	for (unsigned int n = 1; n < 130; n++)
		for (int round = 0; round < 3; round++) {
			for (unsigned int i = 0; i < n; i++)
				keep(kmem_cache_alloc(cache, GFP_ZERO), 64, cache);
			assert_int_equal(kmem_cache_inuse(cache), n);
			drop_all();
			assert_int_equal(kmem_cache_inuse(cache), 0);
		}
	assert_all_free();
}

static void test_injected_faults(void **state)
{
	void *a, *b;

	/* A refill is an allocation of its own: have the slab beforehand. */
	kfree(kmalloc(40, GFP_KERNEL));
	alloc_fail_nth(2);
	a = kmalloc(40, GFP_KERNEL);
	b = kzalloc(40);
	assert_non_null(a);
	assert_null(b);
	assert_int_equal(alloc_fail_left(), 0);
	kfree(a);
	drain();
	alloc_fail_nth(2); /* the object, then its slab's page */
	assert_null(kmalloc(40, GFP_KERNEL));
	assert_int_equal(alloc_fail_left(), 0);
	assert_all_free();
}

static void test_bad_frees(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	void *mem = kmalloc(20000, GFP_KERNEL);

	EXPECT_PANIC("kfree of", kfree(page_address(page)));
	free_page(page);
	EXPECT_PANIC("kfree of", kfree((char *)mem + 4096));
	kfree(mem);
	EXPECT_PANIC("kfree of", kfree(mem));
	EXPECT_PANIC("size", kmem_cache_create("none", 0, 0, 0));
	EXPECT_PANIC("align", kmem_cache_create("odd", 8, 24, 0));
	assert_all_free();
}

/* A cache whose panicking test leaves its lock held is of no use any more: one for each. */
static void test_debugging(void **state)
{
	struct kmem_cache *a, *b, *c, *d;
	u8 *mem, *other;

	slab_debug = true;
	a = kmem_cache_create("debug-a", 48, 0, SLAB_PANIC);
	b = kmem_cache_create("debug-b", 48, 0, SLAB_PANIC);
	c = kmem_cache_create("debug-c", 48, 0, SLAB_PANIC);
	d = kmem_cache_create("debug-d", 48, 0, SLAB_PANIC);

	for (int i = 0; i < 1000; i++)
		keep(kmem_cache_alloc(a, GFP_KERNEL), 48, a);
	drop_all();
	assert_int_equal(kmem_cache_inuse(a), 0);

	mem = kmem_cache_alloc(a, GFP_KERNEL);
	other = kmem_cache_alloc(a, GFP_KERNEL);
	kmem_cache_free(a, mem);
	EXPECT_PANIC("double free", kmem_cache_free(a, mem));
	(void)other;

	mem = kmem_cache_alloc(b, GFP_KERNEL);
	other = kmem_cache_alloc(b, GFP_KERNEL);
	kmem_cache_free(b, mem);
	mem[20] = 1;
	EXPECT_PANIC("written to after its free: byte 20", kmem_cache_alloc(b, GFP_KERNEL));

	mem = kmem_cache_alloc(c, GFP_KERNEL);
	EXPECT_PANIC("not the start of an object", kmem_cache_free(c, mem + 8));

	mem = kmem_cache_alloc(d, GFP_KERNEL);
	EXPECT_PANIC("which belongs to debug-d", kmem_cache_free(kmalloc_caches[1], mem);
		     kmem_cache_drain_cpu());
}

static void test_too_many_caches(void **state)
{
	while (kmem_cache_create("many", 8, 0, 0))
		;
	EXPECT_PANIC("no room for cache last", kmem_cache_create("last", 8, 0, SLAB_PANIC));
}

int main(void)
{
	/* The last two leave the allocator unusable. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),           cmocka_unit_test(test_random_kmalloc),
		cmocka_unit_test(test_random_caches),   cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_exhaustion),      cmocka_unit_test(test_magazine_edges),
		cmocka_unit_test(test_injected_faults), cmocka_unit_test(test_bad_frees),
		cmocka_unit_test(test_debugging),       cmocka_unit_test(test_too_many_caches),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
