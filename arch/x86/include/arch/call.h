/* Running a function on other CPUs, by interrupt or by NMI. */
#ifndef ARCH_CALL_H
#define ARCH_CALL_H

#include "kernel/base/bitops.h"
#include "kernel/base/percpu.h"

/*
 * Runs fn(arg) on each CPU of `mask` but the calling one, in interrupt context there, and returns
 * when all have. Returns how many interrupts were sent: a CPU that has one on its way already needs
 * no second. Interrupts on; no spin lock held that one of them may wait for with interrupts off
 * (I32).
 */
unsigned int cpu_call_mask(const unsigned long *mask, void (*fn)(void *), void *arg);

/*
 * Runs fn(arg) on another online CPU in a non-maskable interrupt, whatever that CPU is about, and
 * returns when it has. fn takes no lock and allocates nothing; it may take a page fault of the
 * kernel's own. One call at a time in the machine, because the return from such a fault lets the
 * next NMI in (SDM vol. 3A, 6.7.1). It returns before the other CPU has left its handler: after an
 * fn that has faulted, a second NMI there would overwrite the first one's frame. So let that CPU
 * answer a cpu_call_mask() in between, for which it must have left. Process context.
 */
void cpu_call_nmi(unsigned int cpu, void (*fn)(void *), void *arg);

#endif
