/*
 * Planted undefined behaviour, one for each kind of check that SAN=undefined compiles in: see
 * selftest.h. What each must be called in its report is in tools/tests/test_san.py.
 *
 * Values come through volatile variables, so that the compiler can neither see the fault nor use it.
 */
#include "kernel/selftest.h"

#include "kernel/base/string.h"

static volatile int two = 2, zero, minus_one = -1, forty = 40, most = INT_MAX, least = INT_MIN;
static volatile long far = LONG_MAX;
static volatile int result;

static noinline void fault_shift(void)
{
	result = two << forty;
}

static noinline void fault_negative_shift(void)
{
	result = two << minus_one;
}

static noinline void fault_add(void)
{
	result = most + two;
}

static noinline void fault_subtract(void)
{
	result = least - two;
}

static noinline void fault_multiply(void)
{
	result = most * two;
}

static noinline void fault_negate(void)
{
	result = -least;
}

static noinline void fault_divide_by_zero(void)
{
	result = two / zero;
}

static noinline void fault_divide_overflow(void)
{
	result = least / minus_one;
}

static noinline void fault_bounds(void)
{
	static int array[4];

	result = array[two * 2];
}

static noinline void fault_null(void)
{
	int *volatile nowhere = NULL;

	*nowhere = 1;
}

static noinline void fault_misaligned(void)
{
	static int array[2];
	char *volatile bytes = (char *)array;

	result = *(int *)(bytes + two);
}

static noinline void fault_object_size(void)
{
	static char small[2];
	long *object = (long *)(void *)small;

	far = *object;
}

static noinline void fault_bool(void)
{
	static volatile unsigned char byte = 2;

	result = *(volatile bool *)&byte;
}

static noinline void fault_pointer(void)
{
	static char array[4];
	char *volatile bytes = array;

	bytes += far;
}

static __attribute__((nonnull)) noinline void needs_pointer(const void *p)
{
	__asm__ volatile("" ::"r"(p));
}

static noinline void fault_nonnull(void)
{
	void *volatile nowhere = NULL;

	needs_pointer(nowhere);
}

static __attribute__((returns_nonnull)) noinline void *gives_pointer(void)
{
	void *volatile nowhere = NULL;

	return nowhere;
}

static noinline void fault_returned_null(void)
{
	result = gives_pointer() != NULL;
}

static noinline void fault_unreachable(void)
{
	if (!zero)
		__builtin_unreachable();
}

static noinline void fault_count_bits(void)
{
	result = __builtin_ctz((unsigned int)zero);
}

static const struct selftest faults[] = {
	{"ub_shift", fault_shift, false},
	{"ub_negative_shift", fault_negative_shift, false},
	{"ub_add", fault_add, false},
	{"ub_subtract", fault_subtract, false},
	{"ub_multiply", fault_multiply, false},
	{"ub_negate", fault_negate, false},
	{"ub_divide_by_zero", fault_divide_by_zero, false},
	{"ub_divide_overflow", fault_divide_overflow, false},
	{"ub_bounds", fault_bounds, false},
	{"ub_null", fault_null, false},
	{"ub_misaligned", fault_misaligned, false},
	{"ub_object_size", fault_object_size, false},
	{"ub_bool", fault_bool, false},
	{"ub_pointer", fault_pointer, false},
	{"ub_nonnull", fault_nonnull, false},
	{"ub_returned_null", fault_returned_null, false},
	{"ub_unreachable", fault_unreachable, false},
	{"ub_count_bits", fault_count_bits, false},
};

const struct selftest *sanitizer_selftests(unsigned int *n)
{
	*n = ARRAY_SIZE(faults);
	return faults;
}
