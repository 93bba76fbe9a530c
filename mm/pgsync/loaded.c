/*
 * Roots that CPUs have loaded, whoever they belong to: what a task walk cannot find (I13, I14).
 *
 * A CPU says in cpu_next_root what it is about to load, before it looks at the generation; growth
 * counts the generation up before it looks at cpu_next_root. A full barrier on each side between
 * the two, so at least one of them sees the other (store buffering, litmus H1 to H4):
 *
 *	load					growth
 *	  cpu_next_root = root			  store reference slot, pgd_gen + 1
 *	  smp_mb()				  smp_mb()	(kroot_install)
 *	  gen differs? copy again		  visit cpu_next_root of every CPU,
 *	  write CR3				  then cpu_loaded_root
 *	  cpu_loaded_root = root
 *
 * Until CR3 is written the CPU runs on the root that it leaves: cpu_loaded_root still names that
 * one. Growth reads the two in the order in which they are written. So if it has seen a root as
 * next, it sees that one or a later one as loaded; and if it has not, the CPU's look at the
 * generation comes after this growth, and until then the CPU runs on what growth sees as loaded.
 *
 * Growth visits the CPUs of cpu_online_mask. A CPU that joins while growth runs is either visited,
 * or was not in the mask when growth looked (I38). Then its bit comes after that look, and after the
 * smp_mb() before it; so the new generation comes before the bit, and before each look that the CPU
 * takes at the generation from then on: the same shape once more, with the bit as cpu_next_root.
 *
 *	join					growth
 *	  CR3 is the reference already		  store reference slot, pgd_gen + 1
 *	  cpu_online_mask |= cpu		  smp_mb()
 *	  smp_mb()	(sync_at_load)		  visit who is in cpu_online_mask
 *	  gen differs? copy again
 *
 * Until its first load of another root the CPU is on the reference, which growth stores into before
 * all else: nothing can be missing there, visited or not.
 *
 * The left sides are in load.h.
 *
 * No interrupt is sent and none is waited for: the grower stores into a root that another CPU runs
 * on, and none to present needs no flush there (I34; SDM vol. 3A, 4.10.4.3).
 */
#include "mm/pgsync/strategy.h"

#include "arch/cpu.h"
#include "arch/smp.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/trace.h"

/* The root is alive or type-stable until rcu_read_unlock(): see struct mm_root. */
static void fill_loaded(struct mm_root *root, unsigned int slot)
{
	if (!root || root == &swapper_root)
		return;
	TRACE_RACE_POINT(loaded_found, root->pgd, slot);
	set_root_slot(root->pgd, slot, READ_ONCE(swapper_pg_dir[slot]));
	this_cpu_inc(pgsync_cpu_stats.walk_visits);
}

void sync_loaded_roots(unsigned int slot)
{
	// lab 5: begin
	unsigned int cpu;

	for_each_online_cpu (cpu) {
		struct mm_root *next, *loaded;

		if (MUTANT(walk_skips_self) && cpu == cpu_id())
			continue;
		loaded = loaded_root(cpu);
		next = READ_ONCE(per_cpu(cpu_next_root, cpu));
		/* Partner: the order of the two stores in load_root(), CR3 in between. */
		smp_rmb();
		if (!MUTANT(loaded_read_first))
			loaded = loaded_root(cpu);
		fill_loaded(next, slot);
		if (loaded != next)
			fill_loaded(loaded, slot);
	}
	// lab 5: starter
	// /* Every root that a CPU runs on, or is about to run on. So far the grower sees to itself. */
	// fill_loaded(loaded_root(cpu_id()), slot);
	// lab 5: end
}

void pgsync_cpu_join(void)
{
	ASSERT(!irqs_enabled());
	if (!MUTANT(join_after_load))
		cpu_set_online(cpu_id());
}

void copy_at_load(struct mm_root *root)
{
	TRACE(load_behind, root->pgd, root->gen);
	this_cpu_add(pgsync_cpu_stats.late_syncs, copy_kernel_half(root));
}
