/*
 * Interrupt lines of devices: what the machine has, and whether they may interrupt.
 *
 * A line is an input of the I/O APICs by its global number (ACPI 6.5, 5.2.13). All are masked until somebody routes
 * them. The kernel's own lines are not to be had here.
 */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include "kernel/base/types.h"

/* Lines that can be used; a machine may have fewer. */
#define IRQ_LINES 128

struct irq_input {
	u32 line;
	bool level; /* else it is an edge that counts */
	bool low;   /* active low */
};

/* What ISA interrupt `irq` is: where it arrives, and how, as the firmware says. */
struct irq_input irq_of_isa(u8 irq);

/* 0; -ENODEV: there is no such line; -EBUSY: the kernel uses it itself. */
int irq_check_line(u32 line);

/*
 * From now on the line, which irq_check_line() finds good, interrupts the running CPU: irq_line_interrupt()
 * (arch/trap.h). Interrupts off.
 */
void irq_route(const struct irq_input *input);

/*
 * Of a line that was routed. The line is as asked when they return, but an interrupt that was on its way before may
 * still come. Interrupts off.
 *
 * An edge that comes while the line is masked is lost; a level interrupts when it is unmasked.
 */
void irq_mask(u32 line);
void irq_unmask(u32 line);

/* For tests: what the I/O APIC says of a line that exists. */
bool irq_is_masked(u32 line);

#endif
