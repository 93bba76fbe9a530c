/*
 * Strategy `none`: a root has the slots that were there when it was made, and nothing afterwards.
 * The bug, for looking at.
 */
#include "mm/pgsync/strategy.h"

static void none_init_late(struct mm_root *root)
{
	preempt_disable();
	copy_kernel_half(root);
	preempt_enable();
}

static void none_root(struct mm_root *root)
{
	(void)root;
}

static void none_sync(unsigned int first, unsigned int last)
{
	(void)first;
	(void)last;
}

const struct pgsync_strategy pgsync_none = {
	.name = "none",
	.alloc = none_root,
	.init_late = none_init_late,
	.free = none_root,
	.sync = none_sync,
	.load = none_root,
};
