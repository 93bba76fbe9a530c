/*
 * Tests that run in the kernel.
 *
 *	KTEST(buddy, splits_and_merges)
 *	{
 *		KTEST_EXPECT_EQ(nr_free_pages(), before);
 *	}
 *
 * A test registers itself in the linker set .ktest (linker.ld). ktest_run() runs those whose
 * "suite.name" begins with one of the filters, in an order that a seed shuffles, and prints KTAP
 * version 1 through printk. Expectations may fail on any CPU and in any thread while the test function has
 * not returned; a test that starts threads waits for them. A failed expectation does not end the
 * test. Tests assert structure and counts, never time.
 *
 * KTAP: linux/Documentation/dev-tools/ktap.rst.
 */
#ifndef KERNEL_BASE_KTEST_H
#define KERNEL_BASE_KTEST_H

#include "kernel/base/types.h"

/* 32 bytes, so that the linker set is an array without gaps. */
struct ktest {
	const char *suite;
	const char *name;
	void (*fn)(void);
	const char *file;
} __aligned(32);

/* clang-format off */
_Static_assert(sizeof(struct ktest) == 32, "linker set stride");
/* clang-format on */

#define KTEST(suite_, name_)                                                                       \
	static void ktest_fn_##suite_##_##name_(void);                                             \
	static const struct ktest ktest_##suite_##_##name_ __used __section(".ktest") = {          \
		#suite_, #name_, ktest_fn_##suite_##_##name_, __FILE__};                           \
	static void ktest_fn_##suite_##_##name_(void)

#define KTEST_EXPECT(cond)                                                                         \
	do {                                                                                       \
		if (unlikely(!(cond)))                                                             \
			ktest_fail(__FILE__, __LINE__, #cond);                                     \
	} while (0)

/* Integers and pointers, compared as 64-bit values; both are printed. */
#define KTEST_EXPECT_EQ(a, b)                                                                      \
	do {                                                                                       \
		u64 a__ = (u64)(a), b__ = (u64)(b);                                                \
		if (unlikely(a__ != b__))                                                          \
			ktest_fail_eq(__FILE__, __LINE__, #a, #b, a__, b__);                       \
	} while (0)

/* Ends the test function: what it needs is not there. `reason` is a string constant. */
#define KTEST_SKIP(reason)                                                                         \
	do {                                                                                       \
		ktest_skip(reason);                                                                \
		return;                                                                            \
	} while (0)

struct ktest_options {
	const char *filter; /* prefixes of "suite.name", separated by commas; "": all tests */
	const char *skip;   /* the same: these are left out; "": none */
	u64 seed;           /* of the order and of the random numbers; 0 keeps the linker's order */
	void (*before)(const struct ktest *t); /* each test; may be NULL */
	void (*failed)(const struct ktest *t); /* after its "not ok"; may be NULL */
	const char *nonce;                     /* stands behind each "ok"; NULL: nothing */
};

/*
 * Runs the tests. Returns the number of failures; that no test matches is one. The last line is "#
 * ktest: PASS ..." or "# ktest: FAIL ...". Process context, once at a time.
 */
int ktest_run(const struct ktest_options *o);

/* The same over the array [set, end). */
int ktest_run_set(const struct ktest *set, const struct ktest *end, const struct ktest_options *o);

/* The test that is running, or NULL. For reports. */
const struct ktest *ktest_running(void);

/* For a test's own pseudo-random choices: the same for the same seed and test, whatever runs
 * before. */
u64 ktest_random(void);

/* Behind the macros. Any context. */
void ktest_fail(const char *file, int line, const char *cond);
void ktest_fail_eq(const char *file, int line, const char *a, const char *b, u64 va, u64 vb);
void ktest_skip(const char *reason);

#endif
