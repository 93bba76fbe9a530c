/* Running a function on other CPUs, by interrupt. */
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

#endif
