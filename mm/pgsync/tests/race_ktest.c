/*
 * All at once: every CPU makes, publishes, loads and frees roots while one thread grows every slot
 * of the vmalloc area. What a schedule hits here differs from run to run; the protocol's single
 * steps are forced in root_ktest.c and on the host. And the reset that follows.
 */
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/atomic.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/drain.h"
#include "kernel/pgctl.h"
#include "mm/buddy.h"
#include "mm/pgsync/tests/support.h"
#include "mm/pgtable.h"
#include "mm/vmalloc.h"

/* One page in each vmalloc slot, `grown` of them so far. */
static struct {
	u64 *pages[VMALLOC_SLOTS_MAX];
	u32 grown;   /* release by the grower; ~0: the end */
	u32 missing; /* A */
	u32 reads;   /* A */
} range;

static u32 seen[NR_CPUS]; /* release by the CPU's thread: read up to here on some root */

static u64 pattern(const u64 *va)
{
	return (u64)va * 0x9e3779b97f4a7c15UL;
}

static void read_all(unsigned int n)
{
	u32 missing = 0;
	u64 value;

	for (unsigned int i = 0; i < n; i++) {
		if (probe_kernel_read(&value, range.pages[i]))
			missing++;
		else
			KTEST_EXPECT_EQ(value, pattern(range.pages[i]));
	}
	atomic_add(&range.reads, n);
	atomic_add(&range.missing, missing);
}

static void read_and_report(unsigned long cpu, u32 grown)
{
	read_all(MIN(grown, VMALLOC_SLOTS));
	smp_store_release(&seen[cpu], MIN(grown, VMALLOC_SLOTS));
}

/*
 * Processes' lives on CPU `number`. Every second one lasts until it has seen the kernel half grow;
 * the others come and go as fast as they can.
 */
static int live_and_die(void *number)
{
	unsigned long cpu = (unsigned long)number;
	u32 start, grown;

	for (unsigned int life = 0;; life++) {
		start = grown = smp_load_acquire(&range.grown);
		if (start > VMALLOC_SLOTS)
			return 0;
		adopt_new_mm(mm_alloc());
		/* Before any waiting: the grower waits for this. */
		read_and_report(cpu, start);
		while (life % 2 && (grown = smp_load_acquire(&range.grown)) == start)
			yield_and_relax();
		read_and_report(cpu, grown);
		exit_mm(NULL);
	}
}

static void wait_for_readers(u32 grown)
{
	for (unsigned int cpu = 0; cpu < cpus_online(); cpu++)
		while (smp_load_acquire(&seen[cpu]) < grown)
			yield_and_relax();
}

/* Grows slot after slot; after some of them every CPU must have read all. */
static void grow_all(void *unused)
{
	(void)unused;
	for (u32 i = 0; i < VMALLOC_SLOTS; i++) {
		u64 *va = vmalloc_fresh_slot(PAGE_SIZE, false);

		if (IS_ERR(va))
			break;
		*(u64 *)phys_to_virt(pte_phys(
			*pt_walk(swapper_pg_dir, (unsigned long)va, 1, false))) = pattern(va);
		range.pages[i] = va;
		smp_store_release(&range.grown, i + 1);
		/* Between tsk->mm = NULL and the last mmput() a root of walk-v2 is nobody's (I13). */
		if (serves_loaded())
			KTEST_EXPECT_EQ(audit_now().missing, 0);
		if (i % 8 == 7)
			wait_for_readers(i + 1);
	}
	KTEST_EXPECT(range.pages[VMALLOC_SLOTS - 1]);
	smp_store_release(&range.grown, ~0U);
}

static void start_over(void)
{
	range.grown = range.missing = range.reads = 0;
	for (unsigned int i = 0; i < VMALLOC_SLOTS; i++)
		range.pages[i] = NULL;
	for (unsigned int cpu = 0; cpu < cpus_online(); cpu++)
		seen[cpu] = 0;
}

KTEST(pgsync, roots_come_and_go_while_the_kernel_half_grows)
{
	struct actor grower;

	start_over();
	(void)pgctl_reset_slots();
	KTEST_EXPECT_EQ(vmalloc_slots_free(), VMALLOC_SLOTS);
	actor_start(&grower, -1);
	actor_post(&grower, grow_all, NULL);
	run_crowd(cpus_online(), live_and_die);
	actor_wait(&grower);
	actor_stop(&grower);
	KTEST_EXPECT(range.reads >= VMALLOC_SLOTS * cpus_online());
	KTEST_EXPECT_EQ(range.missing != 0, !serves_tasks());
	for (unsigned int i = 0; i < VMALLOC_SLOTS; i++)
		vfree(range.pages[i]);
	KTEST_EXPECT_EQ(pgctl_reset_slots(), never_grows() ? 0 : VMALLOC_SLOTS);
}

/* The reset: the slots are gone from every root, their tables are free, and growth begins anew. */
KTEST(pgsync, reset_gives_slots_and_tables_back)
{
	struct mm_struct *mm = mm_pinned();
	unsigned int slot;
	u64 free_pages;
	void *va;

	(void)pgctl_reset_slots();
	for (int round = 0; round < 2; round++) {
		va = vmalloc_fresh_slot(PAGE_SIZE, true);
		KTEST_EXPECT(!IS_ERR(va));
		slot = root_slot((unsigned long)va);
		KTEST_EXPECT_EQ(pgctl_reset_slots(), -EBUSY);
		KTEST_EXPECT(kroot_ready(slot));
		vfree(va);
		KTEST_EXPECT_EQ(pgctl_reset_slots(), never_grows() ? 0 : 2);
		KTEST_EXPECT_EQ(kroot_ready(slot), never_grows());
		KTEST_EXPECT_EQ(pte_present(mm->root->pgd[slot]), never_grows());
		KTEST_EXPECT_EQ(vmalloc_slots_free(), VMALLOC_SLOTS);
		drain_all();
		if (round)
			KTEST_EXPECT_EQ(nr_free_pages(), free_pages);
		free_pages = nr_free_pages();
	}
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	mmput(mm);
}
