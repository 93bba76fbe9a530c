/* host-test: cflags: -DMUTANT_removed=1 -DMUTANT_zero=0 */
/* MUTANT(): a constant, 1 only for the switch that the command line gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/base/mutant.h"

/* A constant expression in every case, also for the compiler. */
_Static_assert(MUTANT(removed) == 1, "given with 1");
_Static_assert(MUTANT(zero) == 0, "given with 0");
_Static_assert(MUTANT(kept) == 0, "not given");

static void removes_only_what_is_named(void **state)
{
	int removed = 0, kept = 0;

	if (!MUTANT(kept))
		kept++;
	if (!MUTANT(removed))
		removed++;
	assert_int_equal(kept, 1);
	assert_int_equal(removed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removes_only_what_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
