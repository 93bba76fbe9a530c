/* host-test: kernel/procinfo/lowest.c */
/*
 * The lowest keys of a set, against the set sorted: any order of arrival, any room, equal keys; and chunk after
 * chunk of a set that changes in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/procinfo/lowest.h"

#define SET 500

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void like_the_sorted_set(void **state)
{
	uint64_t set[SET], sorted[SET];

	(void)state;
	srand(7);
	for (unsigned int round = 0; round < 300; round++) {
		unsigned int n = (unsigned int)rand() % SET, at = 0;
		struct lowest l;

		lowest_init(&l, (u64)rand() % 400, 1 + (u64)rand() % 100);
		for (unsigned int i = 0; i < n; i++) {
			set[i] = sorted[i] = (u64)rand() % 1000;
			lowest_add(&l, set[i], &set[i]);
		}
		qsort(sorted, n, sizeof(sorted[0]), by_value);
		assert_true(l.n <= l.room && l.room <= LOWEST_MAX);
		for (unsigned int i = 0; i < l.n; i++) {
			while (sorted[at] < l.first || (i && sorted[at] == l.keys[i - 1]))
				at++;
			assert_int_equal(l.keys[i], sorted[at]);
			assert_int_equal(*(uint64_t *)l.what[i], l.keys[i]);
		}
		/* None was left out while there was room. */
		while (at < n && (sorted[at] < l.first || (l.n && sorted[at] == l.keys[l.n - 1])))
			at++;
		assert_true(l.n == l.room || at >= n);
	}
}

static void the_first_of_equal_keys_counts(void **state)
{
	int first, second;
	struct lowest l;

	(void)state;
	lowest_init(&l, 0, 4);
	lowest_add(&l, 5, &first);
	lowest_add(&l, 3, &first);
	lowest_add(&l, 5, &second);
	lowest_add(&l, 3, &second);
	assert_int_equal(l.n, 2);
	assert_ptr_equal(l.what[0], &first);
	assert_ptr_equal(l.what[1], &first);
}

/* Odd keys stay, even ones come and go: each odd one is told once. */
static void what_stays_is_told_once(void **state)
{
	unsigned int told = 0;
	struct lowest l;
	u64 first = 0;

	(void)state;
	srand(11);
	do {
		lowest_init(&l, first, 7);
		for (u64 key = SET; key-- > 0;)
			if (key % 2 || rand() % 2)
				lowest_add(&l, key, NULL);
		for (unsigned int i = 0; i < l.n; i++)
			told += l.keys[i] % 2;
		if (l.n)
			first = l.keys[l.n - 1] + 1;
	} while (l.n);
	assert_int_equal(told, SET / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(like_the_sorted_set),
		cmocka_unit_test(the_first_of_equal_keys_counts),
		cmocka_unit_test(what_stays_is_told_once),
	};

	return cmocka_run_group_tests_name("lowest", tests, NULL, NULL);
}
