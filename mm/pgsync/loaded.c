/*
 * Roots that CPUs have loaded, whoever they belong to: what a task walk cannot find (I13, I14).
 *
 * A CPU says in cpu_loaded_root what it is about to load, before it looks at the generation; growth
 * counts the generation up before it looks at cpu_loaded_root. A full barrier on each side between
 * the two, so at least one of them sees the other (store buffering, litmus H1 to H4):
 *
 *	load					growth
 *	  cpu_loaded_root = root		  store reference slot, pgd_gen + 1
 *	  smp_mb()				  smp_mb()	(kroot_install)
 *	  gen differs? copy again		  visit cpu_loaded_root of every CPU
 *
 * No interrupt is sent and none is waited for: the grower stores into a root that another CPU runs
 * on, and none to present needs no flush there (I34; SDM vol. 3A, 4.10.4.3).
 */
#include "mm/pgsync/strategy.h"

#include "arch/smp.h"
#include "kernel/base/mutant.h"
#include "kernel/base/racepoint.h"

void sync_loaded_roots(unsigned int slot)
{
	pte_t entry = READ_ONCE(swapper_pg_dir[slot]);
	unsigned int cpu;

	for_each_online_cpu (cpu) {
		struct mm_root *root = loaded_root(cpu);

		if (MUTANT(walk_skips_self) && cpu == cpu_id())
			continue;
		/* Alive or type-stable until rcu_read_unlock(): see struct mm_root. */
		if (root && root != &swapper_root) {
			RACE_POINT(loaded_found);
			set_root_slot(root->pgd, slot, entry);
			this_cpu_inc(pgsync_cpu_stats.walk_visits);
		}
	}
}

void sync_at_load(struct mm_root *root)
{
	/*
	 * cpu_loaded_root before the generation. Partner: smp_mb() in kroot_install() (litmus H2).
	 */
	if (!MUTANT(load_fence))
		smp_mb();
	if (unlikely(READ_ONCE(root->gen) != READ_ONCE(pgd_gen)) && !MUTANT(load_no_gen))
		this_cpu_add(pgsync_cpu_stats.late_syncs, copy_kernel_half(root));
}
