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
 * The last two meet like fork and growth do: load publishes the root in cpu_loaded_root, smp_mb(),
 * reads the generation; growth writes the generation, smp_mb(), reads cpu_loaded_root (litmus H1).
 */
#include "mm/pgsync/strategy.h"

#include "arch/smp.h"

struct slot_range {
	unsigned int first, last;
};

static void walk_alloc(struct mm_root *root)
{
	(void)root;
}

static void walk_free(struct mm_root *root)
{
	(void)root;
}

static void walk_init_late(struct mm_root *root)
{
	/* Partner: smp_mb() in kroot_install(). A write barrier is not enough (litmus F1). */
	preempt_disable();
	smp_mb();
	copy_kernel_half(root);
	preempt_enable();
}

static void walk_load(struct mm_root *root)
{
	/*
	 * cpu_loaded_root before the generation. Partner: smp_mb() in kroot_install() (litmus H2).
	 */
	smp_mb();
	if (unlikely(READ_ONCE(root->gen) != READ_ONCE(pgd_gen)))
		this_cpu_add(pgsync_cpu_stats.late_syncs, copy_kernel_half(root));
}

static void fill_range(struct mm_root *root, void *arg)
{
	const struct slot_range *range = arg;

	for (unsigned int slot = range->first; slot <= range->last; slot++) {
		pte_t entry = READ_ONCE(swapper_pg_dir[slot]);

		if (pte_present(entry))
			set_root_slot(root, slot, entry);
	}
	this_cpu_inc(pgsync_cpu_stats.walk_visits);
}

static void sync_global_pgds(unsigned int first, unsigned int last)
{
	struct slot_range range = {first, last};
	unsigned int cpu;

	/* pgd_lock is no RCU read section: preemption off does not hold up a grace period (I11). */
	rcu_read_lock();
	for_each_task_root(fill_range, &range);
	for_each_online_cpu (cpu) {
		struct mm_root *root = loaded_root(cpu);

		/* Alive or type-stable until rcu_read_unlock(): see struct mm_root. */
		if (root && root != &swapper_root)
			fill_range(root, &range);
	}
	rcu_read_unlock();
}

const struct pgsync_strategy pgsync_walk = {
	.name = "walk",
	.syncs_at_load = true,
	.alloc = walk_alloc,
	.init_late = walk_init_late,
	.free = walk_free,
	.sync = sync_global_pgds,
	.load = walk_load,
};
