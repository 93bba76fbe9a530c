/*
 * host-test: mm/slab.c mm/magazine.c mm/poison.c mm/buddy.c mm/zone.c mm/allocfail.c mm/memblock.c
 * mm/memmap.c tools/host/mm_host.c kernel/base/lockdep.c kernel/base/lockgraph.c
 * kernel/base/contextcheck.c
 * cflags: -DDEBUG_KERNEL=1
 */
/*
 * The allocators of a debug build: what is freed is filled with poison, and a write after the free
 * ends in a panic when the memory is allocated again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/rcu.h"
#include "mm/buddy.h"
#include "mm/poison.h"
#include "mm/slab.h"
#include "tools/host/mm_host.h"

/* For the checkers of a debug build. */
struct rcu_reader *rcu_current_reader(void)
{
	static struct rcu_reader nobody;

	return &nobody;
}

static int boot(void **state)
{
	static struct boot_info info;

	mm_host_create(GiB(1));
	mm_host_add_range(&info, MiB(1), MiB(99), BOOT_MEM_RAM);
	mm_host_boot(&info);
	slab_init();
	return 0;
}

static void freed_pages_are_poisoned(void **state)
{
	for (unsigned int order = 0; order < 3; order++) {
		struct page *page = alloc_pages(order, GFP_ZERO);
		u8 *bytes = page_address(page);

		assert_true(bytes[0] == 0 && bytes[(PAGE_SIZE << order) - 1] == 0);
		free_pages(page, order);
		assert_int_equal(poison_intact(bytes, PAGE_SIZE << order), PAGE_SIZE << order);
		/* The same block again, and now nobody complains of what its owner writes. */
		assert_ptr_equal(alloc_pages(order, GFP_KERNEL), page);
		memset(bytes, 0, PAGE_SIZE << order);
		free_pages(page, order);
	}
}

static void write_to_a_free_page(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u8 *bytes = page_address(page);

	free_page(page);
	bytes[4095] = 0x11;
	EXPECT_PANIC("written to after its free: byte 4095 is 0x11", alloc_page(GFP_KERNEL));
	page = alloc_page(GFP_ZERO);
	bytes = page_address(page);
	free_page(page);
	bytes[0] = 0x22;
	EXPECT_PANIC("written to after its free: byte 0 is 0x22", alloc_page(GFP_ZERO));
}

static void write_to_a_free_block(void **state)
{
	struct page *page = alloc_pages(2, GFP_KERNEL);
	u8 *bytes = page_address(page);

	free_pages(page, 2);
	bytes[2 * PAGE_SIZE + 5] = 0;
	EXPECT_PANIC("written to after its free: byte 5 is 0", alloc_pages(2, GFP_KERNEL));
}

/* Freed pages merge with memory that nobody has owned yet: that one is not looked at. */
static void only_what_was_freed_is_checked(void **state)
{
	struct page *page = alloc_pages(MAX_ORDER, GFP_KERNEL);

	assert_non_null(page);
	memset(page_address(page + 1), 0x33, PAGE_SIZE);
	free_pages(page, MAX_ORDER);
	page = alloc_pages(MAX_ORDER, GFP_KERNEL);
	assert_non_null(page);
	for (int i = 0; i < 1 << MAX_ORDER; i++)
		assert_int_equal(page[i].poisoned, 0);
	free_pages(page, MAX_ORDER);
}

static void freed_objects_are_poisoned(void **state)
{
	static const size_t sizes[] = {8, 24, 72, 500, 4096};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct kmem_cache *cache = kmem_cache_create("good", sizes[i], 0, SLAB_PANIC);
		u8 *objs[100];

		for (int round = 0; round < 3; round++) {
			for (size_t k = 0; k < ARRAY_SIZE(objs); k++) {
				objs[k] = kmem_cache_alloc(cache, round ? GFP_ZERO : GFP_KERNEL);
				assert_non_null(objs[k]);
			}
			for (size_t k = 0; k < ARRAY_SIZE(objs); k++) {
				memset(objs[k], (int)k, sizes[i]);
				kmem_cache_free(cache, objs[k]);
			}
			/* The last one is in the magazine, as a whole. */
			assert_int_equal(poison_intact(objs[99], sizes[i]), sizes[i]);
			if (round == 1)
				kmem_cache_drain_cpu();
		}
		assert_int_equal(kmem_cache_inuse(cache), 0);
	}
}

static void write_to_a_free_object(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("bad", 64, 0, SLAB_PANIC);

	for (unsigned int at = 0; at < 64; at += 9) {
		u8 *obj = kmem_cache_alloc(cache, GFP_KERNEL);
		char text[64];

		kmem_cache_free(cache, obj);
		obj[at] = 0x44;
		snprintf(text, sizeof(text), "written to after its free: byte %u is 0x44", at);
		EXPECT_PANIC(text, kmem_cache_alloc(cache, GFP_KERNEL));
	}
}

static void bad_free_is_told_before_anything_is_written(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("start", 64, 0, SLAB_PANIC);
	u8 *obj = kmem_cache_alloc(cache, GFP_ZERO);

	EXPECT_PANIC("not the start of an object", kmem_cache_free(cache, obj + 8));
	for (int i = 0; i < 64; i++)
		assert_int_equal(obj[i], 0);
	kmem_cache_free(cache, obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freed_pages_are_poisoned),
		cmocka_unit_test(write_to_a_free_page),
		cmocka_unit_test(write_to_a_free_block),
		cmocka_unit_test(only_what_was_freed_is_checked),
		cmocka_unit_test(freed_objects_are_poisoned),
		cmocka_unit_test(write_to_a_free_object),
		cmocka_unit_test(bad_free_is_told_before_anything_is_written),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
