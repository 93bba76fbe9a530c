/*
 * Parsers of the ACPI tables that the kernel reads: RSDP, RSDT/XSDT, MADT, FADT, HPET (ACPI
 * Specification 6.5, chapter 5.2), and of the DSDT a few declarations, found by their bytes
 * (acpi_aml.c): the \_S5 package and the registers for memory hot-plug.
 *
 * Pure: bytes in, structure out, no printing, no device; what is outside the given bytes is not
 * read. A parser returns NULL, or a sentence that says what is wrong, and then its result is not to
 * be used. Tables come from firmware and are not trusted: every length and every count is checked.
 */
#ifndef ARCH_X86_ACPI_TABLES_H
#define ARCH_X86_ACPI_TABLES_H

#include "kernel/base/types.h"

#define ACPI_MAX_CPUS      255 /* APIC ids 0 to 254; 255 is the broadcast */
#define ACPI_MAX_IOAPICS   16
#define ACPI_MAX_OVERRIDES 16
#define ACPI_MAX_TABLES    256

/* Longer than any table of a real machine; more is taken for damage. */
#define ACPI_TABLE_MAX MiB(4)

#define ACPI_RSDP_SIZE   36 /* bytes to offer to acpi_parse_rsdp(); revision 0 uses 20 of them */
#define ACPI_HEADER_SIZE 36

struct acpi_root {
	phys_addr_t addr; /* of the RSDT or XSDT */
	bool xsdt;        /* its entries are 64 bits wide */
};

struct acpi_ioapic {
	u8 id;
	u32 addr;
	u32 gsi_base;
};

struct acpi_override {
	u8 irq; /* ISA line */
	u16 flags;
	u32 gsi;
};

struct acpi_madt {
	phys_addr_t lapic_addr;
	bool has_8259;
	unsigned int nr_cpus; /* enabled ones */
	u8 apic_id[ACPI_MAX_CPUS];
	unsigned int nr_hotplug;  /* not enabled, but online capable */
	unsigned int nr_disabled; /* neither */
	unsigned int nr_too_big;  /* enabled, but with an id that xAPIC cannot address */
	unsigned int nr_ioapics;
	struct acpi_ioapic ioapics[ACPI_MAX_IOAPICS];
	unsigned int nr_overrides;
	struct acpi_override overrides[ACPI_MAX_OVERRIDES];
};

struct acpi_fadt {
	phys_addr_t dsdt;
	u16 sci_irq; /* as an ISA line */
	u32 smi_cmd; /* I/O ports; 0: none */
	u32 pm1a_evt, pm1a_cnt, pm1b_cnt;
	u32 gpe0;       /* status registers, then as many enable registers */
	u8 gpe0_len;    /* bytes of both */
	u8 pm1_evt_len; /* the same for pm1a_evt */
	u32 pm_timer_port;
	u8 acpi_enable; /* to write to smi_cmd */
	u8 century_reg; /* in CMOS; 0: none */
	u16 reset_port; /* 0: none, or not an I/O port */
	u8 reset_value;
};

struct acpi_s5 {
	bool found;
	u8 typ_a, typ_b; /* for the SLP_TYP field of PM1a and PM1b */
};

/*
 * QEMU's interface for memory hot-plug (QEMU, docs/specs/acpi_mem_hotplug.rst): what the AML code of
 * its DSDT would use.
 */
struct acpi_memhp {
	bool found;
	u16 port;           /* 24 bytes of registers */
	unsigned int slots; /* for DIMMs */
	u8 gpe;             /* the general-purpose event that tells of them */
};

/* Whether the n bytes add up to 0 modulo 256. */
bool acpi_checksum_ok(const u8 *p, size_t n);

const char *acpi_parse_rsdp(const u8 *p, size_t n, struct acpi_root *root);

/*
 * The length that a table's header claims, for the caller to map the whole of it. `n` bytes
 * of the header are readable.
 */
const char *acpi_header_length(const u8 *p, size_t n, u32 *length);

/* Signature, length and checksum of a whole table. */
const char *acpi_check_table(const u8 *p, size_t n, const char signature[4]);

/* Entry i of a root table that acpi_check_table() accepted; false when there is no entry i. */
bool acpi_root_entry(const u8 *p, bool xsdt, unsigned int i, phys_addr_t *addr);

const char *acpi_parse_madt(const u8 *p, size_t n, struct acpi_madt *madt);
const char *acpi_parse_fadt(const u8 *p, size_t n, struct acpi_fadt *fadt);
const char *acpi_parse_hpet(const u8 *p, size_t n, phys_addr_t *addr);

/*
 * Looks for OperationRegion(HPMR, SystemIO, port, 24), Name(MDNR, slots) and Method(\_GPE._Exx) that
 * calls \_SB.MHPC.MSCN(); found = false unless all three are there in plain form.
 */
const char *acpi_parse_memhp(const u8 *p, size_t n, struct acpi_memhp *hp);

/* Looks for Name(\_S5, Package(){...}) among the DSDT's bytes; found = false when it is not in
 * plain form. */
const char *acpi_parse_s5(const u8 *p, size_t n, struct acpi_s5 *s5);

#endif
