/*
 * Per-CPU areas.
 *
 * CPU 0 uses the linked section itself, in place, with GS base 0: %gs:variable works from the first
 * instruction. Every other CPU gets a copy of the section as it was before anyone wrote to it.
 */
#ifndef ARCH_X86_PERCPU_H
#define ARCH_X86_PERCPU_H

#include "arch/percpu.h"

/* Boot CPU, before any per-CPU variable is written. */
void percpu_init_boot(void);

/*
 * Makes the area of `cpu`; per_cpu(var, cpu) is valid from here on. While early_alloc() works,
 * which panics when memory is short.
 */
void percpu_alloc(unsigned int cpu);

/* The running CPU becomes `cpu`: loads its GS base. First thing in C on an application CPU. */
void percpu_load(unsigned int cpu);

#endif
