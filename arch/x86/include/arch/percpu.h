/*
 * Per-CPU variables by GS.
 *
 * The linker gathers them in .percpu; each CPU has its own copy of that section and GS base is the
 * distance from the section to the copy, so that %gs:variable is one instruction and cannot be
 * split by a migration.
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include "kernel/base/types.h"

#define __percpu_gs(var) (*(__seg_gs __typeof__(var) *)(unsigned long)&(var))

#define this_cpu_read(var)     __percpu_gs(var)
#define this_cpu_write(var, v) (__percpu_gs(var) = (v))
#define this_cpu_add(var, n)   (__percpu_gs(var) += (n))

extern unsigned long percpu_offset[];
extern __seg_gs unsigned long percpu_this_offset_gs __asm__("percpu_this_offset");

#define this_cpu_ptr(ptr)   ((__typeof__(ptr))((unsigned long)(ptr) + percpu_this_offset_gs))
#define per_cpu_ptr(ptr, c) ((__typeof__(ptr))((unsigned long)(ptr) + percpu_offset[(c)]))

#endif
