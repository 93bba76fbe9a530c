/*
 * Memory that is plugged in and pulled out: who asks mm/hotplug.h for it.
 *
 * A kernel thread waits for the machine's event (an interrupt), looks at every slot, adds what is new
 * and gives back what shall go, or says why not, to the log and to who asked.
 */
#ifndef KERNEL_MEMHP_H
#define KERNEL_MEMHP_H

#include "kernel/base/types.h"

/* Adds what is plugged in already, then starts the thread. Boot, once, all CPUs online. */
void memhp_init(void);

/*
 * Gets everybody out of a range that memory_add() added, and takes it away. 0;
 * -EBUSY: somebody keeps pages, *in_use of them; -ENOMEM: they have no room elsewhere; the range is
 * as before. -ENOENT: there is none. May sleep.
 */
int memhp_vacate(phys_addr_t start, u64 *in_use);

struct memhp_counts {
	u64 added, add_failed, removed, refused; /* ranges since boot */
};
struct memhp_counts memhp_get_counts(void);

#endif
