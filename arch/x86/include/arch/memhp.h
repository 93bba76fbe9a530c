/*
 * Memory slots of the machine: DIMMs that are plugged in and pulled out while the system runs. For
 * kernel/memhp.c, one caller at a time, in process context.
 */
#ifndef ARCH_MEMHP_H
#define ARCH_MEMHP_H

#include "kernel/base/types.h"

struct memhp_slot {
	phys_addr_t start;
	u64 bytes;
	bool enabled; /* a DIMM is in the slot */
	bool removal; /* somebody wants to have it out */
};

/* How many slots there are; 0: memory does not come and go on this machine. */
unsigned int memhp_slots(void);

/*
 * event() will be called in interrupt context when something may have changed in a slot, once for
 * each memhp_events_on(). 0, or -ENODEV: the machine cannot tell.
 */
int memhp_watch(void (*event)(void));
/* Around a look at all slots: nothing that happens after memhp_events_seen() is missed. */
void memhp_events_seen(void);
void memhp_events_on(void);

/* What is in a slot. The slot's own record of events is cleared: each removal is told once. */
struct memhp_slot memhp_read(unsigned int slot);

/* How an arrival went, and why a removal was refused, for who asked for it (ACPI's _OST). */
void memhp_report_arrival(unsigned int slot, bool added);
void memhp_report_refusal(unsigned int slot);

/* The DIMM may go: nothing may touch it any more. */
void memhp_eject(unsigned int slot);

#endif
