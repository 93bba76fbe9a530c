/*
 * The call behind TRACE() (kernel/base/trace.h).
 *
 * It goes by way of the stack and leaves every register as it was: a function in which something may be traced is
 * compiled as if nothing were called there. An ordinary call, never made, would cost it 30 instructions a fork, in
 * registers that it saves in vain. The kernel has no red zone, so there is nothing below the stack pointer.
 */
#ifndef ARCH_TRACE_H
#define ARCH_TRACE_H

#include "kernel/base/types.h"

/* trace_write(event, a, b), by arch/x86/trace_call.asm. `event`: a constant. */
static __always_inline void arch_trace_write(const u32 event, u64 a, u64 b)
{
	__asm__ volatile("pushq %2; pushq %1; pushq %0; call trace_call"
			 :
			 : "i"(event), "r"(a), "r"(b)
			 : "memory");
}

#endif
