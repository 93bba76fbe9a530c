/*
 * vmalloc in the running kernel: all CPUs make, hand on and free ranges at once, and find in them
 * what was written; a freed range is unmapped at once, its pages and its addresses come back only
 * after the flush that vmalloc_purge() makes.
 *
 * The host test (vmalloc_test.c) covers placement and slots.
 */
#include "mm/vmalloc.h"

#include "arch/mmu.h"
#include "arch/smp.h"
#include "kernel/base/ktest.h"
#include "mm/allocfail.h"
#include "mm/buddy.h"
#include "mm/pgtable.h"
#include "mm/tests/check_ktest.h"
#include "mm/tlb.h"

static pte_t kernel_entry(const void *va)
{
	pte_t *entry = pt_walk(swapper_pg_dir, (unsigned long)va, 1, false);

	return entry ? *entry : 0;
}

/* First words of every page of a range. */
struct stamp {
	u64 cookie;
	u32 pages;
};

#define WORDS_A_PAGE (PAGE_SIZE / sizeof(struct stamp))

static struct stamp *make_range(u64 r)
{
	u32 pages = 1 + r % 7;
	struct stamp *range = vmalloc(pages * PAGE_SIZE - r % 100);

	for (u32 i = 0; range && i < pages; i++)
		range[i * WORDS_A_PAGE] = (struct stamp){(r >> 8) + i, pages};
	return range;
}

static void check_and_free(struct stamp *range)
{
	u64 cookie = range->cookie;
	u32 pages = range->pages;

	for (u32 i = 0; i < pages; i++) {
		KTEST_EXPECT_EQ(range[i * WORDS_A_PAGE].cookie, cookie + i);
		KTEST_EXPECT_EQ(range[i * WORDS_A_PAGE].pages, pages);
	}
	vfree(range);
}

static void exchange_ranges(u64 *random)
{
	/* A flush costs an interrupt for each CPU: less work for each when there are many. */
	for (unsigned int i = 0; i < MAX(25, 600 / cpus_online()); i++) {
		u64 r = next_random(random);
		struct stamp *range = r % 8 ? make_range(r >> 3) : NULL;

		range = exchange((unsigned int)next_random(random), range);
		if (range)
			check_and_free(range);
		if (r % 64 == 1)
			vmalloc_purge();
	}
}

static void empty_boxes(void)
{
	for (unsigned int i = 0; i < NR_BOXES; i++) {
		struct stamp *range = exchange(i, NULL);

		if (range)
			check_and_free(range);
	}
}

/* Maps what the tests below can reach, so that its page tables, which stay (I20), are there. */
static u64 pages_with_tables_present(void)
{
	void *p = vmalloc(MiB(32));

	KTEST_EXPECT(p);
	vfree(p);
	return drained_pages();
}

