/*
 * preempt_enable() as the last step of a short function that returns a pointer: the call of the
 * scheduler becomes a tail call, so that the fast path needs no stack frame to keep its result in.
 */
#ifndef MM_PREEMPT_RETURN_H
#define MM_PREEMPT_RETURN_H

#include "kernel/base/preempt.h"

static noinline __maybe_unused void *preempt_schedule_return(void *result)
{
	preempt_schedule();
	return result;
}

static __always_inline void *preempt_enable_return(void *result)
{
	barrier();
	this_cpu_dec(preempt_count);
	if (unlikely(this_cpu_read(preempt_count) == 0))
		return preempt_schedule_return(result);
	return result;
}

#endif
