/* host-test: user/init/list.c */
/* A good start list, broken ones with their messages, and seeded damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/init/list.h"

static const char good[] = "# servers\n"
			   "server rootfs /sbin/rootfs a b\n"
			   "\troot\n"
			   "\tessential   # without it nothing works\n"
			   "\n"
			   "server console /sbin/console\n"
			   "  state 64K\n"
			   "  ioports 0x3f8 8\n"
			   "  irq 4\n"
			   "  mount /dev/console\n"
			   "  mount /dev/tty 1";

/* Parses a copy in a block of its exact size. */
static int parse(struct start_list *list, const char *text, char **copy)
{
	*copy = strdup(text);
	return list_parse(list, *copy);
}

static void test_good(void **state)
{
	static struct start_list list;
	const struct server_line *s = list.servers;
	char *copy;

	(void)state;
	assert_int_equal(parse(&list, good, &copy), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(s[0].name, "rootfs");
	assert_int_equal(s[0].argc, 3);
	assert_string_equal(s[0].argv[0], "/sbin/rootfs");
	assert_string_equal(s[0].argv[2], "b");
	assert_null(s[0].argv[3]);
	assert_true(s[0].root && s[0].essential && !s[0].screen && !s[0].irq_wanted);
	assert_string_equal(s[1].name, "console");
	assert_true(!s[1].root && !s[1].essential && s[1].irq_wanted);
	assert_int_equal(s[1].state, 65536);
	assert_int_equal(s[1].ioport_first, 0x3f8);
	assert_int_equal(s[1].ioport_count, 8);
	assert_int_equal(s[1].irq, 4);
	assert_int_equal(s[1].nr_mounts, 2);
	assert_string_equal(s[1].mounts[0].path, "/dev/console");
	assert_int_equal(s[1].mounts[0].cookie, 0);
	assert_string_equal(s[1].mounts[1].path, "/dev/tty");
	assert_int_equal(s[1].mounts[1].cookie, 1);
	free(copy);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"serve a /b", "line 1: unknown word serve"},
		{"\n\nserver a", "line 3: server wants a name and a program"},
		{" root", "line 1: no server above"},
		{"server a /b\n rot", "line 2: unknown word rot"},
		{"server a /b\n root 1", "line 2: nothing belongs behind root"},
		{"server a /b\n mount dev", "line 2: no absolute path: dev"},
		{"server a /b\n mount", "line 2: mount wants a path, and perhaps a cookie"},
		{"server a /b\n mount /a x", "line 2: no number: x"},
		{"server a /b\n state", "line 2: a number belongs behind state"},
		{"server a /b\n state -1", "line 2: no number: -1"},
		{"server a /b\n state 1G", "line 2: no number: 1G"},
		{"server a /b\n state 0xffffffffffffffffM",
		 "line 2: no number: 0xffffffffffffffffM"},
		{"server a /b\n state 99999999999999999999",
		 "line 2: no number: 99999999999999999999"},
		{"server a /b\n ioports 1", "line 2: two numbers belong behind ioports"},
		{"server a /b\n ioports 1 y", "line 2: no number: y"},
		{"server a /b\nserver a /c", "line 2: a second server a"},
		{"server a 1 2 3 4 5 6 7 8 9", "line 1: too many words"},
		{"server a /b\n mount /1\n mount /2\n mount /3\n mount /4\n mount /5",
		 "line 6: too many mounts"},
	};
	static struct start_list list;
	char *copy;

	(void)state;
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(&list, rows[i].text, &copy), -1);
		assert_string_equal(list.error, rows[i].error);
		free(copy);
	}
}

static void test_too_many(void **state)
{
	static struct start_list list;
	char text[2048], *copy;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < LIST_SERVERS_MAX; i++)
		n += (size_t)sprintf(text + n, "server s%d /p\n", i);
	assert_int_equal(parse(&list, text, &copy), 0);
	free(copy);
	sprintf(text + n, "server more /p\n");
	assert_int_equal(parse(&list, text, &copy), -1);
	assert_string_equal(list.error, "line 17: too many servers");
	free(copy);
}

static void test_damage(void **state)
{
	static struct start_list list;
	unsigned int seed = 1;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		char *copy = strdup(good);

		for (int k = 0; k < 4; k++)
			copy[(size_t)rand_r(&seed) % sizeof(good)] = (char)rand_r(&seed);
		copy[sizeof(good) - 1] = 0;
		if (list_parse(&list, copy))
			assert_memory_equal(list.error, "line ", 5);
		else
			assert_true(list.n <= LIST_SERVERS_MAX);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
