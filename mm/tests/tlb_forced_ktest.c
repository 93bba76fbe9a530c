/*
 * The orders in which a shootdown can meet what other CPUs do (mm/tlb.c): a CPU that is loading the
 * address space, a request that is overtaken by another one, kernel translations that come in while
 * a CPU says that it has flushed.
 *
 * tools/pgmodel goes through all orders of the same code (model.shoot_*); here the TLB is QEMU's.
 */
#include "mm/tlb.h"

#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/base/panic.h"
#include "kernel/racepoint.h"
#include "mm/pgsync/tests/support.h"
#include "mm/pgtable.h"
#include "mm/tests/check_ktest.h"
#include "mm/vmalloc.h"

#define BASE  0x40000000UL
#define PAGES 4
#define RW    (VMA_READ | VMA_WRITE)

enum { TEST_CPU, USER_CPU, FLUSHER_CPU, SECOND_CPU, CPUS };

static struct mm_struct *space;
static struct actor user, flusher, second;
static u32 stage; /* release by who comes to it */

static unsigned long page_va(unsigned int n)
{
	return BASE + n * PAGE_SIZE;
}

/* Page n holds n. */
static void fill_pages(void *unused)
{
	(void)unused;
	for (unsigned int n = 0; n < PAGES; n++)
		KTEST_EXPECT_EQ(put_user_u32(n, (u32 __user *)page_va(n)), 0);
}

static bool begin(void)
{
	if (cpus_online() < CPUS) {
		ktest_skip("needs 4 CPUs");
		return false;
	}
	stay_on_cpu(TEST_CPU);
	stage = 0;
	actor_start(&user, USER_CPU);
	actor_start(&flusher, FLUSHER_CPU);
	actor_start(&second, SECOND_CPU);
	space = mm_alloc();
	ASSERT(space);
	KTEST_EXPECT_EQ(map_fixed(space, BASE, PAGES, RW), BASE);
	return true;
}

static void end(void)
{
	actor_stop(&user);
	actor_stop(&flusher);
	actor_stop(&second);
	mmput(space);
	stay_on_cpu(-1);
}

static void come_to(u32 n)
{
	smp_store_release(&stage, n);
}

static void wait_for(u32 n)
{
	while (smp_load_acquire(&stage) != n)
		cpu_relax();
}

struct reading {
	u32 value;
	int ret;
};

static void read_first(void *arg)
{
	struct reading *r = arg;

	r->ret = get_user_u32(&r->value, (u32 __user *)page_va(0));
}

/* --- a flush while the space is being loaded --- */

/* CR3 is written, interrupts are off: a fault could not be handled, but the page is there. */
static void read_and_let_flush(void *arg)
{
	struct reading *r = arg;

	r->ret =
		(int)copy_from_user_nofault(&r->value, (void __user *)page_va(0), sizeof(r->value));
	come_to(1);
	while (!race_passed("tlb_counted", FLUSHER_CPU))
		cpu_relax();
}

/* In one go: a TLB keeps nothing for long when its CPU runs much else. */
static void load_and_read(void *arg)
{
	adopt_mm(space);
	wait_for(2);
	read_first(arg);
}

static void wait_and_unmap_first(void *unused)
{
	(void)unused;
	wait_for(1);
	KTEST_EXPECT_EQ(do_munmap(space, page_va(0), PAGE_SIZE), 0);
}

KTEST(tlb, a_flush_meets_a_load)
{
	struct reading while_loading = {0}, afterwards = {0};

	if (!begin())
		return;
	/* The pages, by somebody else, so that the space is published and the page there. */
	mmget(space);
	actor_run(&second, adopt_new_mm, space);
	actor_run(&second, fill_pages, NULL);
	actor_run(&second, exit_mm, NULL);
	mmget(space);
	race_on("mm_loaded", USER_CPU, 1, read_and_let_flush, &while_loading);
	actor_post(&flusher, wait_and_unmap_first, NULL);
	actor_post(&user, load_and_read, &afterwards);
	actor_wait(&flusher);
	come_to(2);
	actor_wait(&user);
	KTEST_EXPECT_EQ(while_loading.ret, 0);
	KTEST_EXPECT_EQ(afterwards.ret, -EFAULT);
	actor_run(&user, exit_mm, NULL);
	end();
}

