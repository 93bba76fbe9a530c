/*
 * Guards of the task walk (I9 to I12, I16): what is at the task where the walk stands, while it
 * stands there.
 */
#include "arch/smp.h"
#include "kernel/base/atomic.h"
#include "kernel/base/ktest.h"
#include "kernel/task_mm.h"
#include "mm/pgsync/tests/guard.h"

/*
 * The walk has read tsk->mm and is about to store into its root; the task exits, and was the last
 * user. A debug build fills the freed mm with poison: without the lock the walk goes on from there.
 */
KTEST(guard, i09_exit_waits_for_the_walk_that_is_at_its_task)
{
	struct mm_struct *mm;
	struct actor task, grower;
	unsigned int cpu;

	if (!guard_begin_walk(3))
		return;
	mm = mm_alloc();
	actor_start(&task, (int)last_cpu());
	actor_start(&grower, (int)last_cpu() - 1);
	actor_run(&task, adopt_new_mm, mm);
	race_park("walk_has_mm", (int)last_cpu() - 1, 1);
	actor_post(&grower, grow_test_slot, NULL);
	cpu = race_wait_parked("walk_has_mm");
	KTEST_EXPECT_EQ(actor_task(&task)->alloc_lock.owner, cpu + 1);
	actor_post(&task, exit_mm, NULL);
	while (!race_passed("exit_begun", (int)last_cpu()))
		yield_and_relax();
	give_time();
	KTEST_EXPECT_EQ(race_passed("exit_unpublished", (int)last_cpu()), 0);
	race_release("walk_has_mm");
	actor_wait(&grower);
	actor_wait(&task);
	KTEST_EXPECT_EQ(race_passed("exit_unpublished", (int)last_cpu()), 1);
	actor_stop(&grower);
	actor_stop(&task);
	guard_end();
}

/* The leader is a zombie, and another thread of the process has the address space. */
KTEST(guard, i10_a_dead_leader_hides_no_thread)
{
	struct mm_struct *mm;
	struct task_struct *leader, *thread;

	if (!guard_begin(1))
		return;
	mm = mm_pinned();
	leader = dummy_task(pid_alloc(), NULL);
	thread = dummy_task(pid_alloc(), leader->group);
	thread->mm = mm;
	task_table_insert(leader);
	task_table_insert(thread);
	KTEST_EXPECT_EQ(times_walked(mm->root), 1);
	grow_test_slot(NULL);
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT), reaches_tasks());
	/* As do_exit() leaves it: no thread any more, and still in the table. */
	list_del_rcu(&leader->thread_node);
	KTEST_EXPECT_EQ(times_walked(mm->root), 1);
	task_table_remove(thread);
	task_table_remove(leader);
	thread->mm = NULL;
	mmput(mm);
	dummy_free(thread);
	dummy_free(leader);
	guard_end();
}

struct probe {
	struct rcu_head rcu;
	bool over;
};

static void grace_period_is_over(struct rcu_head *head)
{
	WRITE_ONCE(container_of(head, struct probe, rcu)->over, true);
}

/*
 * The walk stands on a task that has been taken out of the table, and so still leads to the next
 * one; that one is taken out too and given up. It may not be freed before the walk has gone.
 */
KTEST(guard, i11_no_grace_period_ends_during_the_walk)
{
	static struct probe probe;
	struct task_struct *here, *next;
	struct actor grower;
	int pid;

	if (!guard_begin_walk(2))
		return;
	pid = pid_alloc();
	here = dummy_task(pid, NULL);
	next = dummy_task(pid + TASK_BUCKETS * 100, NULL);
	task_table_insert(here);
	task_table_insert(next);
	actor_start(&grower, (int)last_cpu());
	race_park("walk_at_task", (int)last_cpu(), walk_position(here));
	actor_post(&grower, grow_test_slot, NULL);
	race_wait_parked("walk_at_task");
	task_table_remove(here);
	task_table_remove(next);
	/* As at the end of a real one: the scheduler's claim, which frees the stack, and the table's. */
	task_release(next);
	task_put(next);
	probe.over = false;
	call_rcu(&probe.rcu, grace_period_is_over);
	for (int i = 0; i < 100 && !READ_ONCE(probe.over); i++) {
		rcu_poll();
		yield_and_relax();
	}
	KTEST_EXPECT(!probe.over);
	race_release("walk_at_task");
	actor_wait(&grower);
	rcu_barrier_drain();
	KTEST_EXPECT(probe.over);
	dummy_free(here);
	actor_stop(&grower);
	guard_end();
}

