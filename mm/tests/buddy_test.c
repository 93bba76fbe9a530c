/* host-test: mm/buddy.c mm/zone.c mm/allocfail.c mm/memblock.c mm/memmap.c tools/host/mm_host.c */
/*
 * The page allocator on a machine with holes, against a model that knows each page's owner. The
 * page array is garbage to begin with, and faults where no RAM is near.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/preempt.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/memblock.h"
#include "mm/memmap.h"
#include "tools/host/mm_host.h"

#define ARENA       GiB(5)
#define ARENA_PAGES (ARENA / PAGE_SIZE)
#define MAX_BLOCKS  20000

static struct boot_info info;
static u64 boot_free;

/* 0: not free at boot, 1: free, 2: handed out. */
static u8 *model;

struct block {
	struct page *page;
	unsigned int order;
};

static struct block blocks[MAX_BLOCKS];
static unsigned int nr_blocks;

/* What is free at boot, taken just before the allocator gets it. */
static void note_free(void)
{
	struct phys_range r;

	for (unsigned int i = 0; memblock_free(i, &r); i++)
		for (u64 p = r.start / PAGE_SIZE; p < r.end / PAGE_SIZE; p++)
			model[p] = 1;
}

static int boot(void **state)
{
	u64 counted = 0;

	mm_host_create(ARENA);
	model = calloc(ARENA_PAGES, 1);
	mm_host_add_range(&info, 0, 0x9fc00, BOOT_MEM_RAM);
	mm_host_add_range(&info, MiB(1), MiB(99) + 0x7000, BOOT_MEM_RAM);
	mm_host_add_range(&info, MiB(40) + 0x3000, 0x5000, BOOT_MEM_ACPI);
	mm_host_add_range(&info, MiB(300), 0x9000, BOOT_MEM_RAM); /* an island */
	mm_host_add_range(&info, GiB(4) + MiB(2), MiB(30), BOOT_MEM_RAM);
	info.nr_reserved = 1;
	info.reserved[0].start = MiB(2);
	info.reserved[0].size = MiB(5);
	mm_host_boot(&info);
	/* memblock's list is final once it is closed. */
	note_free();
	for (u64 p = 0; p < ARENA_PAGES; p++)
		counted += model[p] == 1;
	boot_free = nr_free_pages();
	assert_int_equal(boot_free, counted);
	assert_int_equal(nr_managed_pages(), counted);
	assert_true(boot_free * PAGE_SIZE > MiB(110));
	return 0;
}

static void test_array(void **state)
{
	/* Sections 0, 2 and 32 of 128 MiB have RAM. */
	assert_int_equal(mm_host_array_bytes, 3 * MiB(2));
	assert_true(pfn_has_page(0) && pfn_has_page(MiB(100) / PAGE_SIZE));
	assert_false(pfn_has_page(MiB(128) / PAGE_SIZE));
	assert_true(pfn_has_page(MiB(300) / PAGE_SIZE));
	assert_false(pfn_has_page(GiB(3) / PAGE_SIZE));
	assert_false(pfn_has_page(ARENA_PAGES * 1000));
	/* What is not free says that nobody owns it. */
	assert_int_equal(pfn_to_page(0)->state, 0);
	assert_int_equal(pfn_to_page(MiB(3) / PAGE_SIZE)->state, 0);
	assert_int_equal(pfn_to_page(MiB(127) / PAGE_SIZE)->state, 0);
	assert_int_equal(phys_to_page(MiB(301))->state, 0);
}

static void test_arithmetic(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	assert_non_null(page);
	assert_ptr_equal(virt_to_page(page_address(page)), page);
	assert_ptr_equal(virt_to_page((char *)page_address(page) + 4095), page);
	assert_ptr_equal(phys_to_page(page_to_phys(page)), page);
	assert_int_equal(page_to_phys(page), page_to_pfn(page) << 12);
	free_page(page);
}

