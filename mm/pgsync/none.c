/*
 * Strategy `none`: a root has the slots that were there when it was made, and nothing afterwards.
 * The bug, for looking at.
 */
#include "mm/pgsync/strategy.h"

PGSYNC_STRATEGY(pgsync_none) = {
	.name = "none",
	.init_late = copy_kernel_half_late,
};
