/*
 * ACPI mode and the platform's general-purpose events (ACPI 6.5, 4.8.4): the FADT says where the
 * registers are, and which interrupt line, the SCI, tells of them.
 *
 *	acpi_gpe_watch(gpe, fn)		fn() in interrupt context when the event comes, once
 *	acpi_gpe_ack(gpe)		forgets that it has come: before its cause is looked for
 *	acpi_gpe_arm(gpe)		lets it come again: afterwards
 *
 * What comes between the two is told after acpi_gpe_arm(). Nobody else's events are enabled, no
 * fixed event (buttons, timer) either.
 */
#ifndef ARCH_X86_ACPI_EVENT_H
#define ARCH_X86_ACPI_EVENT_H

#include "kernel/base/types.h"

/* Takes the machine over from the firmware's own handlers, if it is not ours yet. */
void acpi_mode_enable(void);

/*
 * 0: the event will be told, from the first acpi_gpe_arm() on. -ENODEV: the machine has no such
 * event, or no line for it; -ENOSPC: too many are watched. Boot, all CPUs may be running.
 */
int acpi_gpe_watch(u8 gpe, void (*fn)(void));
void acpi_gpe_ack(u8 gpe);
void acpi_gpe_arm(u8 gpe);

/* The SCI, with interrupts off: on return its level has fallen. */
void acpi_sci_interrupt(void);

#endif