/*
 * exec by a thread that does not lead takes the place of the dead leader in the table, while the
 * walk stands just before that place.
 */
KTEST(guard, i12_a_replaced_task_stays_before_the_walker)
{
	struct task_struct *before, *old, *new, *behind;
	struct mm_struct *mm;
	struct actor grower;
	int pid;

	if (!guard_begin_walk(2))
		return;
	mm = mm_pinned();
	pid = pid_alloc();
	before = dummy_task(pid + TASK_BUCKETS * 100, NULL);
	old = dummy_task(pid, NULL);
	new = dummy_task(pid, old->group);
	behind = dummy_task(pid + TASK_BUCKETS * 200, NULL);
	list_del_rcu(&old->thread_node);
	new->mm = mm;
	task_table_insert(before);
	task_table_insert(old);
	task_table_insert(behind);
	actor_start(&grower, (int)last_cpu());
	race_park("walk_at_task", (int)last_cpu(), walk_position(before));
	actor_post(&grower, grow_test_slot, NULL);
	race_wait_parked("walk_at_task");
	task_table_replace(old, new);
	race_release("walk_at_task");
	actor_wait(&grower);
	KTEST_EXPECT(root_has(mm->root, TEST_SLOT));
	task_table_remove(before);
	task_table_remove(new);
	task_table_remove(behind);
	new->mm = NULL;
	mmput(mm);
	dummy_free(before);
	dummy_free(behind);
	dummy_free(new);
	dummy_free(old);
	actor_stop(&grower);
	guard_end();
}

/* vfork, CLONE_VM: the child's root is the parent's, which has had its copy and has it loaded. */
KTEST(guard, i16_a_shared_root_is_published_as_it_is)
{
	struct mm_struct *mm;
	struct task_struct *child;
	struct actor parent;

	if (!guard_begin(2))
		return;
	mm = mm_alloc();
	actor_start(&parent, (int)last_cpu());
	actor_run(&parent, adopt_new_mm, mm);
	child = dummy_task(pid_alloc(), NULL);
	mmget(mm);
	child->mm = mm;
	publish_task(child, false);
	KTEST_EXPECT_EQ(mm->root->state, ROOT_READY);
	KTEST_EXPECT_EQ(times_walked(mm->root), 2);
	KTEST_EXPECT_EQ(cpu_with_root(mm->root), last_cpu());
	task_table_remove(child);
	child->mm = NULL;
	mmput(mm);
	dummy_free(child);
	actor_stop(&parent);
	guard_end();
}

/* Found by two tasks and on a CPU: the second store of a slot is the first one again. */
KTEST(guard, i16_growth_may_find_a_root_often)
{
	struct mm_struct *mm;
	struct actor a, b;

	if (!guard_begin(2))
		return;
	mm = mm_alloc();
	actor_start(&a, (int)last_cpu());
	actor_start(&b, 0);
	mmget(mm);
	actor_run(&a, adopt_new_mm, mm);
	actor_run(&b, adopt_mm, mm);
	KTEST_EXPECT_EQ(times_walked(mm->root), 2);
	grow_test_slot(NULL);
	KTEST_EXPECT_EQ(root_has(mm->root, TEST_SLOT), reaches_tasks() || reaches_loaded());
	actor_stop(&a);
	actor_stop(&b);
	guard_end();
}
