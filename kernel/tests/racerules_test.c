/* host-test: kernel/racerules.c */
/* The text form of forced schedules: what each rule means, and one refusal for each mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/racerules.h"

static void expect_place(const struct race_place *place, const char *name, int cpu, u64 nth)
{
	assert_int_equal(place->len, strlen(name));
	assert_memory_equal(place->name, name, place->len);
	assert_int_equal(place->cpu, cpu);
	assert_int_equal(place->nth, nth);
}

static void one_rule(void **state)
{
	struct race_place at, until;
	const char *complaint, *rest;

	rest = race_parse_rule("copy_loaded@1/3:grow_stored@12/40", &at, &until, &complaint);
	assert_string_equal(rest, "");
	expect_place(&at, "copy_loaded", 1, 3);
	expect_place(&until, "grow_stored", 12, 40);

	rest = race_parse_rule("a:B_2", &at, &until, &complaint);
	assert_string_equal(rest, "");
	expect_place(&at, "a", RACE_ANY_CPU, 1);
	expect_place(&until, "B_2", RACE_ANY_CPU, 1);

	rest = race_parse_rule("a/999999:b@0", &at, &until, &complaint);
	assert_string_equal(rest, "");
	expect_place(&at, "a", RACE_ANY_CPU, 999999);
	expect_place(&until, "b", 0, 1);
}

static void rule_after_rule(void **state)
{
	struct race_place at, until;
	const char *complaint, *rest = "a:b,c@1:d,e:f/2";

	rest = race_parse_rule(rest, &at, &until, &complaint);
	assert_string_equal(rest, "c@1:d,e:f/2");
	rest = race_parse_rule(rest, &at, &until, &complaint);
	assert_string_equal(rest, "e:f/2");
	expect_place(&at, "c", 1, 1);
	rest = race_parse_rule(rest, &at, &until, &complaint);
	assert_string_equal(rest, "");
	expect_place(&until, "f", RACE_ANY_CPU, 2);
}

static void refused(void **state)
{
	static const struct {
		const char *text, *why;
	} table[] = {
		{"", "name is missing"},       {":b", "name is missing"},
		{"a:", "name is missing"},     {"a-b:c", "colon is missing"},
		{"a", "colon is missing"},     {"a,b", "colon is missing"},
		{"a@1", "colon is missing"},   {"a/2@1:b", "colon is missing"},
		{"a@:b", "@ wants"},           {"a@x:b", "@ wants"},
		{"a@-1:b", "@ wants"},         {"a@1234567:b", "@ wants"},
		{"a:b@", "@ wants"},           {"a/:b", "/ wants"},
		{"a/0:b", "/ wants"},          {"a:b/0", "/ wants"},
		{"a:b/9999999", "/ wants"},    {"a:b;c:d", "comma is missing"},
		{"a:b:c", "comma is missing"}, {"a:b c", "comma is missing"},
		{"a:b,", "rule is missing"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct race_place at, until;
		const char *complaint = "";

		assert_null(race_parse_rule(table[i].text, &at, &until, &complaint));
		if (!strstr(complaint, table[i].why))
			fail_msg("'%s' is refused with '%s'", table[i].text, complaint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_rule),
		cmocka_unit_test(rule_after_rule),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
