/*
 * host-test: kernel/base/printf.c cflags: -Dvsnprintf=fw_vsnprintf -Dsnprintf=fw_snprintf
 * -Wno-format
 */
/*
 * What the kernel's printf has in common with the C library's is compared with it, under every
 * combination of flags, width, precision and length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/printk.h"

/* The C library's own, which the names above no longer reach. */
int libc_snprintf(char *buf, size_t size, const char *fmt, ...) __asm__("snprintf");

#define CHECK(fmt, ...)                                                                            \
	do {                                                                                       \
		char got__[256], want__[256];                                                      \
		int n__ = libc_snprintf(want__, sizeof(want__), fmt, ##__VA_ARGS__);               \
		assert_int_equal(snprintf(got__, sizeof(got__), fmt, ##__VA_ARGS__), n__);         \
		if (strcmp(got__, want__))                                                         \
			print_error("format \"%s\"\n", fmt);                                       \
		assert_string_equal(got__, want__);                                                \
	} while (0)

static const char *const flags[] = {"", "-", "0", "+", " ", "#", "-0", "+0", " -", "#0", "-#+ 0"};
static const char *const widths[] = {"", "1", "7", "30"};
static const char *const precisions[] = {"", ".", ".0", ".1", ".9", ".25"};

static void check_integers(const char *fmt, const char *length)
{
	static const unsigned long values[] = {
		0,        1,          9,          10,
		255,      0x7f,       0x80,       0xffff,
		0x8000,   0x7fffffff, 0x80000000, 0xffffffff,
		LONG_MAX, LONG_MIN,   -1,         12345678901234567UL};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		if (*length && !strchr("h", *length))
			CHECK(fmt, values[i]);
		else
			CHECK(fmt, (unsigned int)values[i]);
	}
}

static void test_integers_like_libc(void **state)
{
	static const char *const lengths[] = {"", "h", "hh", "l", "ll", "z", "t", "j"};
	size_t f, w, p, l;
	const char *c;
	char fmt[32];

	(void)state;
	for (f = 0; f < ARRAY_SIZE(flags); f++)
		for (w = 0; w < ARRAY_SIZE(widths); w++)
			for (p = 0; p < ARRAY_SIZE(precisions); p++)
				for (l = 0; l < ARRAY_SIZE(lengths); l++)
					for (c = "diuxX"; *c; c++) {
						libc_snprintf(fmt, sizeof(fmt), "<%%%s%s%s%s%c>",
							      flags[f], widths[w], precisions[p],
							      lengths[l], *c);
						check_integers(fmt, lengths[l]);
					}
}

static void test_strings_and_characters_like_libc(void **state)
{
	size_t f, w, p;
	char fmt[32];

	(void)state;
	for (f = 0; f < 2; f++)
		for (w = 0; w < ARRAY_SIZE(widths); w++) {
			for (p = 0; p < ARRAY_SIZE(precisions); p++) {
				libc_snprintf(fmt, sizeof(fmt), "<%%%s%s%ss>", flags[f], widths[w],
					      precisions[p]);
				CHECK(fmt, "freewalk");
				CHECK(fmt, "");
			}
			libc_snprintf(fmt, sizeof(fmt), "<%%%s%sc>", flags[f], widths[w]);
			CHECK(fmt, 'x');
		}
}

static void test_star_and_mixture_like_libc(void **state)
{
	(void)state;
	CHECK("%*d|%-*d|%.*d|%*.*s", 5, 42, 5, 42, 5, 42, 8, 3, "abcdef");
	CHECK("%*d|%.*d", -5, 42, -1, 42);
	CHECK("100%% %s=%d (%#lx) %o", "a", -1, 0xdeadbeefUL, 8);
	CHECK("%d %s %c %ld %s", 1, "two", '3', 4L, "five");
}

static void test_pointer_null_and_unknown(void **state)
{
	char buf[64];

	(void)state;
	assert_int_equal(snprintf(buf, sizeof(buf), "%p", (void *)0xffff888000001000UL), 18);
	assert_string_equal(buf, "0xffff888000001000");
	snprintf(buf, sizeof(buf), "%p", NULL);
	assert_string_equal(buf, "0x0000000000000000");
	snprintf(buf, sizeof(buf), "[%s]", (char *)NULL);
	assert_string_equal(buf, "[(null)]");
	snprintf(buf, sizeof(buf), "%q %5y %d", 7);
	assert_string_equal(buf, "%q %5y 7");
	snprintf(buf, sizeof(buf), "end%");
	assert_string_equal(buf, "end%");
}

/* A precision keeps %s inside of what is not terminated; the sanitizer watches. */
static void test_precision_bounds_the_read(void **state)
{
	char *s = malloc(4);
	char buf[16];

	(void)state;
	memcpy(s, "abcd", 4);
	assert_int_equal(snprintf(buf, sizeof(buf), "%.4s", s), 4);
	assert_string_equal(buf, "abcd");
	free(s);
}

static void test_short_buffers(void **state)
{
	size_t size;

	(void)state;
	assert_int_equal(snprintf(NULL, 0, "%d", 12345), 5);
	for (size = 1; size < 10; size++) {
		char *buf = malloc(size);

		assert_int_equal(snprintf(buf, size, "%d", 12345), 5);
		assert_int_equal(strlen(buf), MIN(size - 1, 5));
		assert_memory_equal(buf, "12345", MIN(size - 1, 5));
		free(buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_like_libc),
		cmocka_unit_test(test_strings_and_characters_like_libc),
		cmocka_unit_test(test_star_and_mixture_like_libc),
		cmocka_unit_test(test_pointer_null_and_unknown),
		cmocka_unit_test(test_precision_bounds_the_read),
		cmocka_unit_test(test_short_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
