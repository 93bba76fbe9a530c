/* host-test: boot/bootinfo.c */
/* Options of the kernel command line, and the tables of ranges and reserved memory. */
#include "boot/tests/host_compat.h"

#include "boot/bootinfo.h"

/* tools/host/stubs.c: what panic() said last. */
extern char host_panic_message[];

static void set_cmdline(const char *s)
{
	assert_true(strlen(s) < sizeof(boot_info.cmdline));
	strcpy(boot_info.cmdline, s);
}

static void expect_option(const char *cmdline, const char *key, const char *value)
{
	char buf[32] = "untouched";
	const char *got;

	set_cmdline(cmdline);
	got = boot_option(key, buf, sizeof(buf));
	if (!value) {
		assert_null(got);
		assert_string_equal(buf, "untouched");
		return;
	}
	assert_ptr_equal(got, buf);
	assert_string_equal(buf, value);
}

static void test_option(void **state)
{
	(void)state;
	expect_option("", "a", NULL);
	expect_option("   ", "a", NULL);
	expect_option("a=1", "a", "1");
	expect_option("a", "a", "");
	expect_option("a=", "a", "");
	expect_option("  a=1\tb=2  c ", "b", "2");
	expect_option("  a=1\tb=2  c ", "c", "");
	expect_option("a=1 b=2", "b", "2");
	expect_option("ab=1", "a", NULL);
	expect_option("ba=1", "a", NULL);
	expect_option("b=a=1", "a", NULL);
	expect_option("a=x=y", "a", "x=y");
	expect_option("a=1 a=2 a=3", "a", "3");
	expect_option("a=1 a", "a", "");
	expect_option("=1", "a", NULL);
}

static void test_end_of_options(void **state)
{
	(void)state;
	expect_option("seed=1 -- /bin/pgstress seed=2 x=3", "seed", "1");
	expect_option("seed=1 -- /bin/pgstress seed=2 x=3", "x", NULL);
	expect_option("-- seed=1", "seed", NULL);
	expect_option("--a -b=2 seed=1", "seed", "1");
}

static void test_cut(void **state)
{
	char buf[5] = "....";

	(void)state;
	set_cmdline("pgsync=walk-v2 x=y");
	assert_ptr_equal(boot_option("pgsync", buf, sizeof(buf)), buf);
	assert_string_equal(buf, "walk");
	assert_ptr_equal(boot_option("pgsync", buf, 1), buf);
	assert_string_equal(buf, "");
	assert_ptr_equal(boot_option("pgsync", buf, 0), buf);
}

static void expect_taken(const char *cmdline, const char *value, const char *left)
{
	char buf[16] = "....";

	set_cmdline(cmdline);
	assert_ptr_equal(boot_option_take("n", buf, sizeof(buf)), value ? buf : NULL);
	assert_string_equal(buf, value ?: "....");
	assert_string_equal(boot_info.cmdline, left);
	for (size_t i = strlen(left); i < strlen(cmdline); i++)
		assert_int_equal(boot_info.cmdline[i], 0);
}

static void test_taken(void **state)
{
	(void)state;
	expect_taken("a=1 n=word b=2", "word", "a=1 b=2");
	expect_taken("n=word b=2", "word", "b=2");
	expect_taken("a=1 n=word", "word", "a=1 ");
	expect_taken("n=word", "word", "");
	expect_taken("n", "", "");
	expect_taken("a n=1 n=2 b", "2", "a b");
	expect_taken("nn=1 an=2 -- n=3", NULL, "nn=1 an=2 -- n=3");
	expect_taken("n=1 -- x", "1", "-- x");
}

static void expect_panic(const char *cmdline, const char *needle)
{
	set_cmdline(cmdline);
	expect_assert_failure(boot_option_u64("n", 5));
	if (!strstr(host_panic_message, needle))
		fail_msg("panicked \"%s\", expected \"%s\"", host_panic_message, needle);
}

static void expect_number(const char *cmdline, u64 value)
{
	set_cmdline(cmdline);
	assert_int_equal(boot_option_u64("n", 5), value);
}

static void test_number(void **state)
{
	(void)state;
	expect_number("", 5);
	expect_number("n=0", 0);
	expect_number("n=64", 64);
	expect_number("n=0064", 64);
	expect_number("n=0x1fF", 0x1ff);
	expect_number("n=0X10", 16);
	expect_number("n=18446744073709551615", UINT64_MAX);
	expect_number("n=0xffffffffffffffff", UINT64_MAX);

	expect_panic("n", "n=:");
	expect_panic("n=", "n=:");
	expect_panic("n=0x", "n=0x:");
	expect_panic("n=12a", "n=12a:");
	expect_panic("n=-1", "n=-1:");
	expect_panic("n=+1", "n=+1:");
	expect_panic("n=1k", "n=1k:");
	expect_panic("n=0x1g", "n=0x1g:");
	expect_panic("n=18446744073709551616", "not a decimal");
	expect_panic("n=0x10000000000000000", "not a decimal");
	expect_panic("n=00000000000000000000000000000000000000001", "not a decimal");
}

static void test_reserve(void **state)
{
	static struct boot_info info;
	int i;

	(void)state;
	assert_int_equal(boot_reserve(&info, 0x1000, 0), 0);
	assert_int_equal(info.nr_reserved, 0);
	for (i = 0; i < BOOT_MAX_RESERVED; i++)
		assert_int_equal(boot_reserve(&info, i * 0x1000UL, 0x10), 0);
	assert_int_equal(boot_reserve(&info, 0xabc000, 0x10), -EINVAL);
	assert_non_null(strstr(info.error, "0xabc000"));

	info.nr_reserved = 0;
	assert_int_equal(boot_reserve(&info, (1UL << 52) - 0x1000, 0x1000), 0);
	assert_int_equal(boot_reserve(&info, (1UL << 52) - 0x1000, 0x1001), -EINVAL);
	assert_int_equal(boot_reserve(&info, 0, UINT64_MAX), -EINVAL);
}

static void test_ranges(void **state)
{
	static struct boot_info info;

	(void)state;
	assert_int_equal(boot_add_range(&info, 0, 0x1000, 1), 0);
	assert_int_equal(boot_add_range(&info, 0x1000, 0x1000, 2), 0); /* another type */
	assert_int_equal(boot_add_range(&info, 0x2000, 0x1000, 4), 0); /* NVS joins reserved */
	assert_int_equal(boot_add_range(&info, 0x4000, 0x1000, 2), 0); /* a gap */
	assert_int_equal(info.nr_ranges, 3);
	assert_int_equal(info.ranges[1].start, 0x1000);
	assert_int_equal(info.ranges[1].size, 0x2000);
	assert_int_equal(boot_add_range(&info, UINT64_MAX, 1, 1), -EINVAL);
	assert_int_equal(info.nr_ranges, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_option), cmocka_unit_test(test_end_of_options),
		cmocka_unit_test(test_cut),    cmocka_unit_test(test_taken),
		cmocka_unit_test(test_number), cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
