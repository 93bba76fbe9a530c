/* host-test: user/proc/node.c user/proc/text.c */
/* The tree with three processes in it: what each path names, where links lead, what directories hold. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/abi/fs.h"
#include "user/proc/gather.h"

/* --- what gather.c says --- */

static const int processes[] = {1, 20, 300};
static const char *exe = "/bin/prog";

bool node_exists(int pid, int tid)
{
	for (unsigned int i = 0; i < 3; i++)
		if (processes[i] == pid)
			return !tid || tid == pid || tid == pid + 1;
	return false;
}

unsigned int node_numbers(int pid, int first, int32_t *numbers, unsigned int room)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < (pid ? 2 : 3) && n < room; i++) {
		int number = pid ? pid + (int)i : processes[i];

		if (number >= first)
			numbers[n++] = number;
	}
	return n;
}

long make_exe(struct text *t, const struct node *node)
{
	(void)node;
	text_printf(t, "%s", exe);
	return 0;
}

#define TEXT_OF(name)                                                                              \
	long name(struct text *t, const struct node *node)                                         \
	{                                                                                          \
		(void)node;                                                                        \
		text_printf(t, #name);                                                             \
		return 0;                                                                          \
	}
TEXT_OF(make_stat)
TEXT_OF(make_status)
TEXT_OF(make_statm)
TEXT_OF(make_comm)
TEXT_OF(make_cmdline)
TEXT_OF(make_environ)
TEXT_OF(make_maps)
TEXT_OF(make_cpuinfo)
TEXT_OF(make_filesystems)
TEXT_OF(make_loadavg)
TEXT_OF(make_machine_stat)
TEXT_OF(make_meminfo)
TEXT_OF(make_mounts)
TEXT_OF(make_pgsync)
TEXT_OF(make_pgsync_tsv)
TEXT_OF(make_uptime)
TEXT_OF(make_version)
TEXT_OF(make_hostname)
TEXT_OF(make_osrelease)
TEXT_OF(make_ostype)
TEXT_OF(make_pid_max)

/* --- paths --- */

static const struct asker asker = {20, 21};
static struct node node;
static const char *rest;

static long walk_from(const struct node *start, const char *path, unsigned int how)
{
	return node_walk(start, path, how, &asker, &node, &rest);
}

static long walk(const char *path)
{
	return walk_from(&node_root, path, 0);
}

static void expect(const char *path, node_maker make, int pid, int tid)
{
	assert_int_equal(walk(path), 0);
	assert_ptr_equal(node.type->make, make);
	assert_int_equal(node.pid, pid);
	assert_int_equal(node.tid, tid);
}

static void files_by_their_paths(void **state)
{
	struct node process;

	(void)state;
	expect("", NULL, 0, 0);
	expect("stat", make_machine_stat, 0, 0);
	expect("/stat", make_machine_stat, 0, 0);
	expect("300/stat", make_stat, 300, 0);
	expect("300//./stat", make_stat, 300, 0);
	expect("300/../20/maps", make_maps, 20, 0);
	expect("300/task/301/stat", make_stat, 300, 301);
	expect("300/task/301/../../comm", make_comm, 300, 0);
	expect("sys/kernel/hostname", make_hostname, 0, 0);
	expect("sys/../sys/kernel/../../uptime", make_uptime, 0, 0);
	expect("self/cmdline", make_cmdline, 20, 0);
	expect("thread-self/comm", make_comm, 20, 21);
	expect("1/", NULL, 1, 0);
	process = node;
	assert_int_equal(walk_from(&process, "status", 0), 0);
	assert_ptr_equal(node.type->make, make_status);
}

static void what_is_not_there(void **state)
{
	static const char *const missing[] = {
		"2",  "nothing",    "01",           "-1",          "1/nothing",
		"1x", "9999999999", "300/task/303", "sys/nothing", "300/task/301/task",
		"exe"};
	char name[FS_NAME_MAX + 2], path[FS_PATH_MAX + 1];

	(void)state;
	for (unsigned int i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		assert_int_equal(walk(missing[i]), -ENOENT);
	assert_int_equal(walk("stat/"), -ENOTDIR);
	assert_int_equal(walk("stat/x"), -ENOTDIR);
	assert_int_equal(walk("1/comm/.."), -ENOTDIR);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_int_equal(walk(name), -ENAMETOOLONG);
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	assert_int_equal(walk(path), -ENAMETOOLONG);
}

static void paths_that_lead_away(void **state)
{
	(void)state;
	assert_int_equal(walk("../etc/passwd"), NODE_AWAY);
	assert_string_equal(rest, "etc/passwd");
	assert_int_equal(walk("1/.././../x"), NODE_AWAY);
	assert_string_equal(rest, "x");
	assert_int_equal(walk(".."), NODE_AWAY);
	assert_string_equal(rest, "");
	exe = "/bin/prog";
	assert_int_equal(walk("1/exe"), NODE_AWAY);
	assert_string_equal(rest, "bin/prog");
	assert_int_equal(walk("1/exe/more"), NODE_AWAY);
	assert_string_equal(rest, "bin/prog/more");
}

static void links_as_such(void **state)
{
	struct text t = {0};

	(void)state;
	assert_int_equal(walk_from(&node_root, "self", NODE_NOFOLLOW), 0);
	assert_true(S_ISLNK(node.type->mode));
	assert_int_equal(node_link(&node, &asker, &t), 0);
	assert_int_equal(t.length, 2);
	assert_memory_equal(t.bytes, "20", 2);
	text_free(&t);
	/* What is behind it, is meant. */
	assert_int_equal(walk_from(&node_root, "self/", NODE_NOFOLLOW), 0);
	assert_true(node_is_dir(&node));
	assert_int_equal(node.pid, 20);
}

/* --- directories --- */

static int highest = 1000;

/* All names, by so many at a time. */
static unsigned int list(const char *path, unsigned int room, char names[64][32])
{
	struct node_entry entries[64];
	uint64_t position = 0;
	unsigned int all = 0, n;
	struct node dir;

	assert_int_equal(walk(path), 0);
	dir = node;
	while ((n = node_list(&dir, position, highest, entries, room))) {
		assert_true(n <= room);
		for (unsigned int i = 0; i < n; i++) {
			assert_true(entries[i].next > position);
			position = entries[i].next;
			strcpy(names[all++], entries[i].name);
		}
	}
	return all;
}

static bool is_among(char names[64][32], unsigned int n, const char *name)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < n; i++)
		found += strcmp(names[i], name) == 0;
	assert_true(found <= 1);
	return found;
}