static void take_block(struct page *page, unsigned int order)
{
	u64 pfn = page_to_pfn(page);

	assert_true(IS_ALIGNED(pfn, 1u << order));
	assert_int_equal(page->state, PAGE_STATE_OWNED(order));
	for (u64 p = pfn; p < pfn + (1u << order); p++) {
		assert_int_equal(model[p], 1);
		model[p] = 2;
	}
	for (unsigned int i = 1; i < 1u << order; i++)
		assert_int_equal(page[i].state, 0);
	assert_true(nr_blocks < MAX_BLOCKS);
	blocks[nr_blocks++] = (struct block){page, order};
}

static void give_block(unsigned int i)
{
	struct block b = blocks[i];
	u64 pfn = page_to_pfn(b.page);

	blocks[i] = blocks[--nr_blocks];
	for (u64 p = pfn; p < pfn + (1u << b.order); p++)
		model[p] = 1;
	/* An owner may leave anything but `state` behind. */
	memset(b.page->owner, 0xcc, sizeof(b.page->owner));
	free_pages(b.page, b.order);
}

static u64 owned_pages(void)
{
	u64 n = 0;

	for (unsigned int i = 0; i < nr_blocks; i++)
		n += 1u << blocks[i].order;
	return n;
}

static void give_all(void)
{
	while (nr_blocks)
		give_block(mm_host_below(nr_blocks));
	page_caches_drain();
	assert_int_equal(nr_free_pages(), boot_free);
	assert_int_equal(preempt_depth(), 0);
}

/* Mostly small blocks, as in life; the bias between taking and giving drifts, so that memory fills
 * and empties. */
static void test_random(void **state)
{
	for (u32 step = 0; step < 4000000; step++) {
		u32 bias = step / 200000 % 2 ? 45 : 55;

		if (mm_host_below(100) < bias && nr_blocks < MAX_BLOCKS) {
			u32 dice = mm_host_below(1000);
			unsigned int order = dice < 900   ? 0
					     : dice < 990 ? mm_host_below(4)
							  : mm_host_below(11);
			struct page *page = alloc_pages(order, GFP_KERNEL);

			if (page)
				take_block(page, order);
		} else if (nr_blocks) {
			give_block(mm_host_below(nr_blocks));
		}
		if (step % 50000 == 0) {
			assert_int_equal(nr_free_pages(), boot_free - owned_pages());
			assert_int_equal(preempt_depth(), 0);
		}
	}
	give_all();
}

/* The number of blocks of an order that can be taken at once. */
static unsigned int exhaust(unsigned int order)
{
	struct page *page;

	while ((page = alloc_pages(order, GFP_KERNEL)))
		take_block(page, order);
	return nr_blocks;
}

/* Aligned blocks of `order` that are free as a whole at boot: nothing may be lost to fragmentation.
 */
static unsigned int whole_blocks(unsigned int order)
{
	unsigned int n = 0;

	for (u64 p = 0; p < ARENA_PAGES; p += 1u << order) {
		bool whole = true;

		for (u64 q = p; whole && q < p + (1u << order); q++)
			whole = model[q] == 1;
		n += whole;
	}
	return n;
}

static void test_exhaust_each_order(void **state)
{
	for (unsigned int order = 2; order <= MAX_ORDER; order++) {
		unsigned int expected = whole_blocks(order);

		assert_int_equal(exhaust(order), expected);
		give_all();
	}
}

static void test_exhaust_single_pages(void **state)
{
	struct page *page, *all = NULL;
	u64 n = 0;

	while ((page = alloc_page(GFP_KERNEL))) {
		page->lru.next = (struct list_head *)all;
		all = page;
		n++;
	}
	assert_int_equal(n, boot_free);
	assert_int_equal(nr_free_pages(), 0);
	assert_null(alloc_pages(0, GFP_KERNEL));
	assert_null(alloc_pages(3, GFP_ZERO));
	for (; all; all = page) {
		page = (struct page *)all->lru.next;
		free_page(all);
	}
	give_all();
	assert_int_equal(exhaust(MAX_ORDER), whole_blocks(MAX_ORDER) + nr_blocks);
	give_all();
}

