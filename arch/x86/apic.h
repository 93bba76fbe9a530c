/*
 * The local APIC in xAPIC mode, and the two legacy controllers that must be silent.
 *
 * arch/ipi.h and arch/timer.h are the public part; here is what the rest of arch/x86 needs.
 * Registers: SDM vol. 3A, 11.4. The I/O APICs: ioapic.h.
 */
#ifndef ARCH_X86_APIC_H
#define ARCH_X86_APIC_H

#include "arch/x86/io.h"
#include "kernel/base/percpu.h"

#define APIC_ID            0x020
#define APIC_TPR           0x080
#define APIC_EOI           0x0b0
#define APIC_SVR           0x0f0
#define APIC_ICR_LOW       0x300
#define APIC_ICR_HIGH      0x310
#define APIC_LVT_TIMER     0x320
#define APIC_LVT_LINT0     0x350
#define APIC_LVT_LINT1     0x360
#define APIC_LVT_ERROR     0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE  0x3e0

/* The timer's divider, fixed: 16 makes 32 bits last 68 s at 1 GHz. */
#define APIC_TIMER_DIVISOR 16

/* NULL until apic_init_boot(). */
extern u8 *apic_regs;

/* APIC id of each CPU number; written by smp_prepare(). */
extern u8 cpu_apic_id[NR_CPUS];

static inline u32 apic_read(unsigned int reg)
{
	return mmio_read32(apic_regs + reg);
}

static inline void apic_write(unsigned int reg, u32 v)
{
	mmio_write32(apic_regs + reg, v);
}

/* End of interrupt: by every handler of VECTOR_TIMER .. VECTOR_STOP, never for VECTOR_SPURIOUS. */
static inline void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

/* APIC id of the running CPU. */
static inline u8 apic_id(void)
{
	return apic_read(APIC_ID) >> 24;
}

/*
 * Boot CPU, once: masks the 8259s and the I/O APICs that acpi_init() found, finds the registers
 * (through the direct map), leaves x2APIC mode if the firmware was in it, then apic_init_cpu().
 */
void apic_init_boot(void);

/* Each CPU: accepts all interrupts, timer stopped. Interrupts off. */
void apic_init_cpu(void);

/* Bring-up of the CPU with this APIC id (SDM vol. 3A, 9.4.4); `page` is physical, below 1 MiB. */
void apic_send_init(u8 id);
void apic_send_startup(u8 id, u32 page);

/* Calibration: counts down from all ones without an interrupt; apic_timer_set_rate() ends it. */
void apic_timer_free_run(void);

/* Counts a second, after the divider. */
void apic_timer_set_rate(u64 hz);

#endif
