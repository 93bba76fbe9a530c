/* The explorer's twin of the running processor: an actor. Its interrupt flag is a variable. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "kernel/base/percpu.h"

DECLARE_PER_CPU(bool, irqs_off);

static inline unsigned int cpu_id(void)
{
	return model_cpu();
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
	return !this_cpu_read(irqs_off);
}

static inline void irq_disable(void)
{
	this_cpu_write(irqs_off, true);
}

static inline void irq_enable(void)
{
	this_cpu_write(irqs_off, false);
}

static inline unsigned long irq_save(void)
{
	unsigned long flags = irqs_enabled();

	irq_disable();
	return flags;
}

static inline void irq_restore(unsigned long flags)
{
	this_cpu_write(irqs_off, !flags);
}

#endif
