/* Support for the guard tests: see guard.h. */
#include "mm/pgsync/tests/guard.h"

#include "arch/smp.h"
#include "kernel/base/ktest.h"
#include "kernel/base/panic.h"
#include "kernel/sched.h"
#include "kernel/task_mm.h"

static void stay_on(unsigned int first, unsigned int n)
{
	DECLARE_BITMAP(cpus, NR_CPUS) = {0};

	for (unsigned int cpu = first; cpu < first + n; cpu++)
		__set_bit(cpu, cpus);
	ASSERT(sched_set_affinity(current, cpus) == 0);
}

bool guard_begin(unsigned int cpus)
{
	if (cpus_online() < cpus) {
		ktest_skip("too few CPUs");
		return false;
	}
	stay_on(0, 1);
	drain_root_caches();
	return true;
}

bool guard_begin_walk(unsigned int cpus)
{
	if (!walks_tasks()) {
		ktest_skip("growth does not walk the tasks");
		return false;
	}
	return guard_begin(cpus);
}

void guard_end(void)
{
	race_reset();
	test_slots_reset();
	stay_on(0, NR_CPUS);
}

void grow_test_slot(void *unused)
{
	(void)unused;
	KTEST_EXPECT_EQ(grow_slot(TEST_SLOT), 0);
}

void grow_beside_a_copy(struct actor *grower)
{
	actor_post(grower, grow_test_slot, NULL);
	if (strategy_is("list"))
		give_time();
	else
		actor_wait(grower);
}

unsigned int walk_position(const struct task_struct *t)
{
	unsigned int b, n = 0, at = 0;
	struct task_struct *p;

	rcu_read_lock();
	for_each_process (b, p) {
		n++;
		if (p == t)
			at = n;
	}
	rcu_read_unlock();
	return at;
}

struct task_struct *actor_task(const struct actor *a)
{
	struct task_struct *t;

	rcu_read_lock();
	t = find_task(a->pid);
	rcu_read_unlock();
	ASSERT(t);
	return t;
}

void give_time(void)
{
	for (int i = 0; i < 500; i++)
		yield_and_relax();
}

void be_born(void *newborn)
{
	struct newborn *n = newborn;

	n->mm = mm_alloc();
	ASSERT(n->mm);
	n->task = dummy_task(pid_alloc(), NULL);
	n->task->mm = n->mm;
	publish_task(n->task, true);
}

void pass_away(struct newborn *n)
{
	task_table_remove(n->task);
	task_lock(n->task);
	n->task->mm = NULL;
	task_unlock(n->task);
	mmput(n->mm);
	dummy_free(n->task);
}
