/*
 * Who is interrupted when translations go: counts, on as many CPUs as there are.
 *
 *	an address space that one CPU uses: nobody, whatever it does, fork and exit included
 *	one that k CPUs use: k - 1 for a flush
 *	lazy CPUs: nobody for a page, and what they kept is dropped when they return; each once for a
 *	page table
 *
 * Each CPU has a kernel thread that takes the address space as a process's threads do. The orders
 * in which a flush meets a load or another flush are in tlb_forced_ktest.c.
 */
#include "mm/tlb.h"

#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/base/panic.h"
#include "mm/pgsync/tests/support.h"
#include "mm/tests/check_ktest.h"

#define BASE  0x40000000UL
#define PAGES 8
#define RW    (VMA_READ | VMA_WRITE)

static struct actor actors[NR_CPUS];
static struct mm_struct *space;
static u32 failed, arrived, released; /* A */
static unsigned long at;              /* the page that is touched */

static void touch(void *unused)
{
	u32 value;

	(void)unused;
	if (get_user_u32(&value, (u32 __user *)at))
		atomic_inc(&failed);
}

/* With the page in its TLB, and no switch of tasks meanwhile. */
static void touch_and_spin(void *unused)
{
	touch(unused);
	(void)atomic_add_return(&arrived, 1);
	while (!READ_ONCE(released))
		cpu_relax();
	touch(unused);
}

/* The threads of CPUs 0 to k - 1 share an address space of PAGES pages at BASE, all there. */
static void threads_start(unsigned int k)
{
	stay_on_cpu(0);
	space = mm_alloc();
	ASSERT(space);
	mmget(space);
	KTEST_EXPECT_EQ(map_fixed(space, BASE, PAGES, RW), BASE);
	for (unsigned int i = 0; i < PAGES; i++)
		KTEST_EXPECT_EQ(mm_fault(space, BASE + i * PAGE_SIZE, FAULT_WRITE), 0);
	for (unsigned int i = 0; i < k; i++) {
		actor_start(&actors[i], (int)i);
		if (i)
			mmget(space);
		actor_run(&actors[i], i ? adopt_mm : adopt_new_mm, space);
	}
}

static void threads_stop(unsigned int k)
{
	for (unsigned int i = 0; i < k; i++) {
		actor_run(&actors[i], exit_mm, NULL);
		actor_stop(&actors[i]);
	}
	mmput(space);
	stay_on_cpu(-1);
}

static void all_touch(unsigned int k, unsigned long va, u32 expect_failed)
{
	at = va;
	failed = 0;
	for (unsigned int i = 0; i < k; i++)
		actor_run(&actors[i], touch, NULL);
	KTEST_EXPECT_EQ(failed, expect_failed);
}

/* A thread has said that it is done, and then sleeps. */
static void wait_lazy(unsigned int k)
{
	for (unsigned int i = 1; i < k; i++)
		while (!READ_ONCE(per_cpu(cpu_tlb_lazy, i)))
			yield_and_relax();
}

static void unmap_at(void *unused)
{
	(void)unused;
	KTEST_EXPECT_EQ(do_munmap(space, at, PAGE_SIZE), 0);
}

static struct tlb_stats counts(void)
{
	struct tlb_stats s;

	tlb_get_stats(&s);
	return s;
}

static void busy_round(unsigned int k)
{
	struct tlb_stats before, after;

	threads_start(k);
	at = BASE;
	failed = arrived = released = 0;
	for (unsigned int i = 1; i < k; i++)
		actor_post(&actors[i], touch_and_spin, NULL);
	while (READ_ONCE(arrived) < k - 1)
		yield_and_relax();
	before = counts();
	actor_run(&actors[0], unmap_at, NULL);
	after = counts();
	WRITE_ONCE(released, 1);
	for (unsigned int i = 1; i < k; i++)
		actor_wait(&actors[i]);
	KTEST_EXPECT_EQ(after.ipis - before.ipis, k - 1);
	KTEST_EXPECT_EQ(after.flushes - before.flushes, 1);
	/* Each could read it before, and none afterwards. */
	KTEST_EXPECT_EQ(failed, k - 1);
	threads_stop(k);
}

