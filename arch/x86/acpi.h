/*
 * The machine's ACPI tables, read once at boot.
 *
 * acpi_init() finds and parses them into `acpi`; nothing is read from firmware memory afterwards.
 * It needs the fixed mappings, no allocator.
 */
#ifndef ARCH_X86_ACPI_H
#define ARCH_X86_ACPI_H

#include "arch/x86/acpi_tables.h"

/* Constant after acpi_init(). A machine without a usable MADT has madt.nr_cpus == 0. */
struct acpi_info {
	struct acpi_madt madt;
	struct acpi_fadt fadt;
	struct acpi_s5 s5;
	struct acpi_memhp memhp;
	phys_addr_t hpet; /* 0: none */
};

extern struct acpi_info acpi;

/*
 * Boot CPU, once, after boot_info is filled. A damaged or missing table is reported and left out:
 * without a MADT the machine has one CPU, without a FADT no ACPI timer and no power-off.
 */
void acpi_init(void);

#endif
