/* The run of the property tests of address spaces: see space_run.h. */
#include "mm/tests/space_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/errno.h"
#include "mm/allocfail.h"
#include "mm/pgtable.h"
#include "mm/tests/space_check.h"
#include "mm/tests/space_host.h"

#define LAST        16
#define CHECK_EVERY 128

static struct {
	unsigned long steps;
	void (*new_space)(struct space *s);
	void (*one_step)(struct space *s);
	void (*at_end)(void);
} run;

static u64 seed;
static unsigned long step;

/* --- what was done last, for whoever reads a failure --- */

static struct {
	const char *name;
	unsigned int space;
	unsigned long a, b, c, d;
	long want, got;
} last[LAST];
static unsigned int nr_last;

static void print_last(void)
{
	printf("SPACE_SEED=%llu, step %lu; the last calls, in pages of the window:\n",
	       (unsigned long long)seed, step);
	for (unsigned int i = nr_last > LAST ? nr_last - LAST : 0; i < nr_last; i++)
		printf("  space %u: %s(%lu, %lu, %#lx, %#lx) is %#lx, wanted %#lx\n",
		       last[i % LAST].space, last[i % LAST].name, last[i % LAST].a,
		       last[i % LAST].b, last[i % LAST].c, last[i % LAST].d, last[i % LAST].got,
		       last[i % LAST].want);
}

void note(const struct space *s, const char *name, unsigned long a, unsigned long b,
	  unsigned long c, unsigned long d)
{
	unsigned int i = nr_last++ % LAST;

	last[i].name = name;
	last[i].space = (unsigned int)(s - spaces);
	last[i].a = a;
	last[i].b = b;
	last[i].c = c;
	last[i].d = d;
	last[i].want = last[i].got = 0;
}

/* --- failing allocations --- */

static bool armed;

void maybe_fail(void)
{
	armed = !below(24);
	/* Tables shall be allocations too. */
	if (armed)
		pt_cache_drain();
	alloc_fail_nth(armed ? 1 + below(6) : 0);
}

void must_not_fail(void)
{
	armed = false;
	alloc_fail_nth(0);
}

bool has_failed(void)
{
	return armed && !alloc_fail_left();
}

bool expect(struct space *s, long got, long want)
{
	bool hit = has_failed();

	armed = false;
	alloc_fail_nth(0);
	last[(nr_last - 1) % LAST].got = got;
	last[(nr_last - 1) % LAST].want = want;
	if (hit)
		s->ragged = true;
	if (hit && (got == -ENOMEM || got == -EAGAIN))
		return false;
	assert_int_equal(got, want);
	return want >= 0;
}

/* --- spaces --- */

static void start_space(struct space *s)
{
	const unsigned long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	model_reset(s);
	s->mm = mm_alloc();
	assert_non_null(s->mm);
	assert_int_equal(do_mmap(s->mm, WINDOW_START - LIDS, LIDS, 0, flags), WINDOW_START - LIDS);
	assert_int_equal(do_mmap(s->mm, page_va(WINDOW), MMAP_BASE - page_va(WINDOW), 0, flags),
			 page_va(WINDOW));
	run.new_space(s);
}

static void end_space(struct space *s)
{
	mmput(s->mm);
	model_reset(s);
}

void step_fork(struct space *s)
{
	struct space *to = &spaces[below(SPACES)];
	struct mm_struct *mm;

	if (to->mm)
		return;
	note(s, "fork", (unsigned long)(to - spaces), 0, 0, 0);
	maybe_fail();
	mm = mm_fork(s->mm);
	if (!expect(s, mm ? 0 : -ENOMEM, 0))
		return;
	*to = *s;
	to->mm = mm;
	memset(to->tlb, 0, sizeof(to->tlb));
}

void step_exit(struct space *s)
{
	note(s, "exit", 0, 0, 0, 0);
	end_space(s);
	/* One always lives. */
	if (!spaces[0].mm)
		start_space(&spaces[0]);
}

bool in_window(struct space *s, long at, unsigned int n)
{
	if ((unsigned long)at >= WINDOW_START)
		return true;
	assert_true((unsigned long)at + n * PAGE_SIZE <= WINDOW_START - LIDS);
	assert_int_equal(do_munmap(s->mm, (unsigned long)at, n * PAGE_SIZE), 0);
	return false;
}

/* --- the run --- */

static void end_all(void)
{
	for (unsigned int i = 0; i < SPACES; i++)
		if (spaces[i].mm)
			end_space(&spaces[i]);
}

static unsigned long number_from(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static bool done;

static int print_if_failed(void **state)
{
	(void)state;
	if (!done)
		print_last();
	return 0;
}

static void random_steps(void **state)
{
	unsigned long steps = number_from("SPACE_STEPS", run.steps);
	unsigned long check_every = number_from("SPACE_CHECK", CHECK_EVERY);
	u64 before = host_drained_pages();
	struct space *s;

	(void)state;
	done = false;
	for (step = 0; step < steps; step++) {
		if (step % 20000 == 0) {
			end_all();
			assert_int_equal(host_drained_pages(), before);
			/* Page tables of five levels every other time: the tables are deeper. */
			host_levels = 4 + step / 20000 % 2;
			start_space(&spaces[0]);
		}
		s = &spaces[below(SPACES)];
		if (s->mm)
			run.one_step(s);
		if (step % check_every == 0)
			check_spaces();
	}
	end_all();
	assert_int_equal(host_drained_pages(), before);
	run.at_end();
	done = true;
}

int run_spaces(unsigned long steps, void (*new_space)(struct space *s),
	       void (*one_step)(struct space *s), void (*at_end)(void))
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(random_steps, print_if_failed),
	};

	run.steps = steps;
	run.new_space = new_space;
	run.one_step = one_step;
	run.at_end = at_end;
	seed = number_from("SPACE_SEED", 1);
	printf("SPACE_SEED=%llu\n", (unsigned long long)seed);
	random_state = seed * 0x9e3779b97f4a7c15 | 1;
	host_boot();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
