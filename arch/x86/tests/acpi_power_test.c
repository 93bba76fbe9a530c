/* host-test: arch/x86/acpi_tables.c arch/x86/acpi_aml.c */
/* The FADT and the DSDT's declarations: what power-off, the clocks and memory hot-plug are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/acpi_tables.h"
#include "arch/x86/tests/acpi_build.h"

static const char *parse_fadt(const struct table *t, struct acpi_fadt *f)
{
	uint8_t *p = exact(t, t->n);
	const char *why = acpi_parse_fadt(p, t->n, f);

	free(p);
	return why;
}

static void test_fadt(void **state)
{
	struct table t = fadt(116);
	struct acpi_fadt f;

	assert_null(parse_fadt(&t, &f));
	assert_int_equal(f.dsdt, 0x7fe1000);
	assert_int_equal(f.smi_cmd, 0xb2);
	assert_int_equal(f.acpi_enable, 0xf1);
	assert_int_equal(f.sci_irq, 9);
	assert_int_equal(f.pm1a_evt, 0x600);
	assert_int_equal(f.pm1_evt_len, 4);
	assert_int_equal(f.gpe0, 0xafe0);
	assert_int_equal(f.gpe0_len, 4);
	assert_int_equal(f.pm1a_cnt, 0x604);
	assert_int_equal(f.pm_timer_port, 0x608);
	assert_int_equal(f.century_reg, 0x32);
	assert_int_equal(f.reset_port, 0);

	t = fadt(244);
	assert_null(parse_fadt(&t, &f));
	assert_int_equal(f.dsdt, 0x1007fe1000);
	assert_int_equal(f.reset_port, 0xcf9);
	assert_int_equal(f.reset_value, 0x0f);

	t = fadt(115);
	assert_non_null(parse_fadt(&t, &f));
	t = fadt(116);
	put32(&t, 76, 0x10608);
	seal(&t);
	assert_non_null(parse_fadt(&t, &f));
	t = fadt(116);
	put32(&t, 80, 0x1afe0);
	seal(&t);
	assert_non_null(parse_fadt(&t, &f));
	for (size_t n = 116; n < 244; n++) {
		t = fadt(n);
		assert_null(parse_fadt(&t, &f));
	}
}

static struct acpi_s5 parse_s5(const uint8_t *aml, size_t n)
{
	struct table t = header("DSDT", ACPI_HEADER_SIZE);
	struct acpi_s5 s5;
	uint8_t *p;

	append(&t, aml, n);
	seal(&t);
	p = exact(&t, t.n);
	assert_null(acpi_parse_s5(p, t.n, &s5));
	free(p);
	return s5;
}

#define S5(...) parse_s5((const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static void test_s5(void **state)
{
	struct acpi_s5 s5 = S5(0xff, 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0x0a, 5, 0x0a, 7, 0, 0);

	assert_true(s5.found);
	assert_int_equal(s5.typ_a, 5);
	assert_int_equal(s5.typ_b, 7);

	s5 = S5(0x08, '\\', '_', 'S', '5', '_', 0x12, 6, 4, 0, 1, 0, 0);
	assert_true(s5.found);
	assert_int_equal(s5.typ_a, 0);
	assert_int_equal(s5.typ_b, 1);

	s5 = S5(0, 0x08, '_', 'S', '5', '_', 0x12, 0x46, 0, 1, 0x0a, 3); /* two length bytes */
	assert_true(s5.found);
	assert_int_equal(s5.typ_a, 3);

	/* A mention that is no definition, then the definition. */
	s5 = S5(0, 0, '_', 'S', '5', '_', 0, 0x08, '_', 'S', '5', '_', 0x12, 4, 2, 1, 1);
	assert_true(s5.found);

	assert_false(S5(0, 0x08, '_', 'S', '5', '_').found);
	assert_false(S5(0, 0x08, '_', 'S', '5', '_', 0x12).found);
	assert_false(S5(0, 0x08, '_', 'S', '5', '_', 0x12, 0xff).found);
	assert_false(S5(0, 0x08, '_', 'S', '5', '_', 0x12, 5, 1).found);
	assert_false(S5(0, 0x08, '_', 'S', '5', '_', 0x12, 5, 1, 0x0a).found);
	assert_false(S5(0, 0x08, '_', 'S', '5', '_', 0x12, 5, 2, 1, 0x0c).found);
	assert_false(S5(0, 0x08, '_', 'S', '5', '_', 0x12, 5, 0, 1, 1).found);
}

