/*
 * Strategy `walk`: the 2015 series, completed. The default.
 *
 * A new root is published first (on the task list, or in tsk->mm) and copies the kernel half
 * afterwards; growth stores the reference slot first and looks for roots afterwards. A full barrier
 * on each side between the two steps, and no root can be missed:
 *
 *	fork, exec				growth
 *	  publish root				  store reference slot
 *	  smp_mb()				  smp_mb()		(kroot_install)
 *	  copy present slots			  walk the tasks, store into each root
 *
 * If growth does not find the root, the root was published after the walk looked, so after growth's
 * barrier, and its copy sees the slot. pgd_alloc() and pgd_free() take no lock.
 *
 * What a task walk cannot find (I13 to I15) is found otherwise:
 *
 *	a root that is loaded but no task's (an idle CPU's or kernel thread's borrowed root)
 *		growth also visits the root that each CPU has loaded;
 *	a root that neither a task nor a CPU holds (pinned, to be loaded later)
 *		gets what it lacks when it is loaded: it remembers the generation of its copy.
 *
 * Both are in loaded.c.
 */
#include "mm/pgsync/strategy.h"

#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/trace.h"

static void walk_alloc(struct mm_root *root)
{
	/* Nothing: whatever is copied here, growth may come before the root can be found (I5). */
	if (MUTANT(copy_early))
		copy_kernel_half_late(root);
}

static void walk_init_late(struct mm_root *root)
{
	// lab 4: begin
	if (MUTANT(copy_early))
		return;
	preempt_disable();
	/* Partner: smp_mb() in kroot_install(). A write barrier is not enough (litmus F1). */
	if (MUTANT(fork_wmb))
		smp_wmb();
	else
		smp_mb();
	TRACE(late_fence, root->pgd, !MUTANT(fork_wmb));
	/* The half is empty since pgd_alloc(); emptied here it could undo growth's store (I4). */
	if (MUTANT(zero_late))
		clear_kernel_half(root);
	copy_kernel_half(root);
	preempt_enable();
	// lab 4: starter
	// /* The task walk can find the root from now on. What must come before the copy? */
	// copy_kernel_half_late(root);
	// lab 4: end
}

// lab 4: begin
static void fill_slot(struct mm_root *root, void *arg)
{
	unsigned int slot = *(unsigned int *)arg;

	TRACE_RACE_POINT(walk_found, root->pgd, slot);
	if (MUTANT(walk_stores_once) && pte_present(root->pgd[slot]))
		panic("slot %u is there already", slot);
	/* By its index: the posting stored into slot 0 of each root (I27). */
	set_root_slot(root->pgd, MUTANT(slot_index) ? 0 : slot, READ_ONCE(swapper_pg_dir[slot]));
	this_cpu_inc(pgsync_cpu_stats.walk_visits);
}
// lab 4: end

static void sync_global_pgds(unsigned int slot)
{
	// lab 4: begin
	/* pgd_lock is no RCU read section: preemption off does not hold up a grace period (I11). */
	if (!MUTANT(walk_no_rcu))
		rcu_read_lock();
	/* Once: whoever is published meanwhile copies for himself (I41). */
	for_each_task_root(fill_slot, &slot);
	if (MUTANT(walk_twice))
		for_each_task_root(fill_slot, &slot);
	TRACE_RACE_POINT(walk_done, slot, pgd_gen);
	if (!MUTANT(walk_no_loaded))
		sync_loaded_roots(slot);
	if (!MUTANT(walk_no_rcu))
		rcu_read_unlock();
	// lab 4: starter
	// /* The reference slot is stored, pgd_lock is held. Let every root have it. */
	// (void)slot;
	// lab 4: end
}

PGSYNC_STRATEGY(pgsync_walk) = {
	.name = "walk",
	.reaches = REACHES_TASKS | REACHES_LOADED,
	.syncs_at_load = true,
	.alloc = walk_alloc,
	.init_late = walk_init_late,
	.sync = sync_global_pgds,
};
