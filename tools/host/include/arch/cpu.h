/* Host twin of the running processor. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "kernel/base/types.h"

#define X86_EFLAGS_IF 0x200UL

static inline unsigned int cpu_id(void)
{
	return 0;
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
	return true;
}

static inline void irq_disable(void)
{
}

static inline void irq_enable(void)
{
}

static inline unsigned long irq_save(void)
{
	return X86_EFLAGS_IF;
}

static inline void irq_restore(unsigned long flags)
{
	(void)flags;
}

#endif
