/*
 * ACPI mode and general-purpose events: see acpi_event.h.
 *
 * The SCI is a level: it stays until no enabled event has its status bit set. So the handler disables
 * the event that it tells; whoever has been told clears the status, looks, and enables it again.
 */
#include "arch/x86/acpi_event.h"

#include "arch/cpu.h"
#include "arch/x86/acpi.h"
#include "arch/x86/io.h"
#include "arch/x86/ioapic.h"
#include "arch/x86/vectors.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/spinlock.h"

/* PM1 control (ACPI 6.5, 4.8.3.2.1). */
#define PM1_SCI_EN 0x0001

#define ACPI_ENABLE_POLLS 1000000

#define WATCHERS 4

/* gpe_lock; the handler takes it too: irq-safe. */
static struct {
	u8 gpe;
	void (*fn)(void);
} watchers[WATCHERS];
static unsigned int nr_watchers;
static struct spinlock gpe_lock = SPINLOCK_INIT(gpe);

void acpi_mode_enable(void)
{
	u16 pm1a = (u16)acpi.fadt.pm1a_cnt;

	if ((inw(pm1a) & PM1_SCI_EN) || !acpi.fadt.smi_cmd || !acpi.fadt.acpi_enable)
		return;
	outb((u16)acpi.fadt.smi_cmd, acpi.fadt.acpi_enable);
	for (int i = 0; i < ACPI_ENABLE_POLLS && !(inw(pm1a) & PM1_SCI_EN); i++)
		cpu_relax();
}

/* The registers are bytes: a half of them status, the other half enable. */
static u16 status_port(u8 gpe)
{
	return (u16)(acpi.fadt.gpe0 + gpe / 8);
}

static u16 enable_port(u8 gpe)
{
	return (u16)(status_port(gpe) + acpi.fadt.gpe0_len / 2);
}

static u8 gpe_bit(u8 gpe)
{
	return (u8)(1 << gpe % 8);
}

/* Once, before the line is unmasked: nothing that the firmware had enabled may raise it. */
static int sci_start(void)
{
	if (!acpi.fadt.pm1a_cnt || !acpi.fadt.gpe0)
		return -ENODEV;
	acpi_mode_enable();
	for (unsigned int i = 0; i < acpi.fadt.gpe0_len / 2u; i++)
		outb(enable_port((u8)(8 * i)), 0);
	if (acpi.fadt.pm1a_evt && acpi.fadt.pm1_evt_len >= 4)
		outw((u16)(acpi.fadt.pm1a_evt + acpi.fadt.pm1_evt_len / 2), 0);
	/* Level and active low, if nobody says otherwise (ACPI 6.5, 5.2.9, SCI_INT). */
	return ioapic_route_isa((u8)acpi.fadt.sci_irq, IRQ_LOW | IRQ_LEVEL, VECTOR_SCI);
}

int acpi_gpe_watch(u8 gpe, void (*fn)(void))
{
	unsigned long flags;
	int ret = 0;

	if (gpe / 8 >= acpi.fadt.gpe0_len / 2)
		return -ENODEV;
	if (nr_watchers == WATCHERS)
		return -ENOSPC;
	if (nr_watchers == 0)
		ret = sci_start();
	if (ret)
		return ret;
	flags = spin_lock_irqsave(&gpe_lock);
	watchers[nr_watchers].gpe = gpe;
	watchers[nr_watchers].fn = fn;
	nr_watchers++;
	spin_unlock_irqrestore(&gpe_lock, flags);
	return 0;
}

void acpi_gpe_ack(u8 gpe)
{
	/* Ones clear. */
	outb(status_port(gpe), gpe_bit(gpe));
}

void acpi_gpe_arm(u8 gpe)
{
	unsigned long flags = spin_lock_irqsave(&gpe_lock);

	outb(enable_port(gpe), inb(enable_port(gpe)) | gpe_bit(gpe));
	spin_unlock_irqrestore(&gpe_lock, flags);
}

void acpi_sci_interrupt(void)
{
	spin_lock(&gpe_lock);
	for (unsigned int i = 0; i < nr_watchers; i++) {
		u8 gpe = watchers[i].gpe, enabled = inb(enable_port(gpe));

		if (!(inb(status_port(gpe)) & enabled & gpe_bit(gpe)))
			continue;
		outb(enable_port(gpe), enabled & (u8)~gpe_bit(gpe));
		watchers[i].fn();
	}
	spin_unlock(&gpe_lock);
}
