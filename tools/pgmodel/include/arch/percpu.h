/*
 * The explorer's twin of per-CPU variables: each CPU's copy of the linker section .percpu follows
 * that of the CPU before (world.ld).
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include "kernel/base/types.h"

extern char __percpu_start[], __percpu_end[];

unsigned int model_cpu(void);

#define PERCPU_SIZE ((unsigned long)(__percpu_end - __percpu_start))

#define per_cpu_ptr(ptr, c) ((__typeof__(ptr))((unsigned long)(ptr) + (c)*PERCPU_SIZE))
#define this_cpu_ptr(ptr)   per_cpu_ptr(ptr, model_cpu())

#define this_cpu_read(var)     READ_ONCE(*this_cpu_ptr(&(var)))
#define this_cpu_write(var, v) WRITE_ONCE(*this_cpu_ptr(&(var)), (v))

/* One instruction, but not a LOCKed one: only its own CPU adds. */
#define this_cpu_add(var, n) ((void)(*this_cpu_ptr(&(var)) += (__typeof__(var))(n)))

#endif