static void test_zeroed(void **state)
{
	for (unsigned int order = 0; order <= 4; order++) {
		size_t bytes = PAGE_SIZE << order;
		struct page *page = alloc_pages(order, GFP_KERNEL);

		memset(page_address(page), 0x5a, bytes);
		free_pages(page, order);
		page = alloc_pages(order, GFP_ZERO);
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(((u8 *)page_address(page))[i], 0);
		free_pages(page, order);
	}
}

static void test_references(void **state)
{
	u64 before = nr_free_pages();
	struct page *page = alloc_page(GFP_KERNEL);

	get_page(page);
	get_page(page);
	assert_int_equal(page->refcount, 3);
	put_page(page);
	put_page(page);
	assert_int_equal(nr_free_pages(), before - 1);
	put_page(page);
	assert_int_equal(nr_free_pages(), before);
	assert_int_equal(page->refcount, 0);
	EXPECT_PANIC("is free", get_page(page));
	WRITE_ONCE(page->refcount, 0); /* undoes what the failed get did */
	EXPECT_PANIC("put of a free page", put_page(page));
	WRITE_ONCE(page->refcount, 0);
}

static void test_bad_frees(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL), *block = alloc_pages(3, GFP_KERNEL);

	get_page(page);
	EXPECT_PANIC("refcount 2", free_page(page));
	put_page(page);
	page->type = PAGE_TABLE;
	EXPECT_PANIC("type", free_page(page));
	page->type = PAGE_NONE;
	free_page(page);
	EXPECT_PANIC("free of a page that is free", free_page(page));
	EXPECT_PANIC("freed as order 2", free_pages(block, 2));
	EXPECT_PANIC("freed as order 0", free_page(block));
	EXPECT_PANIC("free of a page that is free", free_page(block + 1));
	free_pages(block, 3);
	EXPECT_PANIC("free of a page that is free", free_pages(block, 3));
	EXPECT_PANIC("order 11", alloc_pages(11, GFP_KERNEL));
	EXPECT_PANIC("not a struct page", free_pages(pfn_to_page(ARENA_PAGES * 2), 1));
	EXPECT_PANIC("not a struct page", free_pages((struct page *)((char *)block + 8), 1));
	EXPECT_PANIC("free of a page that is free", free_page(pfn_to_page(3)));
	give_all();
}

static void test_injected_faults(void **state)
{
	struct page *page;

	alloc_fail_nth(3);
	for (int i = 1; i <= 6; i++) {
		page = alloc_pages(i == 3 || i == 5 ? 1 : 0, i & 1 ? GFP_ZERO : GFP_KERNEL);
		assert_int_equal(page == NULL, i == 3);
		if (page)
			free_pages(page, i == 5 ? 1 : 0);
	}
	assert_int_equal(alloc_fail_left(), 0);
	give_all();
}

/* Free, then allocate, around an empty and around a full cache: pages stay where they belong. */
static void test_cache_edges(void **state)
{
	static struct page *pages[400];

	for (int i = 0; i < 400; i++)
		pages[i] = alloc_page(GFP_KERNEL);
	page_caches_drain();
	for (int round = 0; round < 3; round++) {
		u64 before = nr_free_pages();

		for (int i = 0; i < 400; i++) {
			free_page(pages[i]);
			assert_int_equal(nr_free_pages(), before + 1 + i);
		}
		for (int i = 0; i < 400; i++)
			pages[i] = alloc_page(GFP_KERNEL);
		assert_int_equal(nr_free_pages(), before);
	}
	for (int i = 0; i < 400; i++)
		free_page(pages[i]);
	give_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_exhaust_each_order),
		cmocka_unit_test(test_exhaust_single_pages),
		cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_bad_frees),
		cmocka_unit_test(test_injected_faults),
		cmocka_unit_test(test_cache_edges),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
