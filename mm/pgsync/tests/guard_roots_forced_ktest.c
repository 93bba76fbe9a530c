/*
 * Guards of the roots that a task walk cannot find (I9, I13 to I15, I17 to I19). The strategy walk-v2
 * has none of these protections: here it is shown to miss the slot.
 */
#include "arch/cpu.h"
#include "arch/smp.h"
#include "kernel/base/ktest.h"
#include "kernel/task_mm.h"
#include "mm/pgsync/tests/guard.h"

/* An address space that only the CPU of `a` has, which is idle or runs the kernel thread `a`. */
static struct mm_struct *borrow(struct actor *a)
{
	struct mm_struct *mm = mm_alloc();

	mmget(mm);
	actor_run(a, adopt_new_mm, mm);
	actor_run(a, exit_mm_lazily, NULL);
	KTEST_EXPECT_EQ(times_walked(mm->root), 0);
	KTEST_EXPECT_EQ(cpu_with_root(mm->root), last_cpu());
	return mm;
}

struct leaving {
	const struct mm_root *loaded;
	int read;
};

/* At exit_unpublished, as the exiting task: the kernel grows, and what grew is used here. */
static void grow_and_look(void *arg)
{
	struct leaving *l = arg;

	l->loaded = loaded_root(cpu_id());
	map_page_in(TEST_SLOT);
	l->read = read_page_in(TEST_SLOT);
}

/* An exiting task runs on without tsk->mm: on which root? */
KTEST(guard, i13_an_exiting_task_is_on_the_reference_root)
{
	struct mm_struct *mm;
	bool stays = pgsync_exit_keeps_root();
	struct leaving l = {0};
	struct actor a;

	if (!guard_begin(2))
		return;
	mm = mm_alloc();
	actor_start(&a, (int)last_cpu());
	/* Another user: so nobody is sent away by the last one. */
	mmget(mm);
	actor_run(&a, adopt_new_mm, mm);
	race_on("exit_unpublished", (int)last_cpu(), 1, grow_and_look, &l);
	actor_run(&a, exit_mm, NULL);
	KTEST_EXPECT_EQ(l.loaded, stays ? mm->root : &swapper_root);
	KTEST_EXPECT_EQ(l.read != 0, stays);
	KTEST_EXPECT_EQ(times_walked(mm->root), 0);
	actor_stop(&a);
	mmput(mm);
	guard_end();
}

/* The page of a root that only the CPU of `a` has had, until growth by `grower` stands before it. */
static const pte_t *borrow_and_drop(struct actor *a, struct actor *grower, int cpu)
{
	struct mm_struct *mm = borrow(a);
	const pte_t *pgd = mm->root->pgd;

	race_park("loaded_found", cpu, 1);
	actor_post(grower, grow_test_slot, NULL);
	race_wait_parked("loaded_found");
	mmput(mm);
	return pgd;
}

static void give_cached_roots_back(void *unused)
{
	(void)unused;
	root_cache_drain();
}

/*
 * Growth has found a root that only a CPU had, and stores into it last of all. Meanwhile the CPU
 * leaves, the root dies, and its page is given back: not before growth has gone (I9).
 */
KTEST(guard, i09_a_root_that_growth_has_found_keeps_its_page)
{
	struct actor a, grower;
	const pte_t *pgd;
	int cpu = (int)last_cpu() - 1;

	if (!syncs_at_load() || !reaches_loaded())
		KTEST_SKIP("growth does not look at what CPUs have loaded");
	if (!guard_begin(3))
		return;
	actor_start(&a, (int)last_cpu());
	actor_start(&grower, cpu);
	pgd = borrow_and_drop(&a, &grower, cpu);
	actor_run(&a, unload_here, NULL);
	actor_run(&a, give_cached_roots_back, NULL);
	/* As long as growth stands there no grace period ends, however long it is waited for. */
	for (int i = 0; i < 100; i++) {
		rcu_poll();
		yield_and_relax();
	}
	/* In a debug build a page that is free is full of the pattern. */
	KTEST_EXPECT_EQ(READ_ONCE(pgd[0]), 0);
	race_release("loaded_found");
	/* From here on the page may go. */
	actor_wait(&grower);
	rcu_barrier_drain();
	actor_stop(&a);
	actor_stop(&grower);
	guard_end();
}

static void read_test_slot(void *result)
{
	*(int *)result = read_page_in(TEST_SLOT);
}

