/*
 * Pinning in the running kernel: every root becomes read-only on every CPU and comes back as it
 * was; a root that no task has makes the point not quiescent; growth is refused meanwhile. The
 * single steps, and what must be impossible, are in pin_test.c on the host.
 */
#include "kernel/pin.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/workers.h"
#include "mm/pgsync/tests/support.h"
#include "mm/set_memory.h"

#define PROCESSES 5

static struct actor actors[PROCESSES];
static struct mm_struct *mms[PROCESSES];

static void processes_start(void)
{
	for (unsigned int i = 0; i < PROCESSES; i++) {
		mms[i] = mm_alloc();
		actor_start(&actors[i], (int)(i % cpus_online()));
		actor_run(&actors[i], adopt_new_mm, mms[i]);
	}
}

static void processes_stop(void)
{
	for (unsigned int i = 0; i < PROCESSES; i++)
		actor_stop(&actors[i]);
	set_memory_tidy();
}

static u64 checksum(const struct mm_root *root)
{
	u64 sum = 0;

	for (unsigned int slot = 0; slot < ROOT_SLOTS; slot++)
		sum = sum * 31 + (root->pgd[slot] & ~PTE_A);
	return sum;
}

static void expect_writable(bool writable)
{
	for (unsigned int i = 0; i < PROCESSES; i++) {
		pte_t *pgd = mms[i]->root->pgd;

		KTEST_EXPECT_EQ(probe_kernel_write(pgd, pgd[0]), writable ? 0 : -EFAULT);
		KTEST_EXPECT_EQ(pinned_root_at((unsigned long)&pgd[77]),
				writable ? NULL : mms[i]->root);
	}
}

/* Pins, and expects `want`: roots, or an error. True: they are pinned. */
static bool pin(int want)
{
	int got = pin_all_roots(PIN_FREEZE_NS);

	KTEST_EXPECT_EQ(got, want);
	return got >= 0;
}

static void pin_and_back(int want)
{
	if (pin(want))
		unpin_all_roots();
}

KTEST(pin, every_root_is_read_only_and_back)
{
	u64 before[PROCESSES];

	processes_start();
	for (unsigned int i = 0; i < PROCESSES; i++)
		before[i] = checksum(mms[i]->root);
	/* Every CPU has translations that say that the roots may be written. */
	for (unsigned int round = 0; round < 3; round++) {
		expect_writable(true);
		if (!pin(PROCESSES))
			break;
		expect_writable(false);
		KTEST_EXPECT_EQ(pinned_roots_writable(), 0);
		unpin_all_roots();
	}
	expect_writable(true);
	for (unsigned int i = 0; i < PROCESSES; i++)
		KTEST_EXPECT_EQ(checksum(mms[i]->root), before[i]);
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	processes_stop();
}

/* The check of the check: it counts a root that can be written after all. */
KTEST(pin, a_root_that_stayed_writable_is_found)
{
	unsigned long pgd;

	processes_start();
	pgd = (unsigned long)mms[2]->root->pgd;
	if (pin(PROCESSES)) {
		KTEST_EXPECT_EQ(set_memory_rw(pgd, 1), 0);
		KTEST_EXPECT_EQ(pinned_roots_writable(), cpus_online());
		KTEST_EXPECT_EQ(set_memory_ro(pgd, 1), 0);
		KTEST_EXPECT_EQ(pinned_roots_writable(), 0);
		unpin_all_roots();
	}
	processes_stop();
}

KTEST(pin, a_root_that_no_task_has_is_in_the_way)
{
	struct mm_struct *mm;

	processes_start();
	mm = mm_pinned();
	pin_and_back(-EBUSY);
	expect_writable(true);
	mmput(mm);
	pin_and_back(PROCESSES);
	processes_stop();
}

/*
 * The last user is gone, but a CPU that had borrowed the root keeps the structure: nobody's root. On
 * CPU 1, where nothing else with an address space will run and so end the borrowing by chance.
 */
KTEST(pin, a_borrowed_root_of_the_dead_is_given_back)
{
	if (cpus_online() < PROCESSES - 1)
		KTEST_SKIP("needs 4 CPUs");
	processes_start();
	mmget(mms[1]);
	actor_run(&actors[1], exit_mm_lazily, NULL);
	mmput(mms[1]);
	pin_and_back(PROCESSES - 1);
	processes_stop();
}

KTEST(pin, growth_is_refused_meanwhile)
{
	unsigned long va = root_slot_va(TEST_SLOT);

	if (skip_without_growth())
		return;
	if (!pin(0))
		return;
	KTEST_EXPECT_EQ(kroot_populate(va, va + 1), -EBUSY);
	KTEST_EXPECT(!kroot_ready(TEST_SLOT));
	KTEST_EXPECT(!pte_present(swapper_pg_dir[TEST_SLOT]));
	unpin_all_roots();
	KTEST_EXPECT_EQ(kroot_populate(va, va + 1), 0);
	KTEST_EXPECT(kroot_ready(TEST_SLOT));
	test_slots_reset();
}

static void load_and_leave(void *mm)
{
	preempt_disable();
	irq_disable();
	switch_mm(mm);
	switch_mm(&init_mm);
	irq_enable();
	preempt_enable();
}

/* What a load or a fault would have stored is there before nothing can be stored any more. */
KTEST(pin, a_pinned_root_can_be_loaded)
{
	struct actor a;

	processes_start();
	unload_borrowed();
	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT), 0);
	actor_start(&a, (int)last_cpu());
	if (pin(PROCESSES)) {
		for (unsigned int i = 0; i < PROCESSES; i++) {
			KTEST_EXPECT_EQ(root_has(mms[i]->root, TEST_SLOT), serves_tasks());
			actor_run(&a, load_and_leave, mms[i]);
		}
		unpin_all_roots();
	}
	actor_stop(&a);
	processes_stop();
	test_slots_reset();
}
