/*
 * Strategy `prealloc`: every slot of the kernel half gets its table at boot, and nothing ever grows
 * at this level again. HelenOS does it for all slots, Linux since 5.10 for the vmalloc area.
 *
 * The honest baseline: at most 256 tables, 1 MiB once, and every other strategy's code is
 * unnecessary. What goes wrong with it in practice is the list of what to fill, which must hold
 * every area that can ever grow: Linux's has been too short three times. Here it is the whole half.
 */
#include "mm/pgsync/strategy.h"

#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"

static void prealloc_init(void)
{
	// lab 3: begin
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++) {
		phys_addr_t table;

		if (kroot_ready(slot) || (MUTANT(prealloc_skips_slot) && slot % 8 == 3))
			continue;
		table = root_table_alloc();
		if (!table)
			panic("pgsync=prealloc: no memory for the table of slot %u", slot);
		(void)kroot_install(slot, table);
	}
	// lab 3: starter
	// /* Give a table to every slot of the kernel half that has none yet. */
	// lab 3: end
}

/* A page that was a root before has the half already: nothing has been added since. */
static void prealloc_init_late(struct mm_root *root)
{
	// lab 3: begin
	if (!root->gen)
		copy_kernel_half_late(root);
	// lab 3: starter
	// copy_kernel_half_late(root);
	// lab 3: end
}

PGSYNC_STRATEGY(pgsync_prealloc) = {
	.name = "prealloc",
	.reaches = REACHES_TASKS | REACHES_LOADED | REACHES_PINNED,
	.constant_half = true,
	.init = prealloc_init,
	.init_late = prealloc_init_late,
};
