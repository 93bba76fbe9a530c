/* host-test: kernel/base/printk.c */
/*
 * Whole messages, the cut of long ones, a printk inside of a printk, and who may write during a
 * panic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arch/console.h"
#include "kernel/base/printk.h"

static char written[2048];
static size_t written_len;
static unsigned int writes;
static bool nest;

/* The port, and with `nest` an NMI in the middle of its work. */
void early_console_write(const char *buf, size_t n)
{
	if (nest) {
		nest = false;
		printk("nested\n");
	}
	assert_true(written_len + n < sizeof(written));
	memcpy(written + written_len, buf, n);
	written_len += n;
	written[written_len] = '\0';
	writes++;
}

static int reset(void **state)
{
	(void)state;
	written_len = writes = 0;
	nest = false;
	return 0;
}

static void test_a_message_is_one_write(void **state)
{
	(void)state;
	printk("cpu %d: %s\n", 3, "online");
	assert_string_equal(written, "cpu 3: online\n");
	assert_int_equal(writes, 1);
}

static void test_a_long_message_is_cut_and_says_so(void **state)
{
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	printk("%s\n", text);
	assert_int_equal(writes, 1);
	assert_int_equal(written_len, 511);
	assert_string_equal(written + written_len - 8, "x [cut]\n");
	assert_int_equal(strlen(written), written_len);
}

static void test_longest_message_that_fits(void **state)
{
	char text[512];

	(void)state;
	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	printk("%s", text);
	assert_string_equal(written, text);
}

/* What interrupts the holder writes at once; the lock is still the holder's, and free afterwards.
 */
static void test_nested_message_does_not_deadlock(void **state)
{
	(void)state;
	nest = true;
	printk("outer\n");
	assert_string_equal(written, "nested\nouter\n");
	printk("after\n");
	assert_string_equal(written, "nested\nouter\nafter\n");
}

static void test_the_cpu_that_panics_still_writes(void **state)
{
	(void)state;
	printk_enter_panic();
	printk("panic\n");
	assert_string_equal(written, "panic\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_message_is_one_write, reset),
		cmocka_unit_test_setup(test_a_long_message_is_cut_and_says_so, reset),
		cmocka_unit_test_setup(test_longest_message_that_fits, reset),
		cmocka_unit_test_setup(test_nested_message_does_not_deadlock, reset),
		cmocka_unit_test_setup(test_the_cpu_that_panics_still_writes, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
