/*
 * Interrupts between CPUs.
 *
 * All calls may be made in any context, interrupts on or off. Whatever the caller stored before is
 * visible to the interrupted handler: the write to the interrupt command register is to uncached
 * memory, which x86 does not pass ahead of earlier stores (SDM vol. 3A, 9.2.2).
 */
#ifndef ARCH_IPI_H
#define ARCH_IPI_H

#include "kernel/base/types.h"

/* Makes one online CPU look at its run queue. */
void ipi_resched(unsigned int cpu);

/* Interrupts one online CPU, which may be the running one. */
void ipi_send(unsigned int cpu, u8 vector);

/* Interrupts every CPU of a bitmap of NR_CPUS bits, all of them online; the running CPU is left
 * out. */
void ipi_send_mask(const unsigned long *mask, u8 vector);

/*
 * Non-maskable interrupt to one online CPU, which may be the running one. One that nobody expects
 * there is a panic: cpu_call_nmi() in arch/call.h.
 */
void ipi_nmi(unsigned int cpu);

/* Non-maskable interrupt to all other online CPUs; nothing happens before the APIC is on. For
 * panic(). */
void ipi_broadcast_nmi(void);

#endif
