/*
 * The task table and what hangs on it: pids, lookups, the walk that growth uses, birth and death of
 * kernel threads.
 */
#include "arch/cpu.h"
#include "arch/smp.h"
#include "kernel/base/atomic.h"
#include "kernel/base/ktest.h"
#include "kernel/drain.h"
#include "kernel/sched.h"
#include "kernel/tests/actor.h"
#include "kernel/tests/dummy.h"
#include "kernel/workers.h"
#include "mm/buddy.h"
#include "mm/mm.h"

static bool findable(int pid)
{
	bool found;

	rcu_read_lock();
	found = find_task(pid) != NULL;
	rcu_read_unlock();
	return found;
}

KTEST(task, a_thread_is_found_while_it_lives)
{
	struct task_struct *t;
	struct actor a;

	actor_start(&a, (int)(cpus_online() - 1));
	rcu_read_lock();
	t = find_task(a.pid);
	KTEST_EXPECT(t && t->pid == a.pid && t->group->tgid == a.pid && t->group->leader == t);
	KTEST_EXPECT(!find_task(0));
	rcu_read_unlock();
	actor_stop(&a);
	KTEST_EXPECT(!findable(a.pid));
}

/* --- pids --- */

#define PIDS_EACH 100
#define PIDS_CPUS 64
#define PID_LIMIT 4194304
/* A bit for each pid. */
#define TAKEN_ORDER 7

static int pids[PIDS_CPUS * PIDS_EACH];

static int take_pids(void *number)
{
	int *mine = &pids[(unsigned long)number * PIDS_EACH];

	for (unsigned int i = 0; i < PIDS_EACH; i++) {
		mine[i] = pid_alloc();
		if (i % 16 == 0)
			yield_and_relax();
	}
	return 0;
}

KTEST(task, pids_from_all_cpus_are_unique)
{
	unsigned int n = MIN(cpus_online(), PIDS_CPUS) * PIDS_EACH, twice = 0;
	struct page *bitmap = alloc_pages(TAKEN_ORDER, GFP_ZERO);
	u8 *taken = page_address(bitmap);

	run_crowd(n / PIDS_EACH, take_pids);
	for (unsigned int i = 0; i < n; i++) {
		KTEST_EXPECT(pids[i] > 0 && pids[i] < PID_LIMIT);
		twice += (taken[pids[i] / 8] >> (pids[i] % 8)) & 1;
		taken[pids[i] / 8] |= 1 << (pids[i] % 8);
	}
	KTEST_EXPECT_EQ(twice, 0);
	free_pages(bitmap, TAKEN_ORDER);
}

/* --- the walk --- */

static unsigned int times_seen(const struct task_struct *t)
{
	struct task_struct *p;
	unsigned int b, n = 0;

	rcu_read_lock();
	for_each_process (b, p)
		n += p == t;
	rcu_read_unlock();
	return n;
}

/*
 * exec by a thread that does not lead: it takes the leader's place in one store (I12). Who stands on
 * the old node goes on to what came behind it, and who comes later meets the new one.
 */
KTEST(task, replacing_a_task_hides_nobody_from_a_walker)
{
	int pid = pid_alloc();
	struct task_struct *before = dummy_task(pid + TASK_BUCKETS * 100, NULL),
			   *old = dummy_task(pid, NULL);
	struct task_struct *new = dummy_task(pid, NULL),
			   *behind = dummy_task(pid + TASK_BUCKETS * 200, NULL);
	struct list_head *walker;

	task_table_insert(before);
	task_table_insert(old);
	task_table_insert(behind);
	rcu_read_lock();
	walker = &old->table_node;
	task_table_replace(old, new);
	KTEST_EXPECT(walker->next == &behind->table_node);
	KTEST_EXPECT(before->table_node.next == &new->table_node);
	KTEST_EXPECT(find_task(pid) == new);
	rcu_read_unlock();
	KTEST_EXPECT_EQ(times_seen(old), 0);
	KTEST_EXPECT_EQ(times_seen(new), 1);
	KTEST_EXPECT_EQ(times_seen(before), 1);
	KTEST_EXPECT_EQ(times_seen(behind), 1);
	task_table_remove(before);
	task_table_remove(new);
	task_table_remove(behind);
	KTEST_EXPECT(!findable(pid));
	dummy_free(before);
	dummy_free(old);
	dummy_free(new);
	dummy_free(behind);
}

/* The leader is dead, another thread runs: the walk must find the address space (I10). */
KTEST(task, a_dead_leader_does_not_hide_its_threads)
{
	struct task_struct *leader = dummy_task(pid_alloc(), NULL),
			   *thread = dummy_task(pid_alloc(), NULL), *found;
	struct mm_struct *mm = mm_alloc();

	rcu_read_lock();
	KTEST_EXPECT(!find_lock_task_mm(leader));
	list_add_tail(&thread->thread_node, &leader->group->threads);
	KTEST_EXPECT(!find_lock_task_mm(leader));
	thread->mm = mm;
	found = find_lock_task_mm(leader);
	KTEST_EXPECT(found == thread);
	KTEST_EXPECT(found && spin_is_held(&found->alloc_lock));
	if (found)
		task_unlock(found);
	/* do_exit() has taken the leader off the list of threads already. */
	list_del_rcu(&leader->thread_node);
	found = find_lock_task_mm(leader);
	KTEST_EXPECT(found == thread);
	if (found)
		task_unlock(found);
	KTEST_EXPECT(!spin_is_held(&leader->alloc_lock));
	rcu_read_unlock();
	thread->mm = NULL;
	mmput(mm);
	dummy_free(thread);
	dummy_free(leader);
}

/* --- death --- */

static u32 ended;

static int end_at_once(void *unused)
{
	(void)unused;
	atomic_inc(&ended);
	return 0;
}

static void nothing(void *unused)
{
	(void)unused;
}

/*
 * Twice as many threads as CPUs at a time, and no more. A thread that has left the table has still
 * to leave its CPU: each worker comes after those that waited on its CPU when it was woken.
 */
static void crowds(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		run_crowd(cpus_online() * 2, end_at_once);
		run_on_each_cpu(nothing, NULL);
		run_on_each_cpu(nothing, NULL);
		rcu_barrier_drain();
	}
	drain_all();
}

/* Task, group and stack of every thread come back. */
KTEST(task, dead_threads_leave_nothing)
{
	u64 before;

	/* Tables that map stacks stay for the next ones; CPUs keep stacks, so each round adds some. */
	crowds(5);
	before = nr_free_pages();
	WRITE_ONCE(ended, 0);
	crowds(5);
	KTEST_EXPECT_EQ(READ_ONCE(ended), cpus_online() * 10);
	KTEST_EXPECT_EQ(nr_free_pages(), before);
}
