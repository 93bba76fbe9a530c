/* ACPI table parsers: see acpi_tables.h. Offsets are those of ACPI 6.5, section 5.2. */
#include "arch/x86/acpi_tables.h"

#include "kernel/base/string.h"

/* Header fields common to all tables (table 5.4). */
#define HDR_LENGTH 4

#define RSDP_V1_SIZE  20
#define RSDP_REVISION 15
#define RSDP_RSDT     16
#define RSDP_LENGTH   20
#define RSDP_XSDT     24

#define MADT_LAPIC_ADDR 36
#define MADT_FLAGS      40
#define MADT_ENTRIES    44
#define MADT_PCAT       1 /* flag: a pair of 8259s */

#define CPU_ENABLED        1
#define CPU_ONLINE_CAPABLE 2
#define APIC_ID_BROADCAST  255

enum madt_type {
	MADT_LAPIC = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LAPIC_OVERRIDE = 5,
	MADT_X2APIC = 9,
};

#define FADT_DSDT        40
#define FADT_SCI_INT     46
#define FADT_SMI_CMD     48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_EVT    56
#define FADT_PM1A_CNT    64
#define FADT_PM1B_CNT    68
#define FADT_PM_TIMER    76
#define FADT_GPE0        80
#define FADT_PM1_EVT_LEN 88
#define FADT_PM_TMR_LEN  91
#define FADT_GPE0_LEN    92
#define FADT_CENTURY     108
#define FADT_FLAGS       112
#define FADT_V1_SIZE     116
#define FADT_RESET_REG   116
#define FADT_RESET_VALUE 128
#define FADT_X_DSDT      140
#define FADT_RESET_FLAG  (1U << 10)

#define GAS_IO_PORT 1
#define GAS_ADDR    4

#define HPET_ADDR 40
#define HPET_SIZE 56

static u16 get16(const u8 *p)
{
	return (u16)(p[0] | p[1] << 8);
}

static u32 get32(const u8 *p)
{
	return get16(p) | (u32)get16(p + 2) << 16;
}

static u64 get64(const u8 *p)
{
	return get32(p) | (u64)get32(p + 4) << 32;
}

bool acpi_checksum_ok(const u8 *p, size_t n)
{
	u8 sum = 0;

	while (n--)
		sum = (u8)(sum + *p++);
	return sum == 0;
}

const char *acpi_parse_rsdp(const u8 *p, size_t n, struct acpi_root *root)
{
	u32 length;

	if (n < RSDP_V1_SIZE || memcmp(p, "RSD PTR ", 8) != 0)
		return "no RSDP signature";
	if (!acpi_checksum_ok(p, RSDP_V1_SIZE))
		return "RSDP checksum is wrong";
	*root = (struct acpi_root){.addr = get32(p + RSDP_RSDT)};
	if (p[RSDP_REVISION] >= 2) {
		if (n < ACPI_RSDP_SIZE)
			return "RSDP is cut short";
		length = get32(p + RSDP_LENGTH);
		/* The second checksum covers `length` bytes; none but 36 is defined. */
		if (length != ACPI_RSDP_SIZE || !acpi_checksum_ok(p, length))
			return "RSDP extended checksum or length is wrong";
		if (get64(p + RSDP_XSDT))
			*root = (struct acpi_root){.addr = get64(p + RSDP_XSDT), .xsdt = true};
	}
	return root->addr ? NULL : "RSDP names no root table";
}

const char *acpi_header_length(const u8 *p, size_t n, u32 *length)
{
	if (n < ACPI_HEADER_SIZE)
		return "table header is cut short";
	*length = get32(p + HDR_LENGTH);
	if (*length < ACPI_HEADER_SIZE)
		return "table is shorter than its header";
	if (*length > ACPI_TABLE_MAX)
		return "table length is absurd";
	return NULL;
}

const char *acpi_check_table(const u8 *p, size_t n, const char signature[4])
{
	u32 length;
	const char *why = acpi_header_length(p, n, &length);

	if (why)
		return why;
	if (memcmp(p, signature, 4) != 0)
		return "table has another signature";
	if (length > n)
		return "table is cut short";
	if (!acpi_checksum_ok(p, length))
		return "table checksum is wrong";
	return NULL;
}

bool acpi_root_entry(const u8 *p, bool xsdt, unsigned int i, phys_addr_t *addr)
{
	u32 size = xsdt ? 8 : 4;
	u32 count = (get32(p + HDR_LENGTH) - ACPI_HEADER_SIZE) / size;

	if (i >= count || i >= ACPI_MAX_TABLES)
		return false;
	p += ACPI_HEADER_SIZE + i * size;
	*addr = xsdt ? get64(p) : get32(p);
	return true;
}

static const char *madt_add_cpu(struct acpi_madt *madt, u32 id, u32 flags)
{
	if (!(flags & CPU_ENABLED)) {
		if (flags & CPU_ONLINE_CAPABLE)
			madt->nr_hotplug++;
		else
			madt->nr_disabled++;
		return NULL;
	}
	if (id >= APIC_ID_BROADCAST) {
		madt->nr_too_big++;
		return NULL;
	}
	for (unsigned int i = 0; i < madt->nr_cpus; i++)
		if (madt->apic_id[i] == id)
			return "MADT names one APIC id twice";
	/* Ids below 255, no two alike: there is room. */
	madt->apic_id[madt->nr_cpus++] = (u8)id;
	return NULL;
}

