/*
 * Strategy `walk-v2`: the series as it was posted on 13 June 2015, for its holes.
 *
 * Lockless pgd_alloc(), late copy, task walk: what walk.c does, with what the second version had in
 * the place of it. It is kept as it was but for two lines, without which nothing else could be seen:
 * the posting stored into slot 0 of each root (I27), and it took pgd_lock for an RCU read section,
 * which preemptible RCU denies (I11).
 *
 *	fork, exec				growth
 *	  publish root				  store reference slot
 *	  smp_wmb()				  smp_mb()	(there: the LOCK of pgd_lock)
 *	  copy present slots			  walk the tasks, store into each root
 *
 * Broken, and shown to be (docs/invariants.md):
 *	I1	smp_wmb() lets the copy read before the publication is seen: litmus F1
 *	I13	an exiting task gives up tsk->mm and goes on running on the root
 *	I14	a root that a CPU borrows, without a task, is not found
 *	I15	a root that is pinned without a task, and loaded later, is not found either
 */
#include "mm/pgsync/strategy.h"

#include "kernel/base/trace.h"

static void walk_v2_init_late(struct mm_root *root)
{
	preempt_disable();
	/* "Publish before copy": a store and a later load, which this does not order. */
	smp_wmb();
	TRACE(late_fence, root->pgd, false);
	copy_kernel_half(root);
	preempt_enable();
}

static void fill_slot(struct mm_root *root, void *arg)
{
	unsigned int slot = *(unsigned int *)arg;

	TRACE(walk_found, root->pgd, slot);
	set_root_slot(root->pgd, slot, READ_ONCE(swapper_pg_dir[slot]));
	this_cpu_inc(pgsync_cpu_stats.walk_visits);
}

static void sync_global_pgds_v2(unsigned int slot)
{
	rcu_read_lock();
	for_each_task_root(fill_slot, &slot);
	TRACE(walk_done, slot, pgd_gen);
	rcu_read_unlock();
}

PGSYNC_STRATEGY(pgsync_walk_v2) = {
	.name = "walk-v2",
	.reaches = REACHES_TASKS,
	.exit_keeps_root = true,
	.init_late = walk_v2_init_late,
	.sync = sync_global_pgds_v2,
};