KTEST(vmalloc, all_cpus_exchange_ranges)
{
	u64 before = pages_with_tables_present(), bytes = vmalloc_bytes();

	on_all_cpus(exchange_ranges);
	empty_boxes();
	KTEST_EXPECT_EQ(vmalloc_bytes(), bytes);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

KTEST(vmalloc, freed_ranges_wait_for_the_flush)
{
	u64 before = pages_with_tables_present();
	char *first = vmalloc(3 * PAGE_SIZE), *second;
	phys_addr_t pages[3];
	u64 held;

	KTEST_EXPECT(first);
	if (!first)
		return;
	for (unsigned int i = 0; i < 3; i++)
		pages[i] = pte_phys(kernel_entry(first + i * PAGE_SIZE));
	held = nr_free_pages();
	vfree(first);
	/* Out of reach at once, but nobody else's yet. */
	for (unsigned int i = 0; i < 3; i++) {
		KTEST_EXPECT_EQ(kernel_entry(first + i * PAGE_SIZE), 0);
		KTEST_EXPECT_EQ(phys_to_page(pages[i])->refcount, 1);
	}
	KTEST_EXPECT_EQ(nr_free_pages(), held);
	second = vmalloc(3 * PAGE_SIZE);
	KTEST_EXPECT(second &&
		     (second >= first + 4 * PAGE_SIZE || second + 4 * PAGE_SIZE <= first));
	vfree(second);
	vmalloc_purge();
	for (unsigned int i = 0; i < 3; i++)
		KTEST_EXPECT_EQ(phys_to_page(pages[i])->refcount, 0);
	second = vmalloc(3 * PAGE_SIZE);
	KTEST_EXPECT_EQ(second, first);
	vfree(second);
	KTEST_EXPECT_EQ(drained_pages(), before);
}

#define MANY 64 /* as many as make a flush due (vmalloc.c) */

KTEST(vmalloc, many_frees_share_a_flush)
{
	void *ranges[MANY];
	struct tlb_stats before, after;

	for (unsigned int i = 0; i < MANY; i++) {
		ranges[i] = vmalloc(PAGE_SIZE);
		KTEST_EXPECT(ranges[i]);
	}
	vmalloc_purge();
	tlb_get_stats(&before);
	for (unsigned int i = 0; i < MANY - 1; i++)
		vfree(ranges[i]);
	tlb_get_stats(&after);
	KTEST_EXPECT_EQ(after.kernel_rounds - before.kernel_rounds, 0);
	KTEST_EXPECT_EQ(after.ipis - before.ipis, 0);
	vfree(ranges[MANY - 1]);
	tlb_get_stats(&after);
	KTEST_EXPECT_EQ(after.kernel_rounds - before.kernel_rounds, 1);
	KTEST_EXPECT_EQ(after.ipis - before.ipis, cpus_online() - 1);
	/* Nothing waits any more. */
	vmalloc_purge();
	tlb_get_stats(&after);
	KTEST_EXPECT_EQ(after.kernel_rounds - before.kernel_rounds, 1);
}

/* Every page of its own, none behind the end, rights of data, adjacent ranges a page apart. */
KTEST(vmalloc, ranges_are_mapped_as_data)
{
	char *a = vmalloc(2 * PAGE_SIZE + 1), *b = vmalloc(1);

	KTEST_EXPECT(a && b);
	if (!a || !b)
		return;
	for (unsigned int i = 0; i < 3; i++) {
		pte_t e = kernel_entry(a + i * PAGE_SIZE);

		KTEST_EXPECT_EQ(e & ~PTE_PHYS_MASK, PROT_KERNEL_RW);
		KTEST_EXPECT_EQ(phys_to_page(pte_phys(e))->refcount, 1);
		for (unsigned int j = 0; j < i; j++)
			KTEST_EXPECT(pte_phys(kernel_entry(a + j * PAGE_SIZE)) != pte_phys(e));
	}
	KTEST_EXPECT_EQ(kernel_entry(a + 3 * PAGE_SIZE), 0);
	KTEST_EXPECT_EQ(kernel_entry(b + PAGE_SIZE), 0);
	vfree(a);
	vfree(b);
	vfree(NULL);
}

KTEST(vmalloc, sizes_that_cannot_be)
{
	u64 before = drained_pages();

	KTEST_EXPECT(!vmalloc(0));
	KTEST_EXPECT(!vmalloc(~0UL));
	KTEST_EXPECT(!vmalloc(~0UL - PAGE_SIZE + 2));
	KTEST_EXPECT(!vmalloc(1UL << 46));
	/* More than there is: all that was taken comes back. */
	if (nr_free_pages() < GiB(2) / PAGE_SIZE)
		KTEST_EXPECT(!vmalloc((nr_free_pages() + 1) * PAGE_SIZE));
	KTEST_EXPECT_EQ(drained_pages(), before);
}

/*
 * Each allocation of one vmalloc() fails in turn. A page that fails is asked for again after a
 * purge, so only the range's own two objects and its page tables can make it NULL.
 */
KTEST(vmalloc, failed_allocations_leak_nothing)
{
	u64 before = pages_with_tables_present(), bytes = vmalloc_bytes();
	unsigned int refused = 0;

	for (long nth = 1;; nth++) {
		bool reached;
		void *p;

		alloc_fail_nth(nth);
		p = vmalloc(5 * PAGE_SIZE);
		reached = alloc_fail_left() == 0;
		alloc_fail_nth(0);
		refused += !p;
		vfree(p);
		KTEST_EXPECT_EQ(vmalloc_bytes(), bytes);
		KTEST_EXPECT_EQ(drained_pages(), before);
		if (!reached)
			break;
	}
	KTEST_EXPECT(refused >= 2);
}
