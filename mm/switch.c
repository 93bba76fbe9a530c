/* Which address space a CPU has loaded: see mm.h; the steps are in switch.h. */
#include "mm/switch.h"

DEFINE_PER_CPU(struct mm_struct *, cpu_loaded_mm);

void switch_mm(struct mm_struct *next)
{
	struct mm_struct *prev = this_cpu_read(cpu_loaded_mm);

	if (prev == next) {
		if (unlikely(this_cpu_read(cpu_tlb_lazy)))
			tlb_resume(next);
		return;
	}
	/* Before the set. Partner: targets_of(). */
	this_cpu_write(cpu_tlb_lazy, false);
	switch_mm_inline(prev, prev && prev != &init_mm, next, next != &init_mm);
}
