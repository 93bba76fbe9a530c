/*
 * Guards of publication and copy (I1 to I7): growth comes between any two steps of who makes a
 * root, and the other way round. Only what an order of whole steps can show: the barriers are for
 * tools/pgmodel.
 */
#include "arch/smp.h"
#include "kernel/base/ktest.h"
#include "kernel/base/preempt.h"
#include "kernel/sched.h"
#include "kernel/task_mm.h"
#include "mm/pgsync/tests/guard.h"

/* Published, not copied: growth must find it. */
KTEST(guard, i01_growth_finds_a_root_that_waits_for_its_copy)
{
	struct newborn n = {0};
	struct actor forker;

	if (skip_without_growth() || !guard_begin(2))
		return;
	actor_start(&forker, (int)last_cpu());
	race_park("fork_published", (int)last_cpu(), 1);
	actor_post(&forker, be_born, &n);
	race_wait_parked("fork_published");
	grow_test_slot(NULL);
	KTEST_EXPECT_EQ(root_has(n.mm->root, TEST_SLOT), reaches_tasks());
	race_release("fork_published");
	actor_wait(&forker);
	KTEST_EXPECT(root_has(n.mm->root, TEST_SLOT));
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	pass_away(&n);
	actor_stop(&forker);
	guard_end();
}

/* A root is made, and growth comes between its copy and what is next: it has the slot in the end. */
static void grow_behind_the_copy(void)
{
	struct newborn n = {0};
	struct actor forker, grower;

	if (!guard_begin(3))
		return;
	actor_start(&forker, (int)last_cpu());
	actor_start(&grower, (int)last_cpu() - 1);
	race_park("copy_done", (int)last_cpu(), 1);
	actor_post(&forker, be_born, &n);
	race_wait_parked("copy_done");
	grow_beside_a_copy(&grower);
	race_release("copy_done");
	actor_wait(&forker);
	actor_wait(&grower);
	KTEST_EXPECT(root_has(n.mm->root, TEST_SLOT));
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	pass_away(&n);
	actor_stop(&forker);
	actor_stop(&grower);
	guard_end();
}

/*
 * `list` has no publication: its copy and its registration are one step for growth, which comes
 * between the two, or waits.
 */
KTEST(guard, i01_a_root_is_registered_with_its_copy)
{
	if (!strategy_is("list"))
		KTEST_SKIP("no root is registered");
	grow_behind_the_copy();
}

/*
 * The posted series has a write barrier here: it is right as long as the publication is seen before the
 * copy reads. docs/gdb.md runs this test and keeps the publication back by hand, as a store buffer may.
 */
KTEST(guard, i01_walk_v2_finds_a_root_whose_publication_is_seen)
{
	if (!strategy_is("walk-v2"))
		KTEST_SKIP("not the posted series");
	grow_behind_the_copy();
}

/* Growth has stored the reference slot and not looked yet; a root is made from end to end. */
KTEST(guard, i02_a_root_made_before_the_search_copies_the_slot)
{
	struct actor grower, forker;
	struct newborn n = {0};

	if (skip_without_growth() || !guard_begin(3))
		return;
	actor_start(&grower, (int)last_cpu());
	actor_start(&forker, (int)last_cpu() - 1);
	race_park("grow_stored", (int)last_cpu(), 1);
	actor_post(&grower, grow_test_slot, NULL);
	race_wait_parked("grow_stored");
	actor_post(&forker, be_born, &n);
	/* `list` waits for the growth. */
	if (!strategy_is("list")) {
		actor_wait(&forker);
		KTEST_EXPECT(root_has(n.mm->root, TEST_SLOT));
	}
	race_release("grow_stored");
	actor_wait(&grower);
	actor_wait(&forker);
	KTEST_EXPECT(root_has(n.mm->root, TEST_SLOT));
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	pass_away(&n);
	actor_stop(&grower);
	actor_stop(&forker);
	guard_end();
}

/*
 * The copy has loaded its first slot and not stored it. TEST_SLOT is the first of the half: a copy
 * of everything is there, with a "none" in its hand.
 */
KTEST(guard, i03_a_copy_does_not_undo_growth)
{
	struct actor grower, forker;
	struct newborn n = {0};

	if (skip_without_growth() || !guard_begin(3))
		return;
	actor_start(&grower, (int)last_cpu() - 1);
	actor_start(&forker, (int)last_cpu());
	race_park("copy_loaded", (int)last_cpu(), 1);
	actor_post(&forker, be_born, &n);
	race_wait_parked("copy_loaded");
	grow_beside_a_copy(&grower);
	race_release("copy_loaded");
	actor_wait(&forker);
	actor_wait(&grower);
	KTEST_EXPECT_EQ(root_has(n.mm->root, TEST_SLOT), reaches_tasks());
	pass_away(&n);
	actor_stop(&grower);
	actor_stop(&forker);
	guard_end();
}

/* A copy that was made before publication does not count: growth comes between the two. */
KTEST(guard, i05_growth_before_publication_is_copied)
{
	struct newborn n = {0};

	if (!guard_begin(1))
		return;
	n.mm = mm_alloc();
	grow_test_slot(NULL);
	n.task = dummy_task(pid_alloc(), NULL);
	n.task->mm = n.mm;
	publish_task(n.task, true);
	KTEST_EXPECT(root_has(n.mm->root, TEST_SLOT));
	KTEST_EXPECT_EQ(audit_now().missing, 0);
	pass_away(&n);
	guard_end();
}

static void nothing(void *unused)
{
	(void)unused;
}

/* At exec_published, if it can be: another task of this CPU runs, and then this one again. */
static void give_way(void *other)
{
	KTEST_EXPECT(preempt_depth() != 0);
	if (preempt_depth())
		return;
	actor_post(other, nothing, NULL);
	sched_yield_cpu();
}

