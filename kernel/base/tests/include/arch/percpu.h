/*
 * Per-CPU variables for host tests with several CPUs: a thread says by `host_cpu` which CPU it is.
 *
 * The variable itself is CPU 0's copy; the others' are in copies of the program's whole data,
 * host_percpu_offset away. Several threads may be the same CPU, so an addition is atomic, as one
 * instruction is against interrupts.
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include "kernel/base/types.h"

#define HOST_CPUS 4

extern __thread unsigned int host_cpu;
extern unsigned long host_percpu_offset[HOST_CPUS];

#define per_cpu_ptr(ptr, c) ((__typeof__(ptr))((unsigned long)(ptr) + host_percpu_offset[(c)]))
#define this_cpu_ptr(ptr)   per_cpu_ptr(ptr, host_cpu)

#define this_cpu_read(var)     READ_ONCE(*this_cpu_ptr(&(var)))
#define this_cpu_write(var, v) WRITE_ONCE(*this_cpu_ptr(&(var)), (v))
#define this_cpu_add(var, n)                                                                       \
	((void)__atomic_add_fetch(this_cpu_ptr(&(var)), (__typeof__(var))(n), __ATOMIC_RELAXED))

#endif
