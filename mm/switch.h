/*
 * From one address space to another, inline: for switch_mm(), and for the direct switch (kernel/switch.h), which is too
 * short for a call. Everybody else calls switch_mm().
 */
#ifndef MM_SWITCH_H
#define MM_SWITCH_H

#include "kernel/base/mutant.h"
#include "kernel/base/racepoint.h"
#include "mm/pgsync/load.h"
#include "mm/tlb.h"

/*
 * `prev`, which is loaded, gives way to `next`, which is another one. prev_user, next_user: whether it is a
 * process's, and not init_mm (or, at boot, nothing). Interrupts off, and this CPU is not lazy (mm/tlb.h).
 */
static __always_inline void switch_mm_inline(struct mm_struct *prev, bool prev_user,
					     struct mm_struct *next, bool next_user)
{
	unsigned int cpu = cpu_id();

	ASSERT(!DEBUG_KERNEL || !this_cpu_read(cpu_tlb_lazy));
	/* In the set before anything is loaded, out of it after the old translations are gone. */
	tlb_load_begin(next, next_user, cpu);
	this_cpu_write(cpu_loaded_mm, next);
	load_root_inline(next->root, !next_user);
	RACE_POINT(mm_loaded);
	if (MUTANT(load_gen_late))
		tlb_load_begin(next, next_user, cpu);
	if (prev_user)
		clear_bit(cpu, prev->cpus);
}

#endif
