/*
 * Time: a clock since kernel entry, the wall clock at that moment, one one-shot timer per CPU.
 *
 * One tick of time is a nanosecond. The clock is the time-stamp counter, which all CPUs share
 * (constant rate, synchronised by the hardware or the emulator); reading it takes no lock.
 */
#ifndef ARCH_TIMER_H
#define ARCH_TIMER_H

#include "arch/cpu.h"

/* TSC at kernel entry, written by boot/entry.asm. */
extern u64 boot_entry_tsc;

/* Nanoseconds a TSC tick, 32.32 fixed point; 0 until tsc_init() has measured, constant then. */
extern u64 tsc_mult;
extern u64 tsc_khz;

/* Nanoseconds of the epoch (1970, UTC) at kernel entry, from the real-time clock; whole seconds. */
extern u64 wall_time_ns_at_boot;

/* TSC ticks to nanoseconds; overflows after 584 years. */
static inline u64 tsc_to_ns(u64 ticks)
{
	return (u64)(((unsigned __int128)ticks * READ_ONCE(tsc_mult)) >> 32);
}

/* Nanoseconds since kernel entry, monotonic; 0 until tsc_init() has measured. Any context. */
static inline u64 time_ns(void)
{
	return tsc_to_ns(cpu_cycles() - boot_entry_tsc);
}

/*
 * Arms this CPU's timer: one interrupt at VECTOR_TIMER in delta_ns, or earlier when that is more
 * than a minute (the handler compares with time_ns() and arms again). Replaces what was armed
 * before. Interrupts off, after tsc_init().
 */
void timer_arm_ns(u64 delta_ns);

/* Interrupts off. An interrupt that is already pending still arrives. */
void timer_stop(void);

/* Waits, spinning. Any context, also before tsc_init(). */
void delay_us(unsigned int us);

#endif
