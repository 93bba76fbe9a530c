/*
 * Guards of memory hot-plug: pages are handed out when every root has the slot of the direct map
 * (I42), struct pages are written when every root has the slot of the page array (I25), a removal
 * leaves slots as they are (I20) and no translation behind (I35), and no write of a process is lost
 * while its page moves.
 */
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/ktest.h"
#include "kernel/drain.h"
#include "kernel/workers.h"
#include "mm/buddy.h"
#include "mm/memmap.h"
#include "mm/migrate.h"
#include "mm/page_array.h"
#include "mm/pgsync/tests/everywhere.h"
#include "mm/pgsync/tests/guard.h"
#include "mm/tests/check_ktest.h"
#include "mm/tests/hot_ktest.h"
#include "mm/zone.h"

static u32 missing_on_workers; /* A */

static void read_on_worker(void *va)
{
	u64 value;

	if (probe_kernel_read(&value, va))
		atomic_inc(&missing_on_workers);
}

/* On every CPU: by its process, and by a kernel thread on whatever root the CPU has. */
static unsigned int missing_anywhere(void *va)
{
	unsigned int missing = everywhere_missing(va);

	missing_on_workers = 0;
	run_on_each_cpu(read_on_worker, va);
	return missing + READ_ONCE(missing_on_workers);
}

/* The range, taken away, and its slots as if it had never been there; bytes 0: skipped. */
static struct memory_range begin_without_slots(void)
{
	struct memory_range hot = hot_range_or_skip();

	if (!hot.bytes)
		return hot;
	if (!serves_loaded() || !hot_has_own_slot(&hot)) {
		ktest_skip("the strategy is broken, or the range has no slot of its own");
		hot.bytes = 0;
		return hot;
	}
	stay_on_cpu(0);
	hot_take_away(&hot);
	hot_reset_slot(root_slot((unsigned long)phys_to_virt(hot.start)));
	everywhere_start();
	return hot;
}

static void end(void)
{
	everywhere_stop();
	unload_borrowed();
	stay_on_cpu(-1);
}

/* --- I42 --- */

static struct page *first_block;
static unsigned int missing_at_first;

/* At once when there are pages: take some, and touch them from everywhere. */
static void use_first_pages(void *unused)
{
	(void)unused;
	first_block = alloc_pages(MAX_ORDER, GFP_MOVABLE);
	missing_at_first = missing_anywhere(page_address(first_block));
}

KTEST(guard, i42_pages_are_handed_out_when_every_root_has_their_slot)
{
	struct memory_range hot = begin_without_slots();

	if (!hot.bytes)
		return;
	race_on("hotadd_handed_out", RACE_ANY_CPU, 1, use_first_pages, NULL);
	KTEST_EXPECT_EQ(memory_add(hot.start, hot.bytes), 0);
	KTEST_EXPECT(first_block && page_is_hot(first_block));
	KTEST_EXPECT_EQ(missing_at_first, 0);
	free_pages(first_block, MAX_ORDER);
	end();
}

/* --- I25 --- */

/* A piece of the page array for memory that there is not, far enough away to need a root slot. */
#define FAR_AWAY TiB(40)

static unsigned int array_slot;
static bool ready_at_first;

static void look_at_slot(void *unused)
{
	(void)unused;
	ready_at_first = kroot_ready(array_slot);
}

KTEST(guard, i25_struct_pages_are_written_when_every_root_has_their_slot)
{
	struct page *backing = alloc_pages(9, GFP_KERNEL);
	u64 pfn = FAR_AWAY >> PAGE_SHIFT;
	bool own;

	array_slot = root_slot((unsigned long)pfn_to_page(pfn));
	own = array_slot != root_slot(VMEMMAP_START) && !kroot_ready(array_slot);
	if (!own || !serves_loaded()) {
		free_pages(backing, 9);
		KTEST_SKIP("the page array has one slot, or the strategy is broken");
	}
	stay_on_cpu(0);
	everywhere_start();
	race_on("hotadd_array", RACE_ANY_CPU, 1, look_at_slot, NULL);
	KTEST_EXPECT_EQ(page_array_add(pfn, SECTION_PAGES, page_to_phys(backing)), 0);
	KTEST_EXPECT(ready_at_first);
	KTEST_EXPECT_EQ(missing_anywhere(pfn_to_page(pfn)), 0);
	page_array_remove(pfn, SECTION_PAGES);
	hot_reset_slot(array_slot);
	free_pages(backing, 9);
	end();
}

