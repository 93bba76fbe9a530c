/*
 * A fault because of a missing slot, and the strategy that lets it happen.
 *
 * Strategy `fault`: nobody is told. Who touches a slot that its root lacks takes a page fault, and
 * the handler fills it. What Linus Torvalds preferred in the thread of the series, and what Linux
 * did for vmalloc until 5.8.
 *
 * Nothing in fork, nothing in growth; one fault for each root and slot that is ever used there. The
 * price is what must never fault, because the fault itself needs it: the stack that the processor
 * pushes on, the descriptor tables, per-CPU data, the handler (I30). Those have slots from birth.
 *
 * The handler may run anywhere, in an interrupt, in an NMI, half-way through a context switch. So
 * it takes the root from CR3 and from nothing else, takes no lock, allocates nothing, reads the
 * reference and stores one slot (I31).
 */
#include "mm/pgsync/strategy.h"

#include "kernel/base/mutant.h"
#include "kernel/base/trace.h"

static bool fault_fill(unsigned int slot)
{
	// lab 3: begin
	/* Neither tsk->mm nor cpu_next_root: both say what will be loaded, or was. */
	pte_t *pgd = arch_read_root();
	pte_t entry = READ_ONCE(swapper_pg_dir[slot]);

	RACE_POINT(fault_taken);
	if (MUTANT(fault_locks)) {
		spin_lock(&pgd_lock);
		spin_unlock(&pgd_lock);
	}
	if (MUTANT(fault_not_cr3))
		pgd = this_cpu_read(cpu_next_root)->pgd;
	if (!pte_present(entry) || !set_root_slot(pgd, slot, entry))
		return false;
	TRACE(fault_filled, pgd, slot);
	this_cpu_inc(pgsync_cpu_stats.fault_syncs);
	return true;
	// lab 3: starter
	// /* Fill `slot` of the root that this CPU runs on. True: it was empty, and is filled now. */
	// (void)slot;
	// return false;
	// lab 3: end
}

PGSYNC_STRATEGY(pgsync_fault_lazily) = {
	.name = "fault",
	.repairs_faults = true,
	.init_late = copy_kernel_half_late,
	.fault = fault_fill,
};

/* Under every strategy: only one of them has the hook. */
bool pgsync_fault(unsigned long va)
{
	RACE_POINT(fault_asked);
	// lab 3: begin
	if (!strategy->fault || root_slot(va) < ROOT_KERNEL)
		return false;
	if (strategy->fault(root_slot(va)))
		return true;
	/*
	 * Another CPU on the same root was faster, or nothing is mapped there at all. A retry on a
	 * root that lacks the slot would fault for ever.
	 */
	return !MUTANT(fault_not_retried) &&
	       pte_present(READ_ONCE(arch_read_root()[root_slot(va)])) && kernel_maps(va);
	// lab 3: starter
	// /* Ask the strategy, if it has the hook and if it is a slot of the kernel half. */
	// (void)va;
	// return false;
	// lab 3: end
}
