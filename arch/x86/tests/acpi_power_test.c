/* host-test: arch/x86/acpi_tables.c */
/* The FADT and the DSDT's \_S5 package: what power-off and the clocks are told. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fadt),
		cmocka_unit_test(test_s5),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