KTEST(tlb, a_flush_interrupts_each_other_user_once)
{
	unsigned int all = cpus_online();

	busy_round(1);
	if (all >= 2)
		busy_round(2);
	if (all > 2)
		busy_round(all);
}

KTEST(tlb, lazy_cpus_are_left_alone)
{
	unsigned int k = cpus_online();
	struct tlb_stats before, after;

	threads_start(k);
	all_touch(k, BASE, 0);
	wait_lazy(k);
	before = counts();
	actor_run(&actors[0], unmap_at, NULL);
	after = counts();
	KTEST_EXPECT_EQ(after.ipis - before.ipis, 0);
	KTEST_EXPECT_EQ(after.lazy_spared - before.lazy_spared, k - 1);
	/* What they kept is gone when they return. */
	all_touch(k, BASE, k);
	after = counts();
	KTEST_EXPECT_EQ(after.lazy_flushes - before.lazy_flushes, k - 1);
	KTEST_EXPECT_EQ(after.ipis - before.ipis, 0);
	threads_stop(k);
}

static void unmap_all(void *unused)
{
	(void)unused;
	KTEST_EXPECT_EQ(do_munmap(space, BASE, PAGES * PAGE_SIZE), 0);
}

static void map_and_unmap(void *unused)
{
	KTEST_EXPECT_EQ(map_fixed(space, BASE, PAGES, RW), BASE);
	KTEST_EXPECT_EQ(mm_fault(space, BASE, FAULT_WRITE), 0);
	unmap_all(unused);
}

KTEST(tlb, freed_tables_send_lazy_cpus_away_once)
{
	unsigned int k = cpus_online();
	struct tlb_stats before, after;

	threads_start(k);
	all_touch(k, BASE, 0);
	wait_lazy(k);
	before = counts();
	actor_run(&actors[0], unmap_all, NULL);
	after = counts();
	KTEST_EXPECT_EQ(after.ipis - before.ipis, k - 1);
	for (unsigned int cpu = 1; cpu < k; cpu++)
		KTEST_EXPECT_EQ(per_cpu(cpu_loaded_mm, cpu), &init_mm);
	/* Now nobody else is in the way of such a flush. */
	before = counts();
	actor_run(&actors[0], map_and_unmap, NULL);
	after = counts();
	KTEST_EXPECT_EQ(after.ipis - before.ipis, 0);
	KTEST_EXPECT(after.flushes > before.flushes);
	all_touch(k, BASE, k);
	threads_stop(k);
}

static struct mm_struct *child;

static void fork_here(void *unused)
{
	(void)unused;
	child = mm_fork(space);
	ASSERT(child);
}

/* Breaks the sharing of each page. */
static void write_all(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < PAGES; i++)
		KTEST_EXPECT_EQ(put_user_u32(i, (u32 __user *)(BASE + i * PAGE_SIZE)), 0);
}

/* A process that has run on other CPUs before forks; its child runs and exits on the last CPU. */
KTEST(tlb, fork_and_exit_of_an_unshared_space_interrupt_nobody)
{
	unsigned int last = last_cpu();
	struct tlb_stats before, after;
	struct actor runner;

	threads_start(1);
	actor_start(&runner, (int)last);
	before = counts();
	for (unsigned int i = 0; i < 10; i++) {
		actor_run(&actors[0], fork_here, NULL);
		actor_run(&runner, adopt_new_mm, child);
		actor_run(&runner, write_all, NULL);
		actor_run(&runner, exit_mm, NULL);
		actor_run(&actors[0], write_all, NULL);
	}
	after = counts();
	KTEST_EXPECT(after.flushes - before.flushes >= 10);
	KTEST_EXPECT_EQ(after.ipis - before.ipis, 0);
	actor_stop(&runner);
	threads_stop(1);
}
