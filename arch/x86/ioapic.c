/* The I/O APICs: see ioapic.h. */
#include "arch/x86/ioapic.h"

#include "arch/x86/acpi.h"
#include "arch/x86/apic.h"
#include "arch/x86/fixmap.h"
#include "kernel/base/errno.h"

/* An index and a data register (82093AA data sheet, 3.0). */
#define IOAPIC_INDEX       0x00
#define IOAPIC_DATA        0x10
#define IOAPIC_VERSION     0x01
#define IOAPIC_REDIRECTION 0x10 /* two registers a pin: low half, high half */

#define REDIRECTION_LOW_ACTIVE (1U << 13)
#define REDIRECTION_LEVEL      (1U << 15)
#define REDIRECTION_MASKED     (1U << 16)

static u8 *ioapic_regs(unsigned int i)
{
	return fixmap_address(FIX_IOAPIC + i) + acpi.madt.ioapics[i].addr % PAGE_SIZE;
}

/* For good: lines are routed in any context. */
static u8 *ioapic_map(unsigned int i)
{
	phys_addr_t page = ALIGN_DOWN(acpi.madt.ioapics[i].addr, PAGE_SIZE);

	fixmap_set(FIX_IOAPIC + i, page, PROT_KERNEL_MMIO);
	return ioapic_regs(i);
}

static u32 ioapic_read(u8 *regs, u32 reg)
{
	mmio_write32(regs + IOAPIC_INDEX, reg);
	return mmio_read32(regs + IOAPIC_DATA);
}

static void ioapic_write(u8 *regs, u32 reg, u32 v)
{
	mmio_write32(regs + IOAPIC_INDEX, reg);
	mmio_write32(regs + IOAPIC_DATA, v);
}

static u32 ioapic_pins(u8 *regs)
{
	return (ioapic_read(regs, IOAPIC_VERSION) >> 16 & 0xff) + 1;
}

void ioapic_mask_all(void)
{
	for (unsigned int i = 0; i < acpi.madt.nr_ioapics; i++) {
		u8 *regs = ioapic_map(i);
		u32 pins = ioapic_pins(regs);

		for (u32 pin = 0; pin < pins; pin++)
			ioapic_write(regs, IOAPIC_REDIRECTION + 2 * pin, REDIRECTION_MASKED);
	}
}

static struct acpi_override override_of(u8 irq, u16 flags)
{
	for (unsigned int i = 0; i < acpi.madt.nr_overrides; i++)
		if (acpi.madt.overrides[i].irq == irq)
			return acpi.madt.overrides[i];
	return (struct acpi_override){.irq = irq, .gsi = irq, .flags = flags};
}

int ioapic_route_isa(u8 irq, u16 flags, u8 vector)
{
	struct acpi_override o = override_of(irq, flags);
	u32 low = vector;

	/* 0 in a field: what the bus has, and ISA is edge-triggered and active high. */
	if ((o.flags & IRQ_LOW) == IRQ_LOW)
		low |= REDIRECTION_LOW_ACTIVE;
	if ((o.flags & IRQ_LEVEL) == IRQ_LEVEL)
		low |= REDIRECTION_LEVEL;
	for (unsigned int i = 0; i < acpi.madt.nr_ioapics; i++) {
		const struct acpi_ioapic *io = &acpi.madt.ioapics[i];
		u8 *regs = ioapic_regs(i);
		u32 reg = IOAPIC_REDIRECTION + 2 * (o.gsi - io->gsi_base);

		if (o.gsi < io->gsi_base || o.gsi - io->gsi_base >= ioapic_pins(regs))
			continue;
		/* The high half first: the low one unmasks. */
		ioapic_write(regs, reg + 1, (u32)cpu_apic_id[0] << 24);
		ioapic_write(regs, reg, low);
		return 0;
	}
	return -ENODEV;
}
