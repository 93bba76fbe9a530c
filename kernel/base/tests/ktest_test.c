/* host-test: kernel/base/ktest.c */
/* The runner over tests that pass, fail and skip: what it prints, in which order, and what it
 * returns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/ktest.h"
#include "kernel/base/printk.h"

static char output[8192];
static unsigned int calls, began;
static u64 last_random;
static int line; /* of the first expectation that fails */

void vprintk(const char *fmt, va_list ap)
{
	size_t n = strlen(output);

	vsnprintf(output + n, sizeof(output) - n, fmt, ap);
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

static void passes(void)
{
	calls++;
	last_random = ktest_random();
	KTEST_EXPECT(1 + 1 == 2);
	KTEST_EXPECT_EQ(-1, ~0ull);
}

static void fails_twice(void)
{
	calls++;
	line = __LINE__ + 1;
	KTEST_EXPECT(calls == 0);
	KTEST_EXPECT_EQ(3 + 4, 8);
}

static void skips(void)
{
	calls++;
	KTEST_SKIP("no such device");
	KTEST_EXPECT(0);
}

static const struct ktest set[] = {
	{"alpha", "one", passes, "f.c"},     {"alpha", "two", passes, "f.c"},
	{"alphabet", "one", passes, "f.c"},  {"beta", "one", passes, "f.c"},
	{"bad", "news", fails_twice, "f.c"}, {"beta", "skip", skips, "f.c"},
};

/* What ktest_run() itself would use: no test at all. */
const struct ktest __ktest_start[1], __ktest_end[1];

static int begin(void **state)
{
	(void)state;
	output[0] = '\0';
	calls = began = 0;
	return 0;
}

static void before(const struct ktest *t)
{
	assert_ptr_equal(t, ktest_running());
	began++;
}

static void failed(const struct ktest *t)
{
	printk("# %s.%s has failed\n", t->suite, t->name);
}

static int run_without(const char *filter, const char *skip, u64 seed)
{
	const struct ktest_options o = {filter, skip, seed, before, failed};
	int ret = ktest_run_set(set, set + ARRAY_SIZE(set), &o);

	assert_null(ktest_running());
	return ret;
}

static int run(const char *filter, u64 seed)
{
	return run_without(filter, "", seed);
}

static void test_ktap(void **state)
{
	char want[1024];

	(void)state;
	assert_int_equal(run("", 0), 1);
	assert_int_equal(calls, 6);
	assert_int_equal(began, 6);
	snprintf(want, sizeof(want),
		 "KTAP version 1\n"
		 "1..6\n"
		 "ok 1 alpha.one\n"
		 "ok 2 alpha.two\n"
		 "ok 3 alphabet.one\n"
		 "ok 4 beta.one\n"
		 "# bad.news: %s:%d: expected calls == 0\n"
		 "# bad.news: %s:%d: expected 3 + 4 == 8: 7 (0x7) != 8 (0x8)\n"
		 "not ok 5 bad.news\n"
		 "# bad.news has failed\n"
		 "ok 6 beta.skip # SKIP no such device\n"
		 "# ktest: FAIL pass:4 fail:1 skip:1 total:6 seed:0\n",
		 __FILE__, line, __FILE__, line + 1);
	assert_string_equal(output, want);
}

/* A skipped test has shown nothing, and a failed one needs no proof. */
static void test_a_nonce_stands_behind_each_ok(void **state)
{
	const struct ktest_options o = {.filter = "beta,bad", .skip = "", .nonce = "4f2a"};

	(void)state;
	assert_int_equal(ktest_run_set(set, set + ARRAY_SIZE(set), &o), 1);
	assert_non_null(strstr(output, "ok 1 beta.one # nonce=4f2a\n"));
	assert_non_null(strstr(output, "not ok 2 bad.news\n"));
	assert_non_null(strstr(output, "ok 3 beta.skip # SKIP no such device\n"));
}

static void test_filter_is_a_prefix(void **state)
{
	static const struct {
		const char *filter;
		unsigned int calls;
	} table[] = {{"", 6},
		     {"alpha", 3},
		     {"alpha.", 2},
		     {"alpha.one", 1},
		     {"alpha.o", 1},
		     {"b", 3},
		     {"beta.s", 1},
		     {"alphabet.", 1},
		     {"beta.one", 1},
		     {"beta,alpha.", 4},
		     {"alpha.one,alpha.one", 1},
		     {",beta.s,", 1}};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		begin(state);
		run(table[i].filter, 5);
		assert_int_equal(calls, table[i].calls);
	}
}

static void test_skip_leaves_out(void **state)
{
	static const struct {
		const char *filter, *skip;
		unsigned int calls;
	} table[] = {{"", "b", 3},
		     {"", "alpha.,bad", 3},
		     {"alpha", "alphabet", 2},
		     {"beta", "beta.one,", 1}};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		begin(state);
		run_without(table[i].filter, table[i].skip, 5);
		assert_int_equal(calls, table[i].calls);
	}
	begin(state);
	assert_int_equal(run_without("beta", "b", 1), 1);
	assert_non_null(strstr(output, "FAIL no test matches 'beta' without b\n"));
}

static void test_pass_is_said_only_when_all_pass(void **state)
{
	(void)state;
	assert_int_equal(run("alpha", 1), 0);
	assert_non_null(strstr(output, "\n# ktest: PASS pass:3 fail:0 skip:0 total:3 seed:1\n"));
	assert_null(strstr(output, "not ok"));
	assert_null(strstr(output, "has failed"));
}

static void test_nothing_to_run_is_a_failure(void **state)
{
	(void)state;
	assert_int_equal(run("gamma", 1), 1);
	assert_non_null(strstr(output, "1..0\n# ktest: FAIL no test matches 'gamma'\n"));
	assert_int_equal(run("alpha.onerous", 1), 1);
	assert_int_equal(calls, 0);
	assert_int_equal(ktest_run(&(struct ktest_options){"", "", 1, NULL, NULL}), 1);
}

/* The same seed, the same output; several seeds, several orders; each test exactly once in each. */
static void test_the_seed_is_the_order(void **state)
{
	char first[sizeof(output)];
	unsigned int different = 0;
	u64 seed;

	for (seed = 1; seed <= 20; seed++) {
		begin(state);
		run("", seed);
		assert_int_equal(calls, 6);
		memcpy(first, output, sizeof(first));
		begin(state);
		run("", seed);
		assert_string_equal(first, output);
		if (!strstr(output, "ok 1 alpha.one\n"))
			different++;
	}
	assert_true(different > 5);
}

static void test_random_numbers_do_not_depend_on_the_order(void **state)
{
	u64 first;

	(void)state;
	run("beta.one", 7);
	first = last_random;
	run("alpha", 7);
	run("beta.one", 7);
	assert_true(last_random == first);
	run("beta.one", 8);
	assert_true(last_random != first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ktap, begin),
		cmocka_unit_test_setup(test_a_nonce_stands_behind_each_ok, begin),
		cmocka_unit_test_setup(test_filter_is_a_prefix, begin),
		cmocka_unit_test_setup(test_skip_leaves_out, begin),
		cmocka_unit_test_setup(test_pass_is_said_only_when_all_pass, begin),
		cmocka_unit_test_setup(test_nothing_to_run_is_a_failure, begin),
		cmocka_unit_test_setup(test_the_seed_is_the_order, begin),
		cmocka_unit_test_setup(test_random_numbers_do_not_depend_on_the_order, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
