/* Finds the ACPI tables and reads them with acpi_tables.c: see acpi.h. */
#include "arch/x86/acpi.h"

#include "arch/page.h"
#include "arch/x86/fixmap.h"
#include "boot/bootinfo.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"

/* Where a BIOS leaves the RSDP (ACPI 6.5, 5.2.5.1). */
#define EBDA_SEGMENT_PTR 0x40e
#define EBDA_SEARCH      KiB(1)
#define BIOS_AREA        0xe0000
#define BIOS_AREA_SIZE   KiB(128)
#define RSDP_STEP        16

struct acpi_info acpi;

/*
 * The whole table at pa, or NULL and a line in the log; *n is its length. It stays mapped until
 * acpi_init() or read_table(), whose it is, has ended: the firmware puts its tables anywhere.
 */
static const u8 *map_table(phys_addr_t pa, u32 *n)
{
	unsigned int before = early_mapped();
	const u8 *p = early_map(pa, ACPI_HEADER_SIZE);
	const char *why = p ? acpi_header_length(p, ACPI_HEADER_SIZE, n) : "no place to map it";

	early_unmap_to(before);
	if (!why) {
		p = early_map(pa, *n);
		if (p)
			return p;
		why = "too long";
	}
	printk("acpi: table at %#llx ignored: %s\n", (unsigned long long)pa, why);
	return NULL;
}

static phys_addr_t rsdp_search(phys_addr_t start, size_t size)
{
	struct acpi_root root;

	for (phys_addr_t pa = start; pa + ACPI_RSDP_SIZE <= start + size; pa += RSDP_STEP)
		if (acpi_parse_rsdp(phys_to_virt(pa), ACPI_RSDP_SIZE, &root) == NULL)
			return pa;
	return 0;
}

static phys_addr_t rsdp_find(void)
{
	const u16 *ebda_segment = phys_to_virt(EBDA_SEGMENT_PTR);
	phys_addr_t ebda = (phys_addr_t)*ebda_segment << 4, pa = 0;

	if (boot_info.rsdp)
		return boot_info.rsdp;
	if (ebda >= KiB(512) && ebda + EBDA_SEARCH <= MiB(1))
		pa = rsdp_search(ebda, EBDA_SEARCH);
	return pa ? pa : rsdp_search(BIOS_AREA, BIOS_AREA_SIZE);
}

static void report(const char *table, const char *why)
{
	if (why)
		printk("acpi: %s refused: %s\n", table, why);
}

static void read_fadt(const u8 *p, u32 n)
{
	const char *why = acpi_parse_fadt(p, n, &acpi.fadt);
	const u8 *dsdt;
	u32 dsdt_size;

	report("FADT", why);
	if (why) {
		acpi.fadt = (struct acpi_fadt){0};
		return;
	}
	dsdt = map_table(acpi.fadt.dsdt, &dsdt_size);
	if (!dsdt)
		return;
	report("DSDT", acpi_parse_s5(dsdt, dsdt_size, &acpi.s5));
	report("DSDT", acpi_parse_memhp(dsdt, dsdt_size, &acpi.memhp));
}

static void read_madt(const u8 *p, u32 n)
{
	const struct acpi_madt *m = &acpi.madt;
	const char *why = acpi_parse_madt(p, n, &acpi.madt);

	report("MADT", why);
	if (why)
		acpi.madt = (struct acpi_madt){0};
	if (m->nr_too_big)
		printk("acpi: %u CPUs left out: their APIC ids are above 254, which needs x2APIC\n",
		       m->nr_too_big);
}

static void read_table(phys_addr_t pa)
{
	unsigned int before = early_mapped();
	u32 n;
	const u8 *p = map_table(pa, &n);

	if (!p)
		return;
	if (memcmp(p, "APIC", 4) == 0)
		read_madt(p, n);
	else if (memcmp(p, "FACP", 4) == 0)
		read_fadt(p, n);
	else if (memcmp(p, "HPET", 4) == 0)
		report("HPET", acpi_parse_hpet(p, n, &acpi.hpet));
	early_unmap_to(before);
}

static const char *read_root(phys_addr_t rsdp)
{
	const u8 *p = rsdp ? early_map(rsdp, ACPI_RSDP_SIZE) : NULL;
	struct acpi_root root;
	phys_addr_t table;
	const char *why;
	u32 n;

	if (!p)
		return "no RSDP";
	why = acpi_parse_rsdp(p, ACPI_RSDP_SIZE, &root);
	if (why)
		return why;
	p = map_table(root.addr, &n);
	if (!p)
		return "no root table";
	why = acpi_check_table(p, n, root.xsdt ? "XSDT" : "RSDT");
	if (why)
		return why;
	for (unsigned int i = 0; acpi_root_entry(p, root.xsdt, i, &table); i++)
		read_table(table);
	return NULL;
}

void acpi_init(void)
{
	report("root", read_root(rsdp_find()));
	early_unmap_to(0);
	if (!acpi.madt.nr_cpus)
		printk("acpi: no usable MADT: only the boot CPU will be used\n");
	printk("acpi: %u cpus (%u hot-pluggable, %u disabled), %u I/O APICs, timer port %#x, "
	       "S5 %s\n",
	       acpi.madt.nr_cpus, acpi.madt.nr_hotplug, acpi.madt.nr_disabled, acpi.madt.nr_ioapics,
	       acpi.fadt.pm_timer_port, acpi.s5.found ? "yes" : "no");
}
