/*
 * host-test: kernel/base/string.c
 * cflags: -fno-builtin -Dmemcpy=fw_memcpy -Dmemmove=fw_memmove -Dmemset=fw_memset
 * -Dmemcmp=fw_memcmp -Dstrlen=fw_strlen -Dstrnlen=fw_strnlen -Dstrcmp=fw_strcmp
 * -Dstrncmp=fw_strncmp -Dstrchr=fw_strchr -Dstrlcpy=fw_strlcpy
 */
/* The functions get names of their own, so that the C library's stay what they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/base/string.h"

/* Larger than two rounds of the unrolled loops, with every rest. */
#define MAX_N 200
#define GUARD 0xa5

static void fill(u8 *p, size_t n, unsigned int seed)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = (u8)(i * 7 + seed + (i >> 3));
}

static int all(const u8 *p, size_t n, u8 c)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != c)
			return 0;
	return 1;
}

/* Exactly sized heap blocks: the sanitizer sees one byte too many. */
static void test_memcpy(void **state)
{
	size_t n, skew, i;

	(void)state;
	for (n = 0; n <= MAX_N; n++) {
		for (skew = 0; skew < 8; skew++) {
			u8 *src = malloc(n + skew + 1), *dst = malloc(n + skew + 1);

			fill(src, n + skew, (unsigned int)n);
			for (i = 0; i < n + skew; i++)
				dst[i] = GUARD;
			assert_ptr_equal(memcpy(dst + skew, src + skew, n), dst + skew);
			assert_true(all(dst, skew, GUARD));
			for (i = 0; i < n; i++)
				assert_int_equal(dst[skew + i], src[skew + i]);
			free(src);
			free(dst);
		}
	}
}

static void test_memmove_every_overlap(void **state)
{
	u8 buf[3 * MAX_N], want[3 * MAX_N];
	size_t n, i, from, to;

	(void)state;
	for (n = 0; n <= MAX_N; n += n < 20 ? 1 : 13) {
		for (from = 0; from <= n; from += n < 20 ? 1 : 3) {
			to = MAX_N / 2;
			fill(buf, sizeof(buf), (unsigned int)from);
			fill(want, sizeof(want), (unsigned int)from);
			for (i = 0; i < n; i++)
				want[to + i] = buf[from + i];
			assert_ptr_equal(memmove(buf + to, buf + from, n), buf + to);
			for (i = 0; i < sizeof(buf); i++)
				assert_int_equal(buf[i], want[i]);
		}
	}
}

static void test_memset(void **state)
{
	u8 buf[MAX_N + 16];
	size_t n, skew, i;

	(void)state;
	for (n = 0; n <= MAX_N; n++) {
		for (skew = 0; skew < 8; skew++) {
			for (i = 0; i < sizeof(buf); i++)
				buf[i] = GUARD;
			assert_ptr_equal(memset(buf + skew, 0x1c3, n), buf + skew);
			assert_true(all(buf, skew, GUARD));
			assert_true(all(buf + skew, n, 0xc3));
			assert_true(all(buf + skew + n, sizeof(buf) - skew - n, GUARD));
		}
	}
}

static void test_memcmp_finds_each_byte(void **state)
{
	u8 a[80], b[80];
	size_t n, at;

	(void)state;
	for (n = 0; n <= sizeof(a); n++) {
		fill(a, n, 3);
		fill(b, n, 3);
		assert_int_equal(memcmp(a, b, n), 0);
		for (at = 0; at < n; at++) {
			b[at] = (u8)(a[at] ^ 0x80);
			assert_true((memcmp(a, b, n) < 0) == (a[at] < b[at]));
			assert_true((memcmp(b, a, n) < 0) == (b[at] < a[at]));
			assert_int_not_equal(memcmp(a, b, n), 0);
			b[at] = a[at];
		}
	}
}

static void test_strings(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(strlen(""), 0);
	assert_int_equal(strlen("freewalk"), 8);
	assert_int_equal(strnlen("freewalk", 3), 3);
	assert_int_equal(strnlen("fr", 3), 2);
	assert_int_equal(strcmp("a", "a"), 0);
	assert_true(strcmp("a", "b") < 0);
	assert_true(strcmp("ab", "a") > 0);
	assert_true(strcmp("\xff", "a") > 0);
	assert_int_equal(strncmp("abc", "abd", 2), 0);
	assert_true(strncmp("abc", "abd", 3) < 0);
	assert_int_equal(strncmp("ab", "ab", 9), 0);
	assert_string_equal(strchr("a=b=c", '='), "=b=c");
	assert_null(strchr("abc", '='));
	assert_string_equal(strchr("abc", '\0'), "");
	assert_int_equal(strlcpy(buf, "1234567890", sizeof(buf)), 10);
	assert_string_equal(buf, "1234567");
	assert_int_equal(strlcpy(buf, "12", sizeof(buf)), 2);
	assert_string_equal(buf, "12");
	assert_int_equal(strlcpy(NULL, "12", 0), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memcpy),  cmocka_unit_test(test_memmove_every_overlap),
		cmocka_unit_test(test_memset),  cmocka_unit_test(test_memcmp_finds_each_byte),
		cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
