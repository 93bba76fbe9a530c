/*
 * A root's way into CR3, inline: for load_root(), and for the switch between two address spaces (mm/switch.h). The
 * argument is in loaded.c. Everybody else calls load_root().
 */
#ifndef MM_PGSYNC_LOAD_H
#define MM_PGSYNC_LOAD_H

#include "arch/cpu.h"
#include "arch/smp.h"
#include "kernel/base/debug.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/trace.h"
#include "mm/pgsync/strategy.h"

/* A root that was copied before the last growth is copied again, for the strategies that rely on it. */
static __always_inline void sync_at_load(struct mm_root *root)
{
	// lab 5: begin
	if (!pgsync_syncs_at_load)
		return;
	/*
	 * cpu_next_root before the generation. Partner: smp_mb() in kroot_install() (litmus H2).
	 */
	if (!MUTANT(load_fence))
		smp_mb();
	if (unlikely(READ_ONCE(root->gen) != READ_ONCE(pgd_gen)) && !MUTANT(load_no_gen))
		copy_at_load(root);
	// lab 5: starter
	// /* This CPU is about to run on `root`: cpu_next_root says so. Has it all that it needs? */
	// (void)root;
	// lab 5: end
}

/* `reference`: whether it is swapper_root, which lacks nothing. Interrupts off. */
static __always_inline void load_root_inline(struct mm_root *root, bool reference)
{
	ASSERT(!DEBUG_KERNEL || (!irqs_enabled() && reference == (root == &swapper_root)));
	if (!MUTANT(load_unready))
		ASSERT_MSG(smp_load_acquire(&root->state) == ROOT_READY, "root %p in state %u",
			   (void *)root, root->state);
	/* Growth looks at the roots of online CPUs only (I38). */
	ASSERT(!DEBUG_KERNEL || reference || cpu_online(cpu_id()));
	TRACE(load_begun, root->pgd, root->gen);
	/* First what is coming, last what is there: growth looks in the same order (loaded.c). */
	this_cpu_write(cpu_next_root, root);
	if (MUTANT(load_forgets_left))
		this_cpu_write(cpu_loaded_root, root);
	if (!reference)
		sync_at_load(root);
	RACE_POINT(load_synced);
	arch_write_root(root->pgd);
	this_cpu_write(cpu_loaded_root, root);
	TRACE(root_loaded, root->pgd, root->gen);
	if (MUTANT(join_after_load))
		cpu_set_online(cpu_id());
}

#endif
