/* host-test: arch/x86/acpi_tables.c arch/x86/acpi_aml.c */
/*
 * ACPI table parsers against sound, truncated and hostile bytes: the RSDP, root tables, the MADT,
 * and a seeded fuzz of all. A failure of the fuzz prints the round that repeats it.
 */
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

static struct table madt_fixed(void)
{
	struct table t = header("APIC", 44);

	put32(&t, 36, 0xfee00000);
	put32(&t, 40, 1);
	return t;
}

static void add_cpu(struct table *t, uint8_t id, uint32_t flags)
{
	APPEND(t, 0, 8, id, id, (uint8_t)flags, 0, 0, 0);
}

static struct table madt_full(void)
{
	struct table t = madt_fixed();

	add_cpu(&t, 4, 1);
	add_cpu(&t, 0, 1);
	add_cpu(&t, 9, 2); /* online capable only */
	add_cpu(&t, 10, 0);
	add_cpu(&t, 255, 1);
	APPEND(&t, 1, 12, 7, 0, 0, 0, 0xc0, 0xfe, 0x18, 0, 0, 0);
	APPEND(&t, 2, 10, 0, 0, 2, 0, 0, 0, 5, 0);
	APPEND(&t, 4, 6, 0xff, 0, 0, 1);
	APPEND(&t, 5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1, 0, 0, 0);
	seal(&t);
	return t;
}

static const char *parse_madt(const struct table *t, struct acpi_madt *m)
{
	uint8_t *p = exact(t, t->n);
	const char *why = acpi_parse_madt(p, t->n, m);

	free(p);
	return why;
}

static void test_madt_sound(void **state)
{
	struct table t = madt_full();
	struct acpi_madt m;

	assert_null(parse_madt(&t, &m));
	assert_int_equal(m.nr_cpus, 2);
	assert_int_equal(m.apic_id[0], 4);
	assert_int_equal(m.apic_id[1], 0);
	assert_int_equal(m.nr_hotplug, 1);
	assert_int_equal(m.nr_disabled, 1);
	assert_int_equal(m.nr_too_big, 1);
	assert_int_equal(m.nr_ioapics, 1);
	assert_int_equal(m.ioapics[0].id, 7);
	assert_int_equal(m.ioapics[0].addr, 0xfec00000);
	assert_int_equal(m.ioapics[0].gsi_base, 0x18);
	assert_int_equal(m.nr_overrides, 1);
	assert_int_equal(m.overrides[0].irq, 0);
	assert_int_equal(m.overrides[0].gsi, 2);
	assert_int_equal(m.overrides[0].flags, 5);
	assert_int_equal(m.lapic_addr, 0x1fee00000);
	assert_true(m.has_8259);
}

static void test_madt_255_cpus(void **state)
{
	struct table t = madt_fixed();
	struct acpi_madt m;

	for (int id = 0; id < 255; id++)
		add_cpu(&t, (uint8_t)id, 1);
	seal(&t);
	assert_null(parse_madt(&t, &m));
	assert_int_equal(m.nr_cpus, 255);
	assert_int_equal(m.apic_id[254], 254);
}

static void expect_madt_refused(struct table *t, const char *word)
{
	struct acpi_madt m;
	const char *why;

	seal(t);
	why = parse_madt(t, &m);
	assert_non_null(why);
	if (!strstr(why, word))
		fail_msg("\"%s\" does not speak of \"%s\"", why, word);
}

