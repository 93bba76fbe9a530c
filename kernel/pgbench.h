/*
 * The measuring operations of pgctl (kernel/abi/pgctl.h: PGCTL_BENCH_*), for kernel/pgctl.c, which
 * has checked that they are allowed. Process context; each returns what its operation says.
 */
#ifndef KERNEL_PGBENCH_H
#define KERNEL_PGBENCH_H

#include "kernel/base/types.h"

long pgbench_root(unsigned long rounds, void __user *out);
long pgbench_root_marked(unsigned long rounds);
long pgbench_grow(void __user *out);
long pgbench_sizes(void __user *out);

#endif
