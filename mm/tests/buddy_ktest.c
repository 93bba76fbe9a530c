/*
 * The page allocator in the running kernel: all CPUs take and give blocks of all orders at once and
 * free each other's; no page ever has two owners and none is lost. Memory that has run out is said
 * so and comes back whole.
 *
 * The host test (buddy_test.c) covers one CPU and bad frees.
 */
#include "mm/allocfail.h"
#include "mm/buddy.h"

#include "arch/smp.h"
#include "kernel/base/ktest.h"
#include "kernel/base/preempt.h"
#include "mm/tests/check_ktest.h"

/* In the first words of each page of a block while somebody has it. */
struct stamp {
	u64 cookie;
	u64 order;
};

static struct stamp *stamp_of(struct page *page)
{
	return page_address(page);
}

static void stamp_block(struct page *page, unsigned int order, u64 cookie)
{
	for (unsigned int i = 0; i < 1u << order; i++)
		*stamp_of(page + i) = (struct stamp){cookie + i, order};
}

/* Frees a block of anybody's, which nobody may have written to meanwhile. */
static void check_and_free(struct page *page)
{
	unsigned int order = (unsigned int)stamp_of(page)->order;
	u64 cookie = stamp_of(page)->cookie;

	KTEST_EXPECT(order <= MAX_ORDER);
	KTEST_EXPECT(IS_ALIGNED(page_to_pfn(page), 1u << order));
	for (unsigned int i = 0; i < 1u << order; i++) {
		KTEST_EXPECT_EQ(stamp_of(page + i)->cookie, cookie + i);
		stamp_of(page + i)->cookie = 0;
	}
	free_pages(page, order);
}

/* Mostly single pages, as in life. */
static unsigned int random_order(u64 r)
{
	return r % 4 ? 0 : (unsigned int)(r >> 8) % 6;
}

static void exchange_blocks(u64 *random)
{
	for (unsigned int i = 0; i < 400; i++) {
		u64 r = next_random(random);
		unsigned int order = random_order(r >> 16);
		struct page *page = r % 8 ? alloc_pages(order, GFP_KERNEL) : NULL;

		if (page)
			stamp_block(page, order, next_random(random));
		page = exchange((unsigned int)(r >> 32), page);
		if (page)
			check_and_free(page);
	}
}

static void empty_boxes(void)
{
	for (unsigned int i = 0; i < NR_BOXES; i++) {
		struct page *page = exchange(i, NULL);

		if (page)
			check_and_free(page);
	}
}

KTEST(buddy, all_cpus_exchange_blocks)
{
	u64 before = drained_pages();

	on_all_cpus(exchange_blocks);
	empty_boxes();
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/* Free pages are counted wherever they are: no drain. */
KTEST(buddy, counts_include_the_caches)
{
	struct page *pages[200];
	u64 before = drained_pages();

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		KTEST_EXPECT(pages[i]);
		KTEST_EXPECT_EQ(nr_free_pages(), before - i - 1);
	}
	for (size_t i = ARRAY_SIZE(pages); i-- > 0;) {
		free_page(pages[i]);
		KTEST_EXPECT_EQ(nr_free_pages(), before - i);
	}
	KTEST_EXPECT(before <= nr_managed_pages());
}

/* Everything there is, largest blocks first, chained through the owner's list head. */
static void take_all(struct list_head *taken)
{
	for (int order = MAX_ORDER; order >= 0; order--) {
		struct page *page;

		while ((page = alloc_pages((unsigned int)order, GFP_KERNEL)) != NULL) {
			KTEST_EXPECT_EQ(page->refcount, 1);
			KTEST_EXPECT_EQ(page->order, order);
			list_add(&page->lru, taken);
		}
	}
}

KTEST(buddy, runs_out_and_recovers)
{
	struct list_head taken = LIST_HEAD_INIT(taken);
	struct page *page, *next;
	u64 before, blocks = 0, again = 0;

	if (nr_managed_pages() > GiB(4) / PAGE_SIZE)
		KTEST_SKIP("too much memory to take it all");
	before = drained_pages();
	for (unsigned int round = 0; round < 2; round++) {
		/* On one CPU: what its cache holds would be stranded by a migration. */
		preempt_disable();
		take_all(&taken);
		KTEST_EXPECT_EQ(nr_free_pages(), 0);
		KTEST_EXPECT(!alloc_page(GFP_KERNEL) && !alloc_page(GFP_ZERO));
		again = 0;
		list_for_each_entry_safe (page, next, &taken, lru) {
			again++;
			free_pages(page, page->order);
		}
		preempt_enable();
		list_init(&taken);
		KTEST_EXPECT_EQ(drained_pages(), before);
		/* Merged again: as few blocks as the first time. */
		if (round > 0)
			KTEST_EXPECT_EQ(again, blocks);
		blocks = again;
	}
}

KTEST(buddy, zeroed_when_asked)
{
	for (unsigned int order = 0; order < 4; order++) {
		size_t words = (PAGE_SIZE << order) / sizeof(u64);
		struct page *page = alloc_pages(order, GFP_KERNEL);
		u64 sum = 0;

		KTEST_EXPECT(page);
		if (!page)
			continue;
		for (size_t i = 0; i < words; i++)
			((u64 *)page_address(page))[i] = ~0UL;
		free_pages(page, order);
		page = alloc_pages(order, GFP_ZERO);
		KTEST_EXPECT(page);
		if (!page)
			continue;
		for (size_t i = 0; i < words; i++)
			sum |= ((u64 *)page_address(page))[i];
		KTEST_EXPECT_EQ(sum, 0);
		free_pages(page, order);
	}
}

KTEST(buddy, just_the_nth_allocation_fails)
{
	struct page *pages[6];
	u64 before = drained_pages();

	for (unsigned int order = 0; order < 2; order++) {
		for (unsigned int nth = 1; nth <= ARRAY_SIZE(pages); nth++) {
			alloc_fail_nth(nth);
			for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++) {
				pages[i] = alloc_pages(order, GFP_KERNEL);
				KTEST_EXPECT_EQ(!pages[i], i + 1 == nth);
			}
			KTEST_EXPECT_EQ(alloc_fail_left(), 0);
			for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
				if (pages[i])
					free_pages(pages[i], order);
		}
	}
	KTEST_EXPECT_EQ(drained_pages(), before);
}
