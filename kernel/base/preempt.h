/*
 * Preemption: a per-CPU count of reasons why the running task must not be switched away.
 *
 * Bit 31 is set while NO reschedule is wanted, so that one decrement answers both questions: the
 * count is zero only when preemption is allowed and a reschedule is due.
 */
#ifndef KERNEL_BASE_PREEMPT_H
#define KERNEL_BASE_PREEMPT_H

#include "kernel/base/percpu.h"

#define PREEMPT_NO_RESCHED 0x80000000u

DECLARE_PER_CPU(u32, preempt_count);

/* kernel/sched.c; returns with preemption enabled. */
void preempt_schedule(void);

static inline void preempt_disable(void)
{
	this_cpu_inc(preempt_count);
	barrier();
}

static inline void preempt_enable_no_resched(void)
{
	barrier();
	this_cpu_dec(preempt_count);
}

static inline void preempt_enable(void)
{
	barrier();
	this_cpu_dec(preempt_count);
	if (unlikely(this_cpu_read(preempt_count) == 0))
		preempt_schedule();
}

/* Reasons to stay on this CPU, the wish to reschedule left out. */
static inline u32 preempt_depth(void)
{
	return this_cpu_read(preempt_count) & ~PREEMPT_NO_RESCHED;
}

#endif