/*
 * exec has published a root whose kernel half is empty: switched away from and back, the CPU would
 * load it.
 */
KTEST(guard, i06_exec_is_not_preempted_before_the_copy)
{
	struct mm_struct *mm;
	struct actor exec, other;

	if (!guard_begin(2))
		return;
	mm = mm_alloc();
	actor_start(&exec, (int)last_cpu());
	actor_start(&other, (int)last_cpu());
	race_on("exec_published", (int)last_cpu(), 1, give_way, &other);
	actor_run(&exec, adopt_new_mm, mm);
	KTEST_EXPECT_EQ(race_passed("exec_published", (int)last_cpu()), 1);
	KTEST_EXPECT_EQ(cpu_with_root(mm->root), last_cpu());
	actor_stop(&other);
	actor_stop(&exec);
	guard_end();
}

struct copied {
	struct mm_struct *mm;
	bool has;
};

/* At exec_copied: before the load, which compares the generation. */
static void look_at_the_copy(void *arg)
{
	struct copied *c = arg;

	c->has = root_has(c->mm->root, TEST_SLOT);
}

/* exec is about to publish: growth comes, and finds the old root. The new one copies later. */
KTEST(guard, i07_exec_copies_after_it_has_published)
{
	struct copied c = {0};
	struct actor exec;

	if (!guard_begin(2))
		return;
	c.mm = mm_alloc();
	actor_start(&exec, (int)last_cpu());
	race_park("exec_begun", (int)last_cpu(), 1);
	race_on("exec_copied", (int)last_cpu(), 1, look_at_the_copy, &c);
	actor_post(&exec, adopt_new_mm, c.mm);
	race_wait_parked("exec_begun");
	grow_test_slot(NULL);
	race_release("exec_begun");
	actor_wait(&exec);
	KTEST_EXPECT(c.has);
	actor_stop(&exec);
	guard_end();
}

/* The walk has read tsk->mm: exec may not change it before the walk has done with the root. */
KTEST(guard, i07_exec_waits_for_the_walk_that_is_at_its_task)
{
	struct mm_struct *old, *new;
	struct actor exec, grower;
	unsigned int cpu;

	if (!guard_begin_walk(3))
		return;
	old = mm_alloc();
	new = mm_alloc();
	actor_start(&exec, (int)last_cpu());
	actor_start(&grower, (int)last_cpu() - 1);
	mmget(old);
	actor_run(&exec, adopt_new_mm, old);
	race_reset();
	race_park("walk_has_mm", (int)last_cpu() - 1, 1);
	actor_post(&grower, grow_test_slot, NULL);
	cpu = race_wait_parked("walk_has_mm");
	KTEST_EXPECT_EQ(actor_task(&exec)->alloc_lock.owner, cpu + 1);
	actor_post(&exec, adopt_new_mm, new);
	while (!race_passed("exec_begun", (int)last_cpu()))
		yield_and_relax();
	give_time();
	KTEST_EXPECT_EQ(race_passed("exec_published", (int)last_cpu()), 0);
	race_release("walk_has_mm");
	actor_wait(&grower);
	actor_wait(&exec);
	KTEST_EXPECT(root_has(old->root, TEST_SLOT));
	KTEST_EXPECT(root_has(new->root, TEST_SLOT));
	mmput(old);
	actor_stop(&grower);
	actor_stop(&exec);
	guard_end();
}

/* The walk is at a task and has not looked: what it had then would be the old address space. */
KTEST(guard, i07_the_walk_reads_the_mm_of_the_moment)
{
	struct mm_struct *old, *new;
	struct actor exec, grower;

	if (!guard_begin_walk(3))
		return;
	old = mm_alloc();
	new = mm_alloc();
	actor_start(&exec, (int)last_cpu());
	actor_start(&grower, (int)last_cpu() - 1);
	mmget(old);
	actor_run(&exec, adopt_new_mm, old);
	race_park("walk_at_task", (int)last_cpu() - 1, walk_position(actor_task(&exec)));
	actor_post(&grower, grow_test_slot, NULL);
	race_wait_parked("walk_at_task");
	actor_run(&exec, adopt_new_mm, new);
	race_release("walk_at_task");
	actor_wait(&grower);
	KTEST_EXPECT(root_has(new->root, TEST_SLOT));
	/* Nobody has it any more: it waits until it is loaded (I15). */
	KTEST_EXPECT(!root_has(old->root, TEST_SLOT));
	mmput(old);
	actor_stop(&grower);
	actor_stop(&exec);
	guard_end();
}

static void pin_new_root(void *arg)
{
	*(struct mm_struct **)arg = mm_pinned();
}

/*
 * The copy is complete and not recorded yet; growth cannot find the root. If the copy called itself
 * as new as that growth, no load would ever repair it (litmus G2).
 */
KTEST(guard, i15_a_copy_is_as_old_as_its_beginning)
{
	struct actor grower, forker;
	struct mm_struct *mm = NULL;

	if (skip_without_growth() || !guard_begin(3))
		return;
	actor_start(&grower, (int)last_cpu() - 1);
	actor_start(&forker, (int)last_cpu());
	race_park("copy_done", (int)last_cpu(), 1);
	actor_post(&forker, pin_new_root, &mm);
	race_wait_parked("copy_done");
	grow_beside_a_copy(&grower);
	race_release("copy_done");
	actor_wait(&forker);
	actor_wait(&grower);
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT), reaches_pinned());
	actor_run(&forker, adopt_mm, mm);
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT), reaches_pinned() || syncs_at_load());
	actor_stop(&grower);
	actor_stop(&forker);
	guard_end();
}
