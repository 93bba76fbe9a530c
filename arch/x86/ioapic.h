/*
 * The I/O APICs: which interrupt line of the machine becomes which vector on which CPU (82093AA data
 * sheet). All lines are masked at boot; who serves one asks for it: the kernel here, drivers by arch/irq.h.
 */
#ifndef ARCH_X86_IOAPIC_H
#define ARCH_X86_IOAPIC_H

#include "kernel/base/types.h"

/* Boot CPU, once, before any interrupt is allowed: finds them, masks all lines. */
void ioapic_init(void);

/* What a line is: as the flags of a MADT override (ACPI 6.5, table 5.26). */
#define IRQ_LOW   (3 << 0)
#define IRQ_LEVEL (3 << 2)

/*
 * Sends ISA line `irq` to `vector` on the boot CPU. Where it arrives and what it is the MADT's
 * overrides say, else it is what `flags` say. Nobody gets it by arch/irq.h any more. 0, or -ENODEV: no I/O APIC has it.
 */
int ioapic_route_isa(u8 irq, u16 flags, u8 vector);

#endif
