/* Host twin: one CPU at a time, chosen by `host_cpu`; its copies are offsets into an array. */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include "kernel/base/types.h"

/* A host test is one CPU: the variable itself is CPU 0's copy. */
#define this_cpu_read(var)     (var)
#define this_cpu_write(var, v) ((var) = (v))
#define this_cpu_add(var, n)   ((var) += (n))
#define this_cpu_ptr(ptr)      (ptr)
#define per_cpu_ptr(ptr, c)    ((void)(c), (ptr))

#endif
