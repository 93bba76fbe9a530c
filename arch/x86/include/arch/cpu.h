/* The running processor: who it is, its interrupt flag, waiting. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "kernel/base/percpu.h"
#include "kernel/base/types.h"

#define X86_EFLAGS_IF 0x200UL

DECLARE_PER_CPU(unsigned int, cpu_number);

/* The caller must not be able to migrate, or must not mind. */
static inline unsigned int cpu_id(void)
{
	return this_cpu_read(cpu_number);
}

/* Its mark in a lock: cpu_id() + 1, ready-made because every lock that is taken asks. */
DECLARE_PER_CPU(u32, cpu_owner);

static inline u32 cpu_owner_mark(void)
{
	return this_cpu_read(cpu_owner);
}

/* In a spin loop: gives way to a sibling thread, and lets another vCPU run in an emulator. */
static inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline unsigned long irq_flags(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
	return flags;
}

static inline bool irqs_enabled(void)
{
	return irq_flags() & X86_EFLAGS_IF;
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline unsigned long irq_save(void)
{
	unsigned long flags = irq_flags();

	irq_disable();
	return flags;
}

static inline void irq_restore(unsigned long flags)
{
	if (flags & X86_EFLAGS_IF)
		irq_enable();
}

/*
 * Enables interrupts and halts as one step: an interrupt cannot slip in between. Returns after one,
 * with interrupts off again. entry.asm.
 */
void cpu_wait_for_interrupt(void);

/* Time-stamp counter, in its own ticks. */
static inline u64 cpu_cycles(void)
{
	u64 lo, hi; /* RDTSC clears the upper halves of both registers */

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return hi << 32 | lo;
}

/* What user programs are told of the processor, as Linux does (AT_HWCAP): CPUID leaf 1, EDX. */
u32 cpu_hwcap(void);

#endif