/* --- I20, I35 --- */

KTEST(guard, i35_no_cpu_reads_memory_that_was_removed)
{
	struct memory_range hot = hot_range_or_skip();
	unsigned int slot = root_slot((unsigned long)phys_to_virt(hot.start));
	void *va = phys_to_virt(hot.start + hot.bytes / 2);
	pte_t entry = swapper_pg_dir[slot];

	if (!hot.bytes)
		return;
	stay_on_cpu(0);
	everywhere_start();
	KTEST_EXPECT_EQ(memory_close(hot.start), 0);
	drain_all();
	/* Now each CPU has a translation, and nobody flushes before the removal. */
	KTEST_EXPECT_EQ(everywhere_missing(va), 0);
	KTEST_EXPECT_EQ(memory_remove(hot.start), 0);
	KTEST_EXPECT_EQ(everywhere_missing(va), cpus_online());
	/* The slot and what hangs from it: as they were, and found again (I20). */
	KTEST_EXPECT(kroot_ready(slot) && pte_same(swapper_pg_dir[slot], entry));
	KTEST_EXPECT_EQ(everywhere_has(slot), cpus_online());
	KTEST_EXPECT_EQ(memory_add(hot.start, hot.bytes), 0);
	KTEST_EXPECT(pte_same(swapper_pg_dir[slot], entry));
	KTEST_EXPECT_EQ(everywhere_missing(va), 0);
	end();
}

/* --- pages on their way --- */

#define BASE GiB(1)

static struct actor writer;

static void write_new_value(void *unused)
{
	u64 value = 2;

	(void)unused;
	KTEST_EXPECT_EQ(copy_to_user((void __user *)BASE, &value, sizeof(value)), 0);
}

/* The page has been copied, its entry not yet changed: somebody writes. */
static void write_meanwhile(void *unused)
{
	(void)unused;
	actor_post(&writer, write_new_value, NULL);
	give_time();
}

KTEST(guard, a_write_to_a_page_on_its_way_is_not_lost)
{
	struct memory_range hot = hot_range_or_skip();
	u64 first = hot.start >> PAGE_SHIFT;
	struct mm_struct *mm;

	if (!hot.bytes || !guard_begin(2))
		return;
	mm = mm_alloc();
	KTEST_EXPECT_EQ(map_fixed(mm, BASE, 1, VMA_READ | VMA_WRITE), BASE);
	mmget(mm);
	actor_start(&writer, 1);
	actor_run(&writer, adopt_new_mm, mm);
	KTEST_EXPECT_EQ(mm_fault(mm, BASE, FAULT_WRITE), 0);
	KTEST_EXPECT(page_is_hot(virt_to_page(mm_page_address(mm, BASE))));
	KTEST_EXPECT_EQ(memory_close(hot.start), 0);
	race_on("migrate_copied", RACE_ANY_CPU, 1, write_meanwhile, NULL);
	KTEST_EXPECT_EQ(mm_vacate(mm, first, first + (hot.bytes >> PAGE_SHIFT)), 0);
	actor_wait(&writer);
	KTEST_EXPECT(!page_is_hot(virt_to_page(mm_page_address(mm, BASE))));
	KTEST_EXPECT_EQ(*(u64 *)mm_page_address(mm, BASE), 2);
	actor_stop(&writer);
	mmput(mm);
	KTEST_EXPECT_EQ(memory_open(hot.start), 0);
	guard_end();
}