static const char *madt_add_ioapic(struct acpi_madt *madt, const u8 *e)
{
	if (madt->nr_ioapics == ACPI_MAX_IOAPICS)
		return "MADT has too many I/O APICs";
	madt->ioapics[madt->nr_ioapics++] = (struct acpi_ioapic){
		.id = e[2],
		.addr = get32(e + 4),
		.gsi_base = get32(e + 8),
	};
	return NULL;
}

static const char *madt_add_override(struct acpi_madt *madt, const u8 *e)
{
	if (madt->nr_overrides == ACPI_MAX_OVERRIDES)
		return "MADT has too many interrupt overrides";
	madt->overrides[madt->nr_overrides++] = (struct acpi_override){
		.irq = e[3],
		.gsi = get32(e + 4),
		.flags = get16(e + 8),
	};
	return NULL;
}

/* The least length of an entry of a type that we read; 2 for all others. */
static size_t madt_entry_min(u8 type)
{
	switch (type) {
	case MADT_LAPIC:
		return 8;
	case MADT_IOAPIC:
	case MADT_LAPIC_OVERRIDE:
		return 12;
	case MADT_OVERRIDE:
		return 10;
	case MADT_X2APIC:
		return 16;
	default:
		return 2;
	}
}

static const char *madt_entry(struct acpi_madt *madt, const u8 *e)
{
	switch (e[0]) {
	case MADT_LAPIC:
		return madt_add_cpu(madt, e[3], get32(e + 4));
	case MADT_X2APIC:
		return madt_add_cpu(madt, get32(e + 4), get32(e + 8));
	case MADT_IOAPIC:
		return madt_add_ioapic(madt, e);
	case MADT_OVERRIDE:
		return madt_add_override(madt, e);
	case MADT_LAPIC_OVERRIDE:
		madt->lapic_addr = get64(e + 4);
		return NULL;
	default:
		return NULL;
	}
}

const char *acpi_parse_madt(const u8 *p, size_t n, struct acpi_madt *madt)
{
	const char *why = acpi_check_table(p, n, "APIC");
	size_t length, at = MADT_ENTRIES;

	if (why)
		return why;
	length = get32(p + HDR_LENGTH);
	if (length < MADT_ENTRIES)
		return "MADT is shorter than its fixed part";
	*madt = (struct acpi_madt){
		.lapic_addr = get32(p + MADT_LAPIC_ADDR),
		.has_8259 = get32(p + MADT_FLAGS) & MADT_PCAT,
	};
	while (at < length) {
		const u8 *e = p + at;

		if (length - at < 2 || e[1] < 2)
			return "MADT entry has no length";
		if (e[1] > length - at)
			return "MADT entry reaches past the table";
		if (e[1] < madt_entry_min(e[0]))
			return "MADT entry is shorter than its type demands";
		why = madt_entry(madt, e);
		if (why)
			return why;
		at += e[1];
	}
	return madt->nr_cpus ? NULL : "MADT has no enabled processor";
}

const char *acpi_parse_fadt(const u8 *p, size_t n, struct acpi_fadt *fadt)
{
	const char *why = acpi_check_table(p, n, "FACP");
	size_t length;

	if (why)
		return why;
	length = get32(p + HDR_LENGTH);
	if (length < FADT_V1_SIZE)
		return "FADT is shorter than its first version";
	*fadt = (struct acpi_fadt){
		.dsdt = get32(p + FADT_DSDT),
		.smi_cmd = get32(p + FADT_SMI_CMD),
		.acpi_enable = p[FADT_ACPI_ENABLE],
		.sci_irq = get16(p + FADT_SCI_INT),
		.pm1a_evt = get32(p + FADT_PM1A_EVT),
		.pm1_evt_len = p[FADT_PM1_EVT_LEN],
		.gpe0 = get32(p + FADT_GPE0),
		.gpe0_len = p[FADT_GPE0_LEN],
		.pm1a_cnt = get32(p + FADT_PM1A_CNT),
		.pm1b_cnt = get32(p + FADT_PM1B_CNT),
		.pm_timer_port = p[FADT_PM_TMR_LEN] == 4 ? get32(p + FADT_PM_TIMER) : 0,
		.century_reg = p[FADT_CENTURY] < 128 ? p[FADT_CENTURY] : 0,
	};
	if (length >= FADT_X_DSDT + 8 && get64(p + FADT_X_DSDT))
		fadt->dsdt = get64(p + FADT_X_DSDT);
	if (length > FADT_RESET_VALUE && (get32(p + FADT_FLAGS) & FADT_RESET_FLAG) &&
	    p[FADT_RESET_REG] == GAS_IO_PORT && get64(p + FADT_RESET_REG + GAS_ADDR) <= 0xffff) {
		fadt->reset_port = get16(p + FADT_RESET_REG + GAS_ADDR);
		fadt->reset_value = p[FADT_RESET_VALUE];
	}
	if (fadt->smi_cmd > 0xffff || fadt->pm1a_cnt > 0xffff || fadt->pm1b_cnt > 0xffff ||
	    fadt->pm_timer_port > 0xffff || fadt->pm1a_evt > 0xffff || fadt->gpe0 > 0xffff)
		return "FADT names an I/O port above 0xffff";
	return NULL;
}

const char *acpi_parse_hpet(const u8 *p, size_t n, phys_addr_t *addr)
{
	const char *why = acpi_check_table(p, n, "HPET");

	if (why)
		return why;
	if (get32(p + HDR_LENGTH) < HPET_SIZE)
		return "HPET table is too short";
	*addr = get64(p + HPET_ADDR + GAS_ADDR);
	return NULL;
}
