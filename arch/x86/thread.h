/* Task contexts, the part that only arch/x86 uses. */
#ifndef ARCH_X86_THREAD_H
#define ARCH_X86_THREAD_H

#include "kernel/base/percpu.h"

/* Top of the running task's kernel stack: SYSCALL begins there. */
DECLARE_PER_CPU(u64, cpu_kernel_stack);

/* Once, on the boot CPU, before the first task. */
void thread_init_boot(void);

#endif
