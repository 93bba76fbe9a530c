/* host-test: kernel/base/spinlock.c */
/*
 * One CPU: the lock word, the preemption count, and the report of a self-deadlock. Contention is
 * tested in the kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/base/barrier.h"
#include "kernel/base/spinlock.h"

static struct spinlock lock = SPINLOCK_INIT(test_a);

static void test_lock_and_unlock(void **state)
{
	(void)state;
	assert_false(spin_is_held(&lock));
	spin_lock(&lock);
	assert_true(spin_is_held(&lock));
	assert_int_equal(lock.owner, cpu_id() + 1);
	assert_int_equal(preempt_depth(), 1);
	spin_unlock(&lock);
	assert_int_equal(lock.owner, 0);
	assert_int_equal(preempt_depth(), 0);
}

static void test_trylock_leaves_the_count_alone_when_it_fails(void **state)
{
	(void)state;
	assert_true(spin_trylock(&lock));
	assert_false(spin_trylock(&lock));
	assert_int_equal(preempt_depth(), 1);
	spin_unlock(&lock);
	assert_int_equal(preempt_depth(), 0);
}

static void test_taking_it_twice_is_reported(void **state)
{
	(void)state;
	spin_lock(&lock);
	expect_assert_failure(spin_lock_slow(&lock));
	spin_unlock(&lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lock_and_unlock),
		cmocka_unit_test(test_trylock_leaves_the_count_alone_when_it_fails),
		cmocka_unit_test(test_taking_it_twice_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
