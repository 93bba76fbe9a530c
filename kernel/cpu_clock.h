/*
 * Clocks of CPU time: what a process or a thread has computed. clock_gettime(2) names one by a negative
 * number that holds a pid: the complement of the pid, three bits to the left, and below it what follows.
 */
#ifndef KERNEL_CPU_CLOCK_H
#define KERNEL_CPU_CLOCK_H

#include "kernel/base/types.h"

#define CPU_CLOCK_WHICH  3                      /* mask of the kind: all its time, */
#define CPU_CLOCK_USER   1                      /* in user mode only, */
#define CPU_CLOCK_SCHED  2                      /* or all again, by another name */
#define CPU_CLOCK_THREAD 4                      /* of one thread; else of the process */
#define CPU_CLOCK_MINE   (-8 | CPU_CLOCK_SCHED) /* pid 0: of whoever asks */

/* 0; -EINVAL: `clock` is none, its process is gone, or its thread not of the caller's process. */
int cpu_clock_now(int clock, u64 *ns);

#endif
