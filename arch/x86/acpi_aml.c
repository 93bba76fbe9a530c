/*
 * Declarations in the DSDT, found by their bytes: see acpi_tables.h.
 *
 * AML is a program, and this is no interpreter. What is looked for here are constants that firmware
 * writes down in plain form, each with a name of its own in front; whoever computes them instead is
 * not understood, and the feature is then left out. Encodings: ACPI 6.5, 20.2.
 */
#include "arch/x86/acpi_tables.h"
#include "kernel/base/string.h"

#define HDR_LENGTH 4

/* ACPI 6.5, 20.2.3 and 20.2.5. */
#define AML_ZERO      0x00
#define AML_ONE       0x01
#define AML_NAME      0x08
#define AML_BYTE      0x0a
#define AML_WORD      0x0b
#define AML_PACKAGE   0x12
#define AML_EXT       0x5b
#define AML_REGION    0x80 /* after AML_EXT */
#define AML_ROOT      '\\'
#define AML_SYSTEM_IO 1

#define MEMHP_BYTES 24

/* An integer of at most 16 bits at p[*at], moving on; false when it is none or ends past n. */
static bool aml_integer(const u8 *p, size_t n, size_t *at, u16 *value)
{
	if (*at >= n)
		return false;
	switch (p[*at]) {
	case AML_ZERO:
	case AML_ONE:
		*value = p[(*at)++];
		return true;
	case AML_BYTE:
		if (n - *at < 2)
			return false;
		*value = p[*at + 1];
		*at += 2;
		return true;
	case AML_WORD:
		if (n - *at < 3)
			return false;
		*value = (u16)(p[*at + 1] | p[*at + 2] << 8);
		*at += 3;
		return true;
	default:
		return false;
	}
}

static bool aml_byte(const u8 *p, size_t n, size_t *at, u8 *value)
{
	u16 v;

	if (!aml_integer(p, n, at, &v) || v > 0xff)
		return false;
	*value = (u8)v;
	return true;
}

/* A whole DSDT's length, or why it is none. */
static const char *dsdt_length(const u8 *p, size_t n, size_t *length)
{
	const char *why = acpi_check_table(p, n, "DSDT");
	u32 l;

	if (!why)
		why = acpi_header_length(p, n, &l);
	if (!why)
		*length = l;
	return why;
}

/* The first `bytes` at or behind p[from], or n when they do not come again. */
static size_t find_bytes(const u8 *p, size_t n, size_t from, const void *bytes, size_t size)
{
	for (size_t i = from; i + size <= n; i++)
		if (memcmp(p + i, bytes, size) == 0)
			return i;
	return n;
}

/* What follows the name: PackageOp, PkgLength (1 to 4 bytes), NumElements, elements. */
static bool s5_package(const u8 *p, size_t n, size_t at, struct acpi_s5 *s5)
{
	u8 elements;

	if (at >= n || p[at++] != AML_PACKAGE || at >= n)
		return false;
	at += 1 + (p[at] >> 6);
	if (at >= n)
		return false;
	elements = p[at++];
	if (elements < 1 || !aml_byte(p, n, &at, &s5->typ_a))
		return false;
	if (elements > 1 && !aml_byte(p, n, &at, &s5->typ_b))
		return false;
	return true;
}

const char *acpi_parse_s5(const u8 *p, size_t n, struct acpi_s5 *s5)
{
	size_t length = 0;
	const char *why = dsdt_length(p, n, &length);

	*s5 = (struct acpi_s5){0};
	if (why)
		return why;
	for (size_t i = ACPI_HEADER_SIZE + 2; i + 4 <= length; i++) {
		struct acpi_s5 found = {.found = true};

		if (memcmp(p + i, "_S5_", 4) != 0)
			continue;
		if (p[i - 1] != AML_NAME && !(p[i - 1] == AML_ROOT && p[i - 2] == AML_NAME))
			continue;
		if (s5_package(p, length, i + 4, &found)) {
			*s5 = found;
			return NULL;
		}
	}
	return NULL;
}

/* OperationRegion(HPMR, SystemIO, port, 24) */
static bool memhp_region(const u8 *p, size_t n, u16 *port)
{
	static const u8 head[] = {AML_EXT, AML_REGION, 'H', 'P', 'M', 'R', AML_SYSTEM_IO};
	size_t at = find_bytes(p, n, ACPI_HEADER_SIZE, head, sizeof(head)) + sizeof(head);
	u16 bytes;

	return aml_integer(p, n, &at, port) && aml_integer(p, n, &at, &bytes) &&
	       bytes == MEMHP_BYTES;
}

/* Name(MDNR, slots) */
static bool memhp_slots(const u8 *p, size_t n, unsigned int *slots)
{
	static const u8 head[] = {AML_NAME, 'M', 'D', 'N', 'R'};
	size_t at = find_bytes(p, n, ACPI_HEADER_SIZE, head, sizeof(head)) + sizeof(head);
	u16 value;

	if (!aml_integer(p, n, &at, &value) || !value)
		return false;
	*slots = value;
	return true;
}

static int hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Method(_Exx) { \_SB.MHPC.MSCN() }: the name, no arguments, the path that is called. */
static bool memhp_event(const u8 *p, size_t n, u8 *gpe)
{
	static const char call[] = "\\/\3_SB_MHPCMSCN";
	size_t at = find_bytes(p, n, ACPI_HEADER_SIZE + 5, call, sizeof(call) - 1);
	int high, low;

	if (at == n || p[at - 5] != '_' || p[at - 4] != 'E' || p[at - 1] != 0)
		return false;
	high = hex_digit(p[at - 3]);
	low = hex_digit(p[at - 2]);
	if (high < 0 || low < 0)
		return false;
	*gpe = (u8)(high << 4 | low);
	return true;
}

const char *acpi_parse_memhp(const u8 *p, size_t n, struct acpi_memhp *hp)
{
	struct acpi_memhp found = {.found = true};
	size_t length = 0;
	const char *why = dsdt_length(p, n, &length);

	*hp = (struct acpi_memhp){0};
	if (why)
		return why;
	if (memhp_region(p, length, &found.port) && memhp_slots(p, length, &found.slots) &&
	    memhp_event(p, length, &found.gpe))
		*hp = found;
	return NULL;
}
