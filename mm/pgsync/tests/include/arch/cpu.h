/* The running CPU of a host test with several: its number and its interrupt flag are the test's. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "kernel/base/percpu.h"

extern bool host_irqs;

static inline unsigned int cpu_id(void)
{
	return host_cpu;
}

static inline u32 cpu_owner_mark(void)
{
	return cpu_id() + 1;
}

static inline void cpu_relax(void)
{
}

static inline bool irqs_enabled(void)
{
	return host_irqs;
}

static inline unsigned long irq_save(void)
{
	unsigned long flags = host_irqs;

	host_irqs = false;
	return flags;
}

static inline void irq_restore(unsigned long flags)
{
	host_irqs = flags;
}

#endif