static void test_madt_hostile(void **state)
{
	struct table t = madt_fixed();

	expect_madt_refused(&t, "no enabled processor");

	t = madt_fixed();
	add_cpu(&t, 1, 1);
	add_cpu(&t, 1, 1);
	expect_madt_refused(&t, "twice");

	t = madt_fixed();
	add_cpu(&t, 1, 1);
	APPEND(&t, 9, 0); /* would be an endless loop */
	expect_madt_refused(&t, "no length");

	t = madt_fixed();
	APPEND(&t, 0);
	expect_madt_refused(&t, "no length");

	t = madt_fixed();
	APPEND(&t, 0, 8, 1, 1, 1, 0, 0);
	expect_madt_refused(&t, "past the table");

	t = madt_fixed();
	APPEND(&t, 0, 4, 1, 1);
	expect_madt_refused(&t, "type demands");

	t = madt_fixed();
	for (int i = 0; i <= ACPI_MAX_IOAPICS; i++)
		APPEND(&t, 1, 12, 7, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0);
	expect_madt_refused(&t, "I/O APICs");

	t = madt_fixed();
	for (int i = 0; i <= ACPI_MAX_OVERRIDES; i++)
		APPEND(&t, 2, 10, 0, 0, 2, 0, 0, 0, 5, 0);
	expect_madt_refused(&t, "overrides");

	t = header("APIC", 40);
	expect_madt_refused(&t, "fixed part");
}

static void test_table_header(void **state)
{
	struct table t = madt_full();
	struct acpi_madt m;
	uint32_t length;

	t.b[20]++;
	assert_string_equal(parse_madt(&t, &m), "table checksum is wrong");
	t = madt_full();
	put32(&t, 4, 0);
	assert_string_equal(parse_madt(&t, &m), "table is shorter than its header");
	put32(&t, 4, 0xffffffff);
	assert_string_equal(parse_madt(&t, &m), "table length is absurd");
	put32(&t, 4, (uint32_t)t.n + 1);
	assert_string_equal(parse_madt(&t, &m), "table is cut short");
	t = madt_full();
	t.b[0] = 'X';
	assert_string_equal(parse_madt(&t, &m), "table has another signature");
	assert_non_null(acpi_header_length(t.b, ACPI_HEADER_SIZE - 1, &length));
	assert_null(acpi_header_length(t.b, ACPI_HEADER_SIZE, &length));
	assert_int_equal(length, t.n);
}

/* Every prefix of every sound table is refused, and nothing behind it is read. */
static void test_truncated(void **state)
{
	struct table t = madt_full();
	struct acpi_madt m;
	struct acpi_fadt f;
	struct acpi_s5 s5;
	phys_addr_t hpet;

	for (size_t n = 0; n < t.n; n++) {
		uint8_t *p = exact(&t, n);

		assert_non_null(acpi_parse_madt(p, n, &m));
		assert_non_null(acpi_parse_fadt(p, n, &f));
		assert_non_null(acpi_parse_hpet(p, n, &hpet));
		assert_non_null(acpi_parse_s5(p, n, &s5));
		free(p);
	}
}

static struct table rsdp(uint8_t revision)
{
	struct table t = {.n = ACPI_RSDP_SIZE};

	memcpy(t.b, "RSD PTR ", 8);
	t.b[15] = revision;
	put32(&t, 16, 0x7fe0000);
	put32(&t, 20, ACPI_RSDP_SIZE);
	put64(&t, 24, 0x123456000);
	fix_sum(t.b, 20, 8);
	fix_sum(t.b, ACPI_RSDP_SIZE, 32);
	return t;
}

static void test_rsdp(void **state)
{
	struct table t = rsdp(0);
	struct acpi_root root;

	assert_null(acpi_parse_rsdp(t.b, 20, &root));
	assert_int_equal(root.addr, 0x7fe0000);
	assert_false(root.xsdt);

	t = rsdp(2);
	assert_null(acpi_parse_rsdp(t.b, t.n, &root));
	assert_int_equal(root.addr, 0x123456000);
	assert_true(root.xsdt);

	for (size_t n = 0; n < ACPI_RSDP_SIZE; n++) {
		uint8_t *p = exact(&t, n);

		assert_non_null(acpi_parse_rsdp(p, n, &root));
		free(p);
	}
	t.b[33]++;
	assert_non_null(acpi_parse_rsdp(t.b, t.n, &root));
	t = rsdp(2);
	put32(&t, 20, 0xffffffff); /* a checksum over 4 GiB */
	assert_non_null(acpi_parse_rsdp(t.b, t.n, &root));
	t = rsdp(0);
	put32(&t, 16, 0);
	fix_sum(t.b, 20, 8);
	assert_non_null(acpi_parse_rsdp(t.b, t.n, &root));
}

