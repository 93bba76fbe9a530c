/* The kernel side of pgctl, for kmain. */
#ifndef KERNEL_PGCTL_H
#define KERNEL_PGCTL_H

#include "kernel/base/types.h"

/* Reads `pgctl=` from the command line. */
void pgctl_init(void);

/* Whether the command line lets user programs control the machine: `pgctl=1`. */
bool pgctl_allowed(void);

/*
 * Stops the machine, empties all vmalloc root slots in every root and frees their tables: tests
 * only (mm/pgsync/README.md). The slots emptied, or -EBUSY: a range is in use. May sleep.
 */
long pgctl_reset_slots(void);

/* time_ns() when the first program was about to run. */
extern u64 boot_to_user_ns;

/* Prints the schedule hash and ends the machine with the success or the failure code. */
__noreturn void power_off(bool success);

#endif
