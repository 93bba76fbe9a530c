/*
 * Pinning all roots at a quiescent point: processes are frozen, the machine is stopped, and it is
 * verified that the walk has found every root. What mm/pgsync/pin.c needs around it.
 *
 *	pin_all_roots(limit)	every root's table is read-only on every CPU, or nothing is changed
 *	pinned_roots_writable()	asks every CPU
 *	unpin_all_roots()	and back; processes go on
 */
#ifndef KERNEL_PIN_H
#define KERNEL_PIN_H

#include "kernel/base/types.h"

/* How long to wait for the processes to freeze, in virtual time. */
#define PIN_FREEZE_NS (60 * 1000000000UL)

/*
 * Returns the number of roots pinned; the caller unpins them, and does not touch user memory before.
 * -EBUSY: within limit_ns not everybody froze, or after some tries a root was still in the way, one that is
 * being made or that no task has; the log says which. -ENOMEM, -EINTR. Process context, no locks.
 */
int pin_all_roots(u64 limit_ns);
void unpin_all_roots(void);

/*
 * How many pairs of a CPU and a pinned root there are such that a guarded write on the CPU went
 * through; 0 is right. Between pin and unpin.
 */
u64 pinned_roots_writable(void);

#endif
