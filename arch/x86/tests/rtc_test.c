/* host-test: arch/x86/rtc_date.c */
/* The real-time clock's registers as a date: BCD and binary, 12 and 24 hours, and what is no date.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/rtc.h"

static void test_rtc(void **state)
{
	struct rtc_regs r = {.second = 0x59,
			     .minute = 0x59,
			     .hour = 0x23,
			     .day = 0x31,
			     .month = 0x12,
			     .year = 0x99,
			     .status_b = 2};

	assert_int_equal(rtc_to_epoch(&r), 946684799); /* 1999-12-31 23:59:59 */
	r = (struct rtc_regs){.day = 1, .month = 1, .year = 0x20, .century = 0x20, .status_b = 2};
	assert_int_equal(rtc_to_epoch(&r), 1577836800); /* 2020-01-01 */
	r = (struct rtc_regs){.hour = 0x92, .day = 29, .month = 2, .year = 24, .status_b = 4};
	assert_int_equal(rtc_to_epoch(&r), -1); /* 0x12 is no hour of 12 in binary */
	r.hour = 0x8c;
	assert_int_equal(rtc_to_epoch(&r), 1709208000); /* 2024-02-29 12:00, "12 PM" */
	r.hour = 12;
	assert_int_equal(rtc_to_epoch(&r), 1709164800); /* "12 AM" is midnight */
	r.year = 23;
	assert_int_equal(rtc_to_epoch(&r), -1); /* no leap year */
	r = (struct rtc_regs){.day = 1, .month = 0x13, .status_b = 2};
	assert_int_equal(rtc_to_epoch(&r), -1);
	r = (struct rtc_regs){.day = 0, .month = 1, .status_b = 2};
	assert_int_equal(rtc_to_epoch(&r), -1);
	r = (struct rtc_regs){.day = 1, .month = 1, .second = 0x5a, .status_b = 2};
	assert_int_equal(rtc_to_epoch(&r), -1);
	memset(&r, 0xff, sizeof(r)); /* no device */
	assert_int_equal(rtc_to_epoch(&r), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rtc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
