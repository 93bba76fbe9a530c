/* The I/O APICs: see ioapic.h. */
#include "arch/x86/ioapic.h"

#include "arch/x86/acpi.h"
#include "arch/x86/apic.h"
#include "arch/x86/fixmap.h"
#include "kernel/base/errno.h"
#include "mm/vmalloc.h"

/* An index and a data register (82093AA data sheet, 3.0). */
#define IOAPIC_INDEX       0x00
#define IOAPIC_DATA        0x10
#define IOAPIC_VERSION     0x01
#define IOAPIC_REDIRECTION 0x10 /* two registers a pin: low half, high half */
#define IOAPIC_SIZE        0x20 /* bytes of the two registers */

#define REDIRECTION_LOW_ACTIVE (1U << 13)
#define REDIRECTION_LEVEL      (1U << 15)
#define REDIRECTION_MASKED     (1U << 16)

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
		phys_addr_t pa = acpi.madt.ioapics[i].addr;
		u8 *page = fixmap_set(FIX_IOAPIC, ALIGN_DOWN(pa, PAGE_SIZE), PROT_KERNEL_MMIO);
		u8 *regs = page + pa % PAGE_SIZE;
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

/* 0; -ENODEV: the line is not this one's; -ENOMEM. */
static int route(const struct acpi_ioapic *io, u32 gsi, u32 low)
{
	u8 *regs = ioremap(io->addr, IOAPIC_SIZE);
	u32 reg = IOAPIC_REDIRECTION + 2 * (gsi - io->gsi_base);
	int ret = -ENODEV;

	if (!regs)
		return -ENOMEM;
	if (gsi >= io->gsi_base && gsi - io->gsi_base < ioapic_pins(regs)) {
		/* The high half first: the low one unmasks. */
		ioapic_write(regs, reg + 1, (u32)cpu_apic_id[0] << 24);
		ioapic_write(regs, reg, low);
		ret = 0;
	}
	iounmap(regs);
	return ret;
}

int ioapic_route_isa(u8 irq, u16 flags, u8 vector)
{
	struct acpi_override o = override_of(irq, flags);
	u32 low = vector;
	int ret = -ENODEV;

	/* 0 in a field: what the bus has, and ISA is edge-triggered and active high. */
	if ((o.flags & IRQ_LOW) == IRQ_LOW)
		low |= REDIRECTION_LOW_ACTIVE;
	if ((o.flags & IRQ_LEVEL) == IRQ_LEVEL)
		low |= REDIRECTION_LEVEL;
	for (unsigned int i = 0; i < acpi.madt.nr_ioapics && ret == -ENODEV; i++)
		ret = route(&acpi.madt.ioapics[i], o.gsi, low);
	return ret;
}
