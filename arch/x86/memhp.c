/*
 * Memory slots: QEMU's memory hot-plug registers (QEMU, docs/specs/acpi_mem_hotplug.rst).
 *
 * Where they are only the DSDT says, in constants that acpi_parse_memhp() finds by their bytes. On a
 * machine that declares none no port is touched. The AML code beside those constants does what is
 * done here: select a slot, read it, clear its events, report, eject; to run it would take a whole
 * interpreter (ACPICA), for six registers whose use is documented.
 */
#include "arch/memhp.h"

#include "arch/x86/acpi.h"
#include "arch/x86/acpi_event.h"
#include "arch/x86/io.h"
#include "kernel/base/panic.h"

/* Offsets to read. */
#define MEMHP_ADDR_LOW  0x00
#define MEMHP_ADDR_HIGH 0x04
#define MEMHP_SIZE_LOW  0x08
#define MEMHP_SIZE_HIGH 0x0c
#define MEMHP_STATUS    0x14

#define STATUS_ENABLED  0x01
#define STATUS_INSERTED 0x02 /* written: cleared */
#define STATUS_REMOVE   0x04 /* written: cleared */
#define CONTROL_EJECT   0x08

/* Offsets to write. */
#define MEMHP_SELECT     0x00
#define MEMHP_OST_EVENT  0x04
#define MEMHP_OST_STATUS 0x08
#define MEMHP_CONTROL    0x14

/* _OST: events by their notification values, status codes (ACPI 6.5, 6.3.5). */
#define OST_DEVICE_CHECK  1
#define OST_EJECT_REQUEST 3
#define OST_SUCCESS       0
#define OST_FAILURE       1
#define OST_BUSY          0x82

static u16 port(unsigned int offset)
{
	return (u16)(acpi.memhp.port + offset);
}

static u64 read64(unsigned int low, unsigned int high)
{
	return inl(port(low)) | (u64)inl(port(high)) << 32;
}

static void select_slot(unsigned int slot)
{
	ASSERT_MSG(slot < acpi.memhp.slots, "slot %u of %u", slot, acpi.memhp.slots);
	outl(port(MEMHP_SELECT), slot);
}

unsigned int memhp_slots(void)
{
	return acpi.memhp.slots;
}

int memhp_watch(void (*event)(void))
{
	return acpi_gpe_watch(acpi.memhp.gpe, event);
}

void memhp_events_seen(void)
{
	acpi_gpe_ack(acpi.memhp.gpe);
}

void memhp_events_on(void)
{
	acpi_gpe_arm(acpi.memhp.gpe);
}

struct memhp_slot memhp_read(unsigned int slot)
{
	struct memhp_slot s;
	u8 status;

	select_slot(slot);
	status = inb(port(MEMHP_STATUS));
	s = (struct memhp_slot){
		.start = read64(MEMHP_ADDR_LOW, MEMHP_ADDR_HIGH),
		.bytes = read64(MEMHP_SIZE_LOW, MEMHP_SIZE_HIGH),
		.enabled = status & STATUS_ENABLED,
		.removal = status & STATUS_REMOVE,
	};
	/* One at a time: each is a command. */
	if (status & STATUS_INSERTED)
		outb(port(MEMHP_CONTROL), STATUS_INSERTED);
	if (status & STATUS_REMOVE)
		outb(port(MEMHP_CONTROL), STATUS_REMOVE);
	return s;
}

static void report(unsigned int slot, u32 event, u32 status)
{
	select_slot(slot);
	outl(port(MEMHP_OST_EVENT), event);
	outl(port(MEMHP_OST_STATUS), status);
}

void memhp_report_arrival(unsigned int slot, bool added)
{
	report(slot, OST_DEVICE_CHECK, added ? OST_SUCCESS : OST_FAILURE);
}

void memhp_report_refusal(unsigned int slot)
{
	report(slot, OST_EJECT_REQUEST, OST_BUSY);
}

void memhp_eject(unsigned int slot)
{
	select_slot(slot);
	outb(port(MEMHP_CONTROL), CONTROL_EJECT);
}
