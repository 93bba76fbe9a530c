/*
 * The moment at which a large page is split (I36): whoever reads the memory while the table is being
 * filled finds it whole.
 */
#include "mm/set_memory.h"

#include "arch/mmu.h"
#include "arch/uaccess.h"
#include "kernel/base/ktest.h"
#include "kernel/base/panic.h"
#include "kernel/racepoint.h"
#include "mm/buddy.h"
#include "mm/pgtable.h"

#define ORDER 9 /* 2 MiB, so that nothing else lies under the page */

static struct {
	struct page *block;
	u32 reads, missing, wrong;
} seen;

static void read_block(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < 1u << ORDER; i++) {
		u64 *word = page_address(seen.block + i), value = 0;

		/* By the tables, not by what this CPU remembers of them. */
		tlb_flush_page_local((unsigned long)word);
		seen.reads++;
		seen.missing += probe_kernel_read(&value, word) != 0;
		seen.wrong += value != i;
	}
}

KTEST(guard, i36_a_page_is_whole_while_it_is_split)
{
	unsigned long va;

	seen.block = alloc_pages(ORDER, GFP_KERNEL);
	ASSERT(seen.block);
	va = (unsigned long)page_address(seen.block);
	seen.reads = seen.missing = seen.wrong = 0;
	if (pt_walk(swapper_pg_dir, va, 1, false)) {
		ktest_skip("no large page in the direct map");
		goto out;
	}
	for (unsigned int i = 0; i < 1u << ORDER; i++)
		*(u64 *)page_address(seen.block + i) = i;
	race_on("split_filling", RACE_ANY_CPU, 1, read_block, NULL);
	KTEST_EXPECT_EQ(set_memory_ro(va, 1), 0);
	KTEST_EXPECT_EQ(race_passed("split_filling", RACE_ANY_CPU), 1);
	KTEST_EXPECT_EQ(seen.reads, 1u << ORDER);
	KTEST_EXPECT_EQ(seen.missing, 0);
	KTEST_EXPECT_EQ(seen.wrong, 0);
	KTEST_EXPECT_EQ(set_memory_rw(va, 1), 0);
	read_block(NULL);
	KTEST_EXPECT_EQ(seen.missing + seen.wrong, 0);
	set_memory_tidy();
	read_block(NULL);
	KTEST_EXPECT_EQ(seen.missing + seen.wrong, 0);
out:
	free_pages(seen.block, ORDER);
}
