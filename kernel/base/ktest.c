/*
 * The runner of in-kernel tests: see kernel/base/ktest.h.
 *
 * It allocates nothing, so that a test of the allocators finds them untouched.
 */
#include "kernel/base/ktest.h"

#include "kernel/base/atomic.h"
#include "kernel/base/mix.h"
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

u64 ktest_random(void)
{
	return mix64(atomic_add_return(&random_state, MIX64_STEP));
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

/* Whether "suite.name" begins with the `n` characters of `prefix`. */
static bool begins_with(const struct ktest *t, const char *prefix, size_t n)
{
	size_t suite = strlen(t->suite);

	if (n <= suite)
		return !strncmp(t->suite, prefix, n);
	return !strncmp(t->suite, prefix, suite) && prefix[suite] == '.' &&
	       !strncmp(t->name, prefix + suite + 1, n - suite - 1);
}

/* Whether the test begins with one of the prefixes of the list; an empty one is skipped. */
static bool on_list(const struct ktest *t, const char *list)
{
	while (*list) {
		const char *comma = strchr(list, ',');
		size_t n = comma ? (size_t)(comma - list) : strlen(list);

		if (n && begins_with(t, list, n))
			return true;
		list += n + (comma != NULL);
	}
	return false;
}

static unsigned int select_tests(const struct ktest *set, const struct ktest *end,
				 const struct ktest_options *o)
{
	const struct ktest *t;
	unsigned int n = 0;

	for (t = set; t < end; t++) {
		if ((*o->filter && !on_list(t, o->filter)) || on_list(t, o->skip))
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
		j = (unsigned int)(mix64(seed += MIX64_STEP) % i);
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
		seed = mix64(seed + (u8)*p);
	return seed;
}

const struct ktest *ktest_running(void)
{
	return running;
}

static bool run_one(const struct ktest *t, unsigned int number, const struct ktest_options *o)
{
	running = t;
	skipped = NULL;
	WRITE_ONCE(failures, 0);
	WRITE_ONCE(random_state, test_seed(t, o->seed));
	if (o->before)
		o->before(t);
	t->fn();
	if (READ_ONCE(failures)) {
		printk("not ok %u %s.%s\n", number, t->suite, t->name);
		if (o->failed)
			o->failed(t);
		return false;
	}
	if (skipped)
		printk("ok %u %s.%s # SKIP %s\n", number, t->suite, t->name, skipped);
	else if (o->nonce)
		printk("ok %u %s.%s # nonce=%s\n", number, t->suite, t->name, o->nonce);
	else
		printk("ok %u %s.%s\n", number, t->suite, t->name);
	return true;
}

static int summary(unsigned int n, unsigned int failed, unsigned int nr_skipped,
		   const struct ktest_options *o)
{
	if (n == 0) {
		printk("# ktest: FAIL no test matches '%s'%s%s\n", o->filter,
		       *o->skip ? " without " : "", o->skip);
		return 1;
	}
	printk("# ktest: %s pass:%u fail:%u skip:%u total:%u seed:%llu\n", failed ? "FAIL" : "PASS",
	       n - failed - nr_skipped, failed, nr_skipped, n, (unsigned long long)o->seed);
	return (int)failed;
}

int ktest_run_set(const struct ktest *set, const struct ktest *end, const struct ktest_options *o)
{
	unsigned int i, n, failed = 0, nr_skipped = 0;

	n = select_tests(set, end, o);
	shuffle(n, o->seed);
	printk("KTAP version 1\n");
	printk("1..%u\n", n);
	for (i = 0; i < n; i++) {
		if (!run_one(&set[order[i]], i + 1, o))
			failed++;
		else if (skipped)
			nr_skipped++;
	}
	running = NULL;
	return summary(n, failed, nr_skipped, o);
}

int ktest_run(const struct ktest_options *o)
{
	return ktest_run_set(__ktest_start, __ktest_end, o);
}
