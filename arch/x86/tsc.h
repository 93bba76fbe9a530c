/* Calibration of the time-stamp counter and the APIC timer; arch/timer.h has what everyone uses. */
#ifndef ARCH_X86_TSC_H
#define ARCH_X86_TSC_H

/*
 * Boot CPU, once, after acpi_init() and apic_init_boot(): measures both rates in one window of at
 * most 10 ms against the ACPI timer, or the PIT, and reads the wall clock. time_ns() and
 * timer_arm_ns() work from here on. Meant to run while the application CPUs start. Panics when
 * there is nothing to measure against.
 */
void tsc_init(void);

#endif