static void test_root_entries(void **state)
{
	struct table t = header("XSDT", ACPI_HEADER_SIZE);
	phys_addr_t addr;

	put64(&t, 36, 0x1122334455);
	put64(&t, 44, 0x42);
	APPEND(&t, 1, 2, 3); /* not a whole entry */
	seal(&t);
	assert_null(acpi_check_table(t.b, t.n, "XSDT"));
	assert_true(acpi_root_entry(t.b, true, 0, &addr));
	assert_int_equal(addr, 0x1122334455);
	assert_true(acpi_root_entry(t.b, true, 1, &addr));
	assert_int_equal(addr, 0x42);
	assert_false(acpi_root_entry(t.b, true, 2, &addr));
	assert_true(acpi_root_entry(t.b, false, 3, &addr));
	assert_false(acpi_root_entry(t.b, false, 4, &addr));
	assert_false(acpi_root_entry(t.b, false, ~0u, &addr));
}

static uint64_t fuzz_state;

static uint32_t fuzz_next(void)
{
	fuzz_state = fuzz_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(fuzz_state >> 33);
}

static void damage(struct table *t)
{
	for (uint32_t i = fuzz_next() % 8; i; i--)
		t->b[fuzz_next() % t->n] = (uint8_t)fuzz_next();
	if (fuzz_next() % 4 == 0)
		t->n = fuzz_next() % t->n + 1;
	/* Mostly with a right checksum, so that damage gets past the first gate. */
	if (t->n >= 36 && fuzz_next() % 8) {
		if (fuzz_next() % 8)
			put32(t, 4, (uint32_t)t->n);
		fix_sum(t->b, t->n, 9);
	}
}

/* No parser reads outside, loops or overflows; an accepted MADT keeps its own promises. */
static void test_fuzz(void **state)
{
	struct table s5 = header("DSDT", ACPI_HEADER_SIZE);

	APPEND(&s5, 0, 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0x0a, 5, 0x0a, 7, 0, 0);
	seal(&s5);
	for (unsigned int round = 0; round < 200000; round++) {
		struct table t;
		struct acpi_madt m;
		struct acpi_fadt f;
		struct acpi_s5 found;
		struct acpi_root root;
		phys_addr_t hpet;
		uint8_t *p;

		fuzz_state = round;
		switch (fuzz_next() % 4) {
		case 0:
		case 1:
			t = madt_full();
			break;
		case 2:
			t = fadt(116 + fuzz_next() % 140);
			break;
		default:
			t = s5;
			break;
		}
		damage(&t);
		p = exact(&t, t.n);
		if (!acpi_parse_madt(p, t.n, &m) &&
		    (!m.nr_cpus || m.nr_cpus > ACPI_MAX_CPUS || m.nr_ioapics > ACPI_MAX_IOAPICS ||
		     m.nr_overrides > ACPI_MAX_OVERRIDES))
			fail_msg("round %u: %u CPUs, %u I/O APICs", round, m.nr_cpus, m.nr_ioapics);
		if (!acpi_parse_fadt(p, t.n, &f) && f.pm_timer_port > 0xffff)
			fail_msg("round %u: port %#x", round, f.pm_timer_port);
		acpi_parse_s5(p, t.n, &found);
		acpi_parse_hpet(p, t.n, &hpet);
		acpi_parse_rsdp(p, t.n, &root);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_madt_sound),   cmocka_unit_test(test_madt_255_cpus),
		cmocka_unit_test(test_madt_hostile), cmocka_unit_test(test_table_header),
		cmocka_unit_test(test_truncated),    cmocka_unit_test(test_rsdp),
		cmocka_unit_test(test_root_entries), cmocka_unit_test(test_fuzz),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