/* No task has it, a CPU runs on it. */
KTEST(guard, i14_growth_reaches_a_borrowed_root)
{
	struct mm_struct *mm;
	struct actor a;
	int read = -1;

	if (!guard_begin(2))
		return;
	actor_start(&a, (int)last_cpu());
	mm = borrow(&a);
	map_page_in(TEST_SLOT);
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT), reaches_loaded());
	actor_run(&a, read_test_slot, &read);
	KTEST_EXPECT_EQ(cpu_with_root(mm->root), last_cpu());
	KTEST_EXPECT_EQ(read != 0, !serves_loaded());
	actor_stop(&a);
	mmput(mm);
	guard_end();
}

/* Its tables are about to go: no CPU may have it loaded any more. */
KTEST(guard, i14_the_last_user_sends_borrowers_away)
{
	struct mm_root *root;
	struct mm_struct *mm;
	struct actor a;

	if (!guard_begin(2))
		return;
	actor_start(&a, (int)last_cpu());
	mm = borrow(&a);
	root = mm->root;
	mmput(mm);
	KTEST_EXPECT_EQ(cpu_with_root(root), -1);
	KTEST_EXPECT_EQ(loaded_root(last_cpu()), &swapper_root);
	actor_stop(&a);
	guard_end();
}

/* Neither a task nor a CPU has it; then a CPU loads it. */
KTEST(guard, i15_a_pinned_root_is_filled_when_it_is_loaded)
{
	struct mm_struct *mm;
	struct actor a;

	if (!guard_begin(2))
		return;
	mm = mm_pinned();
	grow_test_slot(NULL);
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT), reaches_pinned());
	actor_start(&a, (int)last_cpu());
	actor_run(&a, adopt_mm, mm);
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT), reaches_pinned() || syncs_at_load());
	actor_stop(&a);
	guard_end();
}

/* It has taken a process's address space, and sleeps: the walk may not pass it by. */
KTEST(guard, i15_growth_reaches_a_kernel_thread_with_an_address_space)
{
	struct mm_struct *mm;
	struct actor a;

	if (!guard_begin(2))
		return;
	mm = mm_alloc();
	actor_start(&a, (int)last_cpu());
	actor_run(&a, adopt_new_mm, mm);
	/* While it is still awake its CPU would load the root again. */
	actor_wait_asleep(&a);
	unload_borrowed();
	KTEST_EXPECT_EQ(cpu_with_root(mm->root), -1);
	grow_test_slot(NULL);
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT), reaches_tasks());
	actor_stop(&a);
	guard_end();
}

/* Runs on `root` for a moment, as code does that needs mappings of its own: does it find the slot? */
static int read_on(struct mm_root *root)
{
	struct mm_root *back;
	int read;

	preempt_disable();
	irq_disable();
	back = loaded_root(cpu_id());
	load_root(root);
	read = read_page_in(TEST_SLOT);
	load_root(back);
	irq_enable();
	preempt_enable();
	return read;
}

/* Neither a task's nor a process's: made before growth, loaded after it. And the reference. */
KTEST(guard, i17_a_temporary_root_is_complete_when_it_is_loaded)
{
	struct mm_root *temporary;

	if (!guard_begin(1))
		return;
	temporary = pgd_alloc();
	arch_pgd_init_late(temporary);
	KTEST_EXPECT_EQ(temporary->class, ROOT_TRACKED);
	map_page_in(TEST_SLOT);
	KTEST_EXPECT_EQ(read_on(temporary) != 0, !serves_pinned());
	KTEST_EXPECT_EQ(swapper_root.class, ROOT_REFERENCE);
	KTEST_EXPECT_EQ(read_on(&swapper_root), 0);
	pgd_free(temporary);
	guard_end();
}

/* A page that was a root before, filled then, waits in the cache while the kernel half grows. */
KTEST(guard, i18_a_root_from_the_cache_is_copied_again)
{
	struct mm_struct *mm;
	struct mm_root *root;

	if (!guard_begin(1))
		return;
	mm = mm_pinned();
	root = mm->root;
	mmput(mm);
	grow_test_slot(NULL);
	mm = mm_pinned();
	KTEST_EXPECT_EQ(mm->root, root);
	KTEST_EXPECT(root_has(root, TEST_SLOT));
	mmput(mm);
	KTEST_EXPECT_EQ(pte_present(root->pgd[TEST_SLOT]), never_grows());
	guard_end();
}

/* The grower is a kernel thread on a borrowed root, which nobody else would fill for it. */
KTEST(guard, i19_the_grower_has_its_own_slot)
{
	struct mm_struct *mm;
	struct actor a;

	if (!guard_begin(2))
		return;
	actor_start(&a, (int)last_cpu());
	mm = borrow(&a);
	actor_run(&a, grow_test_slot, NULL);
	KTEST_EXPECT_EQ(cpu_with_root(mm->root), last_cpu());
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT), reaches_loaded());
	actor_stop(&a);
	mmput(mm);
	guard_end();
}
