/*
 * The machine's part of start-up, in the order in which kmain() calls it. Boot CPU, interrupts off.
 */
#ifndef ARCH_INIT_H
#define ARCH_INIT_H

#include "kernel/base/compiler.h"

/* Per-CPU variables, the early console, traps: from here on a fault is reported. */
void arch_init_boot(void);

/* After memblock_init(): ACPI tables, the CPUs' per-CPU areas, the final page tables. */
void arch_init_memory(void);

/*
 * After the scheduler knows the running code as its idle task: starts the other CPUs and measures
 * the clocks.
 */
void arch_init_cpus(void);

/* Each application CPU, from its scheduler's start. */
void arch_init_this_cpu(void);

/* The running task goes to user mode with the registers that thread_start_user() has set. */
__noreturn void user_enter(void);

#endif
