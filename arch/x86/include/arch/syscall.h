/* The system-call instruction. */
#ifndef ARCH_SYSCALL_H
#define ARCH_SYSCALL_H

#include "kernel/base/types.h"

/*
 * Up to six arguments, in the C convention; a result or -errno. Filled by kernel/syscall_table.c.
 */
typedef long (*syscall_fn)(u64, u64, u64, u64, u64, u64);

extern const syscall_fn sys_call_table[];
/* Numbers below it go to the table, others to syscall_unknown(): all of them while calls are traced. */
extern u64 sys_call_count;

/* Each CPU, once. */
void syscall_init_cpu(void);

#endif