/* --- two flushes, the second of which comes first --- */

static void read_pages(u32 *value)
{
	for (unsigned int n = 0; n < PAGES; n++)
		KTEST_EXPECT_EQ(get_user_u32(&value[n], (u32 __user *)page_va(n)), 0);
}

/* Both times without a switch of tasks in between. */
static void read_before_and_after(void *arg)
{
	u32 *value = arg;

	read_pages(value);
	come_to(1);
	wait_for(2);
	read_pages(value);
}

/* Page n and page n + 2 change places. The page of the upper one is in no TLB. */
static void exchange_pages(unsigned int n)
{
	pte_t *low = pt_walk(space->root->pgd, page_va(n), 1, false);
	pte_t *high = pt_walk(space->root->pgd, page_va(n + 2), 1, false);
	pte_t entry = *low;

	WRITE_ONCE(*low, *high);
	WRITE_ONCE(*high, entry);
	tlb_flush_mm(space, page_va(n), page_va(n + 1));
}

static void exchange_first(void *unused)
{
	(void)unused;
	exchange_pages(0);
}

static void exchange_second(void *unused)
{
	(void)unused;
	exchange_pages(1);
}

KTEST(tlb, a_flush_that_is_overtaken_is_done_with_the_other)
{
	struct tlb_stats before, after;
	u32 value[PAGES];

	if (!begin())
		return;
	mmget(space);
	actor_run(&user, adopt_new_mm, space);
	actor_run(&user, fill_pages, NULL);
	actor_post(&user, read_before_and_after, value);
	wait_for(1);
	tlb_get_stats(&before);
	race_park("tlb_counted", FLUSHER_CPU, 1);
	actor_post(&flusher, exchange_first, NULL);
	race_wait_parked("tlb_counted");
	actor_run(&second, exchange_second, NULL);
	race_release("tlb_counted");
	actor_wait(&flusher);
	tlb_get_stats(&after);
	come_to(2);
	actor_wait(&user);
	for (unsigned int n = 0; n < PAGES; n++)
		KTEST_EXPECT_EQ(value[n], (n + 2) % PAGES);
	/* The one that came late had nothing left to do. */
	KTEST_EXPECT_EQ(after.flushes - before.flushes, 2);
	KTEST_EXPECT_EQ(after.coalesced - before.coalesced, 1);
	actor_run(&user, exit_mm, NULL);
	end();
}

/* --- kernel addresses --- */

static struct {
	u64 *word;
	int before, after;
} shared;

/* In the handler of the first flush: it is done, and not said yet. */
static void read_word_and_let_free(void *unused)
{
	u64 value;

	(void)unused;
	shared.before = probe_kernel_read(&value, shared.word);
	come_to(1);
	while (!race_passed("kernel_counted", FLUSHER_CPU))
		cpu_relax();
}

static void wait_and_read_word(void *unused)
{
	u64 value;

	(void)unused;
	wait_for(2);
	shared.after = probe_kernel_read(&value, shared.word);
}

static void wait_and_free(void *unused)
{
	(void)unused;
	wait_for(1);
	vfree(shared.word);
	vmalloc_purge();
}

KTEST(tlb, a_kernel_flush_counts_what_it_has_dropped)
{
	if (!begin())
		return;
	vmalloc_purge();
	shared.word = vmalloc(PAGE_SIZE);
	ASSERT(shared.word);
	race_on("kernel_flushed", USER_CPU, 1, read_word_and_let_free, NULL);
	actor_post(&user, wait_and_read_word, NULL);
	actor_post(&flusher, wait_and_free, NULL);
	tlb_flush_kernel_all();
	actor_wait(&flusher);
	come_to(2);
	actor_wait(&user);
	KTEST_EXPECT_EQ(shared.before, 0);
	KTEST_EXPECT_EQ(shared.after, -EFAULT);
	end();
}
