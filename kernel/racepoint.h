/*
 * Directing the schedule at race points (kernel/base/racepoint.h); debug builds.
 *
 *	race_passed(point, cpu)		how often a point was passed
 */
#ifndef KERNEL_RACEPOINT_H
#define KERNEL_RACEPOINT_H

#include "kernel/base/types.h"

#define RACE_ANY_CPU (-1)

/* Boot CPU, when the per-CPU areas are there: gives equal names equal numbers. */
void race_init(void);

/* How often CPU `cpu` has passed the point since boot, or all CPUs together (RACE_ANY_CPU). */
u64 race_passed(const char *point, int cpu);

#endif
