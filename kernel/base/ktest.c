/*
 * The runner of in-kernel tests: see kernel/base/ktest.h.
 *
 * It allocates nothing, so that a test of the allocators finds them untouched.
 */
#include "kernel/base/ktest.h"

#include "kernel/base/atomic.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"

#define MAX_TESTS 1024

extern const struct ktest __ktest_start[], __ktest_end[];

static u16 order[MAX_TESTS];
static const struct ktest *running;
static u32 failures;        /* expectations of the running test; atomic */
static const char *skipped; /* why, or NULL */
static u64 random_state;    /* of the running test; atomic */

/* splitmix64 (Steele, Lea, Flood 2014): also good from consecutive seeds. */
static u64 mix(u64 z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

#define GOLDEN 0x9e3779b97f4a7c15ull

u64 ktest_random(void)
{
	return mix(atomic_add_return(&random_state, GOLDEN));
}

void ktest_fail(const char *file, int line, const char *cond)
{
	atomic_inc(&failures);
	printk("# %s.%s: %s:%d: expected %s\n", running->suite, running->name, file, line, cond);
}

void ktest_fail_eq(const char *file, int line, const char *a, const char *b, u64 va, u64 vb)
{
	atomic_inc(&failures);
	printk("# %s.%s: %s:%d: expected %s == %s: %lld (%#llx) != %lld (%#llx)\n", running->suite,
	       running->name, file, line, a, b, (long long)va, (unsigned long long)va,
	       (long long)vb, (unsigned long long)vb);
}

void ktest_skip(const char *reason)
{
	skipped = reason;
}

/* Whether "suite.name" begins with `filter`. */
static bool matches(const struct ktest *t, const char *filter)
{
	size_t suite = strlen(t->suite);

	if (strlen(filter) <= suite)
		return !strncmp(t->suite, filter, strlen(filter));
	return !strncmp(t->suite, filter, suite) && filter[suite] == '.' &&
	       !strncmp(t->name, filter + suite + 1, strlen(filter + suite + 1));
}

static unsigned int select_tests(const struct ktest *set, const struct ktest *end,
				 const char *filter)
{
	const struct ktest *t;
	unsigned int n = 0;

	for (t = set; t < end; t++) {
		if (!matches(t, filter))
			continue;
		ASSERT_MSG(n < MAX_TESTS, "more than %u tests", MAX_TESTS);
		order[n++] = (u16)(t - set);
	}
	return n;
}

/* Fisher and Yates. */
static void shuffle(unsigned int n, u64 seed)
{
	unsigned int i, j;
	u16 other;

	if (seed == 0)
		return;
	for (i = n; i > 1; i--) {
		j = (unsigned int)(mix(seed += GOLDEN) % i);
		other = order[j];
		order[j] = order[i - 1];
		order[i - 1] = other;
	}
}

/* A test's random numbers depend on its name and the seed, not on its place in the order. */
static u64 test_seed(const struct ktest *t, u64 seed)
{
	const char *p;

	for (p = t->name; *p; p++)
		seed = mix(seed + (u8)*p);
	return seed;
}

static bool run_one(const struct ktest *t, unsigned int number, u64 seed)
{
	running = t;
	skipped = NULL;
	WRITE_ONCE(failures, 0);
	WRITE_ONCE(random_state, test_seed(t, seed));
	t->fn();
	if (READ_ONCE(failures)) {
		printk("not ok %u %s.%s\n", number, t->suite, t->name);
		printk("# reproduce: make ktest SEED=%llu FILTER=%s.%s\n", (unsigned long long)seed,
		       t->suite, t->name);
		return false;
	}
	if (skipped)
		printk("ok %u %s.%s # SKIP %s\n", number, t->suite, t->name, skipped);
	else
		printk("ok %u %s.%s\n", number, t->suite, t->name);
	return true;
}

static int summary(unsigned int n, unsigned int failed, unsigned int nr_skipped, u64 seed,
		   const char *filter)
{
	if (n == 0) {
		printk("# ktest: FAIL no test matches '%s'\n", filter);
		return 1;
	}
	if (failed)
		printk("# the same order: make ktest SEED=%llu%s%s\n", (unsigned long long)seed,
		       *filter ? " FILTER=" : "", filter);
	printk("# ktest: %s pass:%u fail:%u skip:%u total:%u seed:%llu\n", failed ? "FAIL" : "PASS",
	       n - failed - nr_skipped, failed, nr_skipped, n, (unsigned long long)seed);
	return (int)failed;
}

int ktest_run_set(const struct ktest *set, const struct ktest *end, const char *filter, u64 seed)
{
	unsigned int i, n, failed = 0, nr_skipped = 0;

	if (!filter)
		filter = "";
	n = select_tests(set, end, filter);
	shuffle(n, seed);
	printk("KTAP version 1\n");
	printk("1..%u\n", n);
	for (i = 0; i < n; i++) {
		if (!run_one(&set[order[i]], i + 1, seed))
			failed++;
		else if (skipped)
			nr_skipped++;
	}
	return summary(n, failed, nr_skipped, seed, filter);
}

int ktest_run(const char *filter, u64 seed)
{
	return ktest_run_set(__ktest_start, __ktest_end, filter, seed);
}
