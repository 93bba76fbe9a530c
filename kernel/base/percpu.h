/*
 * Variables of which each CPU has its own copy.
 *
 *	DEFINE_PER_CPU(unsigned long, events);
 *	this_cpu_inc(events);			own copy; safe against interrupts for one word
 *	per_cpu(events, cpu)			any CPU's copy, an lvalue
 *
 * this_cpu_ptr() is valid only while the caller cannot migrate (preemption off).
 */
#ifndef KERNEL_BASE_PERCPU_H
#define KERNEL_BASE_PERCPU_H

#include "arch/percpu.h"

/* CPU numbers are 0 .. NR_CPUS - 1, dense, 0 is the boot CPU. xAPIC ids end at 254. */
#define NR_CPUS 255

#define DEFINE_PER_CPU(type, name)  __section(".percpu") type name
#define DECLARE_PER_CPU(type, name) extern type name

#define this_cpu_inc(var) this_cpu_add(var, 1)
#define this_cpu_dec(var) this_cpu_add(var, -1)
#define per_cpu(var, c)   (*per_cpu_ptr(&(var), (c)))

#endif
