/*
 * Pseudo-random numbers from `seed=` on the command line, or from the clock without it. For test
 * schedules, AT_RANDOM and getrandom of test programs: they repeat with the seed, so they are no
 * secret from anybody.
 */
#ifndef KERNEL_RANDOM_H
#define KERNEL_RANDOM_H

#include "kernel/base/types.h"

void random_init(u64 seed);
u64 random_u64(void);

#endif