/* The three declarations that name the hot-plug registers, as in QEMU's DSDT. */
static const uint8_t region[] = {0x5b, 0x80, 'H', 'P', 'M', 'R', 1, 0x0b, 0x00, 0x0a, 0x0a, 0x18};
static const uint8_t slots[] = {0x08, 'M', 'D', 'N', 'R', 0x0a, 4};
static const uint8_t event[] = {0x14, 0x15, '_', 'E', '0', '3', 0,   0x5c, 0x2f, 3,   '_', 'S',
				'B',  '_',  'M', 'H', 'P', 'C', 'M', 'S',  'C',  'N', 0x10};

struct part {
	const uint8_t *aml;
	size_t n;
};

static struct acpi_memhp parse_memhp(struct part a, struct part b, struct part c)
{
	struct table t = header("DSDT", ACPI_HEADER_SIZE);
	struct acpi_memhp hp;
	uint8_t *p;

	append(&t, a.aml, a.n);
	append(&t, b.aml, b.n);
	append(&t, c.aml, c.n);
	seal(&t);
	p = exact(&t, t.n);
	assert_null(acpi_parse_memhp(p, t.n, &hp));
	free(p);
	return hp;
}

static void test_memhp(void **state)
{
	const struct part r = {region, sizeof(region)}, s = {slots, sizeof(slots)},
			  e = {event, sizeof(event)}, none = {region, 0};
	struct acpi_memhp hp = parse_memhp(r, s, e);

	assert_true(hp.found);
	assert_int_equal(hp.port, 0xa00);
	assert_int_equal(hp.slots, 4);
	assert_int_equal(hp.gpe, 3);
	assert_true(parse_memhp(e, r, s).found);

	/* All three or nothing: the ports of a machine that lacks one are not touched. */
	assert_false(parse_memhp(none, s, e).found);
	assert_false(parse_memhp(r, none, e).found);
	assert_false(parse_memhp(r, s, none).found);
	assert_int_equal(parse_memhp(r, s, none).slots, 0);
	for (size_t n = 1; n < sizeof(region); n++)
		assert_false(parse_memhp(s, e, (struct part){region, n}).found);
	for (size_t n = 1; n < sizeof(slots); n++)
		assert_false(parse_memhp(r, e, (struct part){slots, n}).found);
	for (size_t n = 1; n < sizeof(event) - 1; n++)
		assert_false(parse_memhp(r, s, (struct part){event, n}).found);
}

/* One byte that is not as it should be. */
static void test_memhp_in_another_form(void **state)
{
	static const struct {
		unsigned int part, at;
		uint8_t byte;
	} odd[] = {
		{0, 6, 0},     /* a region of memory */
		{0, 7, 0x0c},  /* a port of 32 bits */
		{0, 11, 0x17}, /* 23 bytes of registers */
		{1, 6, 0},     /* no slots */
		{1, 5, 0x70},  /* slots that are computed */
		{2, 3, 'L'},   /* an event by level */
		{2, 5, 'x'},   /* no number */
		{2, 6, 1},     /* a method with an argument */
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		uint8_t copy[sizeof(event)];
		struct part p[3] = {
			{region, sizeof(region)}, {slots, sizeof(slots)}, {event, sizeof(event)}};

		memcpy(copy, p[odd[i].part].aml, p[odd[i].part].n);
		copy[odd[i].at] = odd[i].byte;
		p[odd[i].part].aml = copy;
		assert_false(parse_memhp(p[0], p[1], p[2]).found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fadt),
		cmocka_unit_test(test_s5),
		cmocka_unit_test(test_memhp),
		cmocka_unit_test(test_memhp_in_another_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