static void every_name_once_however_many_at_a_time(void **state)
{
	static const char *const dirs[] = {"",    "300",       "300/task", "300/task/301",
					   "sys", "sys/kernel"};

	(void)state;
	for (unsigned int d = 0; d < 6; d++) {
		char all[64][32], some[64][32];
		unsigned int n = list(dirs[d], 64, all);

		for (unsigned int room = 1; room < 5; room++) {
			assert_int_equal(list(dirs[d], room, some), n);
			for (unsigned int i = 0; i < n; i++)
				assert_string_equal(some[i], all[i]);
		}
		/* Each of them is found. */
		for (unsigned int i = 0; i < n; i++) {
			char path[64];

			snprintf(path, sizeof(path), "%s/%s", dirs[d], all[i]);
			if (d || strcmp(all[i], ".."))
				assert_int_equal(walk_from(&node_root, path, NODE_NOFOLLOW), 0);
			assert_true(is_among(all, n, all[i]));
		}
	}
}

static void what_directories_hold(void **state)
{
	char names[64][32];
	unsigned int n;

	(void)state;
	n = list("", 64, names);
	assert_true(is_among(names, n, "1") && is_among(names, n, "300"));
	assert_true(is_among(names, n, "self") && is_among(names, n, "pgsync"));
	assert_false(is_among(names, n, "comm") || is_among(names, n, ""));
	highest = 299;
	n = list("", 64, names);
	assert_true(is_among(names, n, "20"));
	assert_false(is_among(names, n, "300"));
	highest = 1000;
	n = list("300/task", 64, names);
	assert_int_equal(n, 4);
	assert_true(is_among(names, n, "301"));
	n = list("300/task/301", 64, names);
	assert_false(is_among(names, n, "task"));
}

static void numbers_are_of_one_node(void **state)
{
	static const char *const paths[] = {"",
					    "1",
					    "20",
					    "stat",
					    "1/stat",
					    "20/stat",
					    "300/task/300",
					    "300/task/300/stat",
					    "300/stat",
					    "300/task/301/stat"};
	uint64_t numbers[10];

	(void)state;
	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(walk(paths[i]), 0);
		numbers[i] = node_number(&node);
		for (unsigned int k = 0; k < i; k++)
			assert_true(numbers[i] != numbers[k]);
	}
}

static void a_directory_has_a_path(void **state)
{
	static const char *const dirs[] = {"",     "/300",       "/300/task", "/300/task/301",
					   "/sys", "/sys/kernel"};
	char path[64], expected[64];

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		assert_int_equal(walk(dirs[i]), 0);
		node_path(&node, path, sizeof(path));
		snprintf(expected, sizeof(expected), "/proc%s", dirs[i]);
		assert_string_equal(path, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_by_their_paths),
		cmocka_unit_test(what_is_not_there),
		cmocka_unit_test(paths_that_lead_away),
		cmocka_unit_test(links_as_such),
		cmocka_unit_test(every_name_once_however_many_at_a_time),
		cmocka_unit_test(what_directories_hold),
		cmocka_unit_test(numbers_are_of_one_node),
		cmocka_unit_test(a_directory_has_a_path),
	};

	return cmocka_run_group_tests_name("node", tests, NULL, NULL);
}
