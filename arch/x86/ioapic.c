/* The I/O APICs: see ioapic.h. */
#include "arch/x86/ioapic.h"

#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/x86/acpi.h"
#include "arch/x86/apic.h"
#include "arch/x86/fixmap.h"
#include "arch/x86/vectors.h"
#include "kernel/base/bitops.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/spinlock.h"

/* An index and a data register (82093AA data sheet, 3.0). */
#define IOAPIC_INDEX       0x00
#define IOAPIC_DATA        0x10
#define IOAPIC_VERSION     0x01
#define IOAPIC_REDIRECTION 0x10 /* two registers a pin: low half, high half */

#define REDIRECTION_LOW_ACTIVE (1U << 13)
#define REDIRECTION_LEVEL      (1U << 15)
#define REDIRECTION_MASKED     (1U << 16)

static struct ioapic {
	u8 *regs;
	u32 first, pins;     /* its lines */
} ioapics[ACPI_MAX_IOAPICS]; /* constant after boot */

/* Between the write of an index and the access to the data. */
static struct spinlock ioapic_lock = SPINLOCK_INIT(ioapic);

static DECLARE_BITMAP(kernel_lines, IRQ_LINES); /* A */
static u32 line_low[IRQ_LINES];                 /* of those routed by irq_route(): unmasked */

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

void ioapic_init(void)
{
	for (unsigned int i = 0; i < acpi.madt.nr_ioapics; i++) {
		phys_addr_t pa = acpi.madt.ioapics[i].addr;
		u8 *page = fixmap_set(FIX_IOAPIC + i, ALIGN_DOWN(pa, PAGE_SIZE), PROT_KERNEL_MMIO);
		struct ioapic *io = &ioapics[i];

		io->regs = page + pa % PAGE_SIZE;
		io->first = acpi.madt.ioapics[i].gsi_base;
		io->pins = (ioapic_read(io->regs, IOAPIC_VERSION) >> 16 & 0xff) + 1;
		for (u32 pin = 0; pin < io->pins; pin++)
			ioapic_write(io->regs, IOAPIC_REDIRECTION + 2 * pin, REDIRECTION_MASKED);
	}
}

/* --- lines --- */

/* NULL: no I/O APIC has it. */
static const struct ioapic *ioapic_of(u32 line)
{
	for (unsigned int i = 0; i < acpi.madt.nr_ioapics; i++)
		if (line - ioapics[i].first < ioapics[i].pins)
			return &ioapics[i];
	return NULL;
}

/* The low half of a line's entry: vector, kind, mask. The line exists. */
static void set_low(u32 line, u32 low)
{
	const struct ioapic *io = ioapic_of(line);
	u32 reg = IOAPIC_REDIRECTION + 2 * (line - io->first);
	unsigned long flags = spin_lock_irqsave(&ioapic_lock);

	ioapic_write(io->regs, reg, low);
	/* Read back: a write may be on its way to the chip when the next instruction runs. */
	(void)mmio_read32(io->regs + IOAPIC_DATA);
	spin_unlock_irqrestore(&ioapic_lock, flags);
}

static u32 low_half(const struct irq_input *in, u8 vector)
{
	return vector | (in->low ? REDIRECTION_LOW_ACTIVE : 0) |
	       (in->level ? REDIRECTION_LEVEL : 0);
}

/* The line, which exists, to `vector` on `cpu`, unmasked. */
static void route(const struct irq_input *in, u8 vector, unsigned int cpu)
{
	const struct ioapic *io = ioapic_of(in->line);
	u32 reg = IOAPIC_REDIRECTION + 2 * (in->line - io->first);
	unsigned long flags = spin_lock_irqsave(&ioapic_lock);

	ioapic_write(io->regs, reg + 1, (u32)cpu_apic_id[cpu] << 24);
	spin_unlock_irqrestore(&ioapic_lock, flags);
	/* The high half first: the low one unmasks. */
	set_low(in->line, low_half(in, vector));
}

/* Where the MADT has no override it is line `irq`, of the kind that `flags` say. */
static struct irq_input isa_input(u8 irq, u16 flags)
{
	struct acpi_override o = {.irq = irq, .gsi = irq, .flags = flags};

	for (unsigned int i = 0; i < acpi.madt.nr_overrides; i++)
		if (acpi.madt.overrides[i].irq == irq)
			o = acpi.madt.overrides[i];
	/* 0 in a field of an override: what the bus has, and ISA is edge-triggered and active high. */
	return (struct irq_input){
		.line = o.gsi,
		.level = (o.flags & IRQ_LEVEL) == IRQ_LEVEL,
		.low = (o.flags & IRQ_LOW) == IRQ_LOW,
	};
}

int ioapic_route_isa(u8 irq, u16 flags, u8 vector)
{
	struct irq_input in = isa_input(irq, flags);

	if (!ioapic_of(in.line))
		return -ENODEV;
	if (in.line < IRQ_LINES)
		set_bit(in.line, kernel_lines);
	route(&in, vector, 0);
	return 0;
}

/* --- arch/irq.h --- */

struct irq_input irq_of_isa(u8 irq)
{
	return isa_input(irq, 0);
}

int irq_check_line(u32 line)
{
	if (line >= IRQ_LINES || !ioapic_of(line))
		return -ENODEV;
	return test_bit(line, kernel_lines) ? -EBUSY : 0;
}

void irq_route(const struct irq_input *in)
{
	ASSERT(!irqs_enabled() && irq_check_line(in->line) == 0);
	line_low[in->line] = low_half(in, (u8)(VECTOR_DEVICE + in->line));
	route(in, (u8)(VECTOR_DEVICE + in->line), cpu_id());
}

void irq_mask(u32 line)
{
	set_low(line, line_low[line] | REDIRECTION_MASKED);
}

void irq_unmask(u32 line)
{
	set_low(line, line_low[line]);
}

bool irq_is_masked(u32 line)
{
	const struct ioapic *io = ioapic_of(line);
	unsigned long flags = spin_lock_irqsave(&ioapic_lock);
	u32 low = ioapic_read(io->regs, IOAPIC_REDIRECTION + 2 * (line - io->first));

	spin_unlock_irqrestore(&ioapic_lock, flags);
	return low & REDIRECTION_MASKED;
}
