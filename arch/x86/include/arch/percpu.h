/*
 * Per-CPU variables by GS.
 *
 * The linker gathers them in .percpu; each CPU has its own copy of that section and GS base is the
 * distance from the section to the copy, so that %gs:variable is one instruction: it cannot be
 * split by an interrupt or a migration.
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include "kernel/base/types.h"

#define __percpu_gs(var) (*(__seg_gs __typeof__(var) *)(unsigned long)&(var))

#define this_cpu_read(var)     __percpu_gs(var)
#define this_cpu_write(var, v) ((void)(__percpu_gs(var) = (v)))

#define __percpu_rmw(op, var, n)                                                                   \
	do {                                                                                       \
		_Static_assert(sizeof(var) == 4 || sizeof(var) == 8, "one word");                  \
		if (sizeof(var) == 4)                                                              \
			__asm__ volatile(op "l %1, %%gs:%0" : "+m"(var) : "ri"((u32)(n)) : "cc");  \
		else                                                                               \
			__asm__ volatile(op "q %1, %%gs:%0" : "+m"(var) : "re"((u64)(n)) : "cc");  \
	} while (0)

#define this_cpu_add(var, n) __percpu_rmw("add", var, n)
#define this_cpu_and(var, n) __percpu_rmw("and", var, n)
#define this_cpu_or(var, n)  __percpu_rmw("or", var, n)

/* Adds, and gives what was there before: one instruction. A word of 8 bytes. */
#define this_cpu_fetch_add(var, n)                                                                 \
	({                                                                                         \
		u64 was__ = (n);                                                                   \
		_Static_assert(sizeof(var) == 8, "one word");                                      \
		__asm__ volatile("xaddq %0, %%gs:%1" : "+r"(was__), "+m"(var) : : "cc");           \
		was__;                                                                             \
	})

extern unsigned long percpu_offset[];
extern __seg_gs unsigned long percpu_this_offset_gs __asm__("percpu_this_offset");

#define this_cpu_ptr(ptr)   ((__typeof__(ptr))((unsigned long)(ptr) + percpu_this_offset_gs))
#define per_cpu_ptr(ptr, c) ((__typeof__(ptr))((unsigned long)(ptr) + percpu_offset[(c)]))

#endif
