/* host-test: kernel/script.c kernel/base/string.c */
/* "#!" lines: what Linux makes of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/errno.h"
#include "kernel/script.h"

static char line[SCRIPT_LINE_MAX], *interpreter, *argument;

static int parse(const char *text)
{
	memset(line, 0, sizeof(line));
	strncpy(line, text, sizeof(line) - 1);
	assert_true(script_is(line));
	return script_parse(line, &interpreter, &argument);
}

static void expect(const char *text, const char *name, const char *arg)
{
	assert_int_equal(parse(text), 0);
	assert_string_equal(interpreter, name);
	if (arg)
		assert_string_equal(argument, arg);
	else
		assert_null(argument);
}

static void names_and_arguments(void **state)
{
	(void)state;
	expect("#!/bin/sh\necho\n", "/bin/sh", NULL);
	expect("#! \t /bin/sh \t \n", "/bin/sh", NULL);
	expect("#!/bin/env -S a  b\t\nx", "/bin/env", "-S a  b");
	expect("#!sh", "sh", NULL);
	expect("#!a b", "a", "b");
	expect("#!/bin/sh\r\n", "/bin/sh\r", NULL);
}

static void no_interpreter(void **state)
{
	(void)state;
	assert_int_equal(parse("#!"), -ENOEXEC);
	assert_int_equal(parse("#!\n/bin/sh"), -ENOEXEC);
	assert_int_equal(parse("#!  \t\n"), -ENOEXEC);
}

/* Of a line that is too long an argument is cut off; half a path is another path. */
static void long_lines(void **state)
{
	char text[2 * SCRIPT_LINE_MAX];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "#!", 2);
	text[sizeof(text) - 1] = 0;
	assert_int_equal(parse(text), -ENOEXEC);
	text[10] = ' ';
	assert_int_equal(parse(text), 0);
	assert_string_equal(interpreter, "xxxxxxxx");
	assert_int_equal(strlen(argument), SCRIPT_LINE_MAX - 1 - 11);
	memset(text + 2, ' ', sizeof(text) - 3);
	assert_int_equal(parse(text), -ENOEXEC);
	/* The longest path that is whole. */
	memset(text + 2, 'x', SCRIPT_LINE_MAX - 4);
	text[SCRIPT_LINE_MAX - 2] = '\n';
	assert_int_equal(parse(text), 0);
	assert_int_equal(strlen(interpreter), SCRIPT_LINE_MAX - 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_arguments),
		cmocka_unit_test(no_interpreter),
		cmocka_unit_test(long_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
