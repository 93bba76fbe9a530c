/* host-test: user/proc/format_task.c user/proc/format_machine.c user/proc/format_pgsync.c user/proc/text.c */
/* The texts, character by character where a program reads them by position, and by Linux's own reader rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/proc/format.h"

static struct text t;

static int begin(void **state)
{
	(void)state;
	text_free(&t);
	return 0;
}

/* What has been written, as a string. */
static const char *written(void)
{
	text_printf(&t, "%c", 0);
	assert_false(t.failed);
	return t.bytes;
}

static const struct procinfo_task task = {
	.tid = 42,
	.pid = 40,
	.ppid = 7,
	.pgid = 39,
	.sid = 38,
	.threads = 3,
	.flags = PROCINFO_EXITING,
	.cpu = 5,
	.nice = -4,
	.state = 'S',
	.comm = "a (b) c",
	.start = 12345678901,
	.thread = {.user = 1230000000, .system = 4560000000},
	.process = {.user = 7890000000, .system = 10000000, .faults = 6},
	.children = {.user = 20000000, .system = 30000000},
	.pending = 1,
	.process_pending = 1ul << 33 | 2,
	.blocked = 4,
	.ignored = 8,
	.caught = 16,
	.exit_status = 256,
};

static const struct procinfo_memory memory = {
	.size = 40 << 20,
	.resident = 3 << 20,
	.text = 64 << 10,
	.data = 128 << 10,
	.stack = 8 << 10,
	.shared = 16 << 10,
	.tables = 20 << 10,
	.heap_start = 0x700000,
	.args_start = 0x7000,
	.args_end = 0x7010,
	.environ_end = 0x7020,
	.program = 33,
	.maps = 9,
};

/* As procps and busybox do it: the name ends at the last parenthesis, fields are counted from there. */
static const char *field(unsigned int n)
{
	static char copy[1024];
	char *at;

	strcpy(copy, written());
	at = strrchr(copy, ')');
	assert_non_null(at);
	at = strtok(at + 1, " \n");
	for (unsigned int i = 3; at && i < n; i++)
		at = strtok(NULL, " \n");
	return at ? at : "(none)";
}

static void stat_has_52_fields(void **state)
{
	(void)state;
	format_stat(&t, &task, &memory, true);
	assert_memory_equal(written(), "42 (a (b) c) S 7 39 38 0 -1 4 ", 30);
	assert_string_equal(field(52), "256");
	assert_string_equal(field(53), "(none)");
	assert_string_equal(field(10), "6");
	assert_string_equal(field(14), "789");
	assert_string_equal(field(15), "1");
	assert_string_equal(field(16), "2");
	assert_string_equal(field(17), "3");
	assert_string_equal(field(18), "16");
	assert_string_equal(field(19), "-4");
	assert_string_equal(field(20), "3");
	assert_string_equal(field(22), "1234");
	assert_string_equal(field(23), "41943040");
	assert_string_equal(field(24), "768");
	assert_string_equal(field(31), "3");
	assert_string_equal(field(32), "4");
	assert_string_equal(field(33), "8");
	assert_string_equal(field(34), "16");
	assert_string_equal(field(38), "17");
	assert_string_equal(field(39), "5");
	assert_string_equal(field(47), "7340032");
	assert_string_equal(field(48), "28672");
	assert_string_equal(field(51), "28704");
}

static void a_thread_has_its_own_times(void **state)
{
	(void)state;
	format_stat(&t, &task, &memory, false);
	assert_string_equal(field(14), "123");
	assert_string_equal(field(15), "456");
}

static void status_by_names(void **state)
{
	const struct procinfo_memory none = {0};

	(void)state;
	format_status(&t, &task, &memory);
	assert_non_null(strstr(written(), "Name:\ta (b) c\nState:\tS (sleeping)\nTgid:\t40\n"));
	assert_non_null(strstr(t.bytes, "\nPid:\t42\nPPid:\t7\n"));
	assert_non_null(strstr(t.bytes, "\nVmRSS:\t    3072 kB\n"));
	assert_non_null(
		strstr(t.bytes, "\nSigPnd:\t0000000000000001\nShdPnd:\t0000000200000002\n"));
	/* Who has no memory has no line about it. */
	text_free(&t);
	format_status(&t, &task, &none);
	assert_null(strstr(written(), "Vm"));
}

static void statm_in_pages(void **state)
{
	(void)state;
	format_statm(&t, &memory);
	assert_string_equal(written(), "10240 768 4 16 0 34 0\n");
}

static void maps_as_in_linux(void **state)
{
	const struct procinfo_map program = {0x400000, 0x401000, 0x2000, 33, 5, PROCINFO_OBJECT};
	const struct procinfo_map other = {0x7f0000000000, 0x7f0000001000, 0, 34, 11,
					   PROCINFO_OBJECT};
	const struct procinfo_map stack = {0x7ffffffde000, 0x7ffffffff000, 0, 0, 3, PROCINFO_STACK};

	(void)state;
	format_map(&t, &program, &memory, "/bin/x y");
	format_map(&t, &other, &memory, "/bin/x y");
	format_map(&t, &stack, &memory, "/bin/x y");
	assert_string_equal(written(), "00400000-00401000 r-xp 00002000 00:00 33                   "
				       "              /bin/x y\n"
				       "7f0000000000-7f0000001000 rw-s 00000000 00:00 34 \n"
				       "7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0            "
				       "              [stack]\n");
}

/* --- the machine --- */

static const struct procinfo_system machine = {
	.uptime = 90061230000000,
	.boot_time = 1600000000999999999,
	.total = 512 << 20,
	.free = 300 << 20,
	.objects = 50 << 20,
	.slab = 5 << 20,
	.switches = 1000,
	.forks = 77,
	.threads = 12,
	.runnable = 3,
	.highest_pid = 99,
};

static const struct procinfo_cpu cpus[2] = {
	{.cpu = 0, .busy = {1000000000, 20000000, 0}, .idle = 5000000000},
	{.cpu = 4, .busy = {3000000000, 40000000, 0}, .idle = 7120000000},
};

static void times_of_the_machine(void **state)
{
	(void)state;
	format_uptime(&t, &machine, cpus, 2);
	assert_string_equal(written(), "90061.23 12.12\n");
	text_free(&t);
	format_machine_stat(&t, &machine, cpus, 2);
	assert_string_equal(written(), "cpu  400 0 6 1212 0 0 0 0 0 0\n"
				       "cpu0 100 0 2 500 0 0 0 0 0 0\n"
				       "cpu4 300 0 4 712 0 0 0 0 0 0\n"
				       "ctxt 1000\nbtime 1600000000\nprocesses 77\n"
				       "procs_running 3\nprocs_blocked 0\n");
}

static void meminfo_in_kilobytes(void **state)
{
	unsigned long total = 0, available = 0;

	(void)state;
	format_meminfo(&t, &machine);
	assert_int_equal(sscanf(written(), "MemTotal: %lu kB", &total), 1);
	assert_int_equal(total, 512 << 10);
	assert_int_equal(
		sscanf(strstr(t.bytes, "MemAvailable:"), "MemAvailable: %lu kB", &available), 1);
	assert_int_equal(available, 300 << 10);
	assert_non_null(strstr(t.bytes, "\nCached:            51200 kB\n"));
}

static unsigned long hundredths(const struct load *l, unsigned int which)
{
	unsigned long whole[3], part[3];

	text_free(&t);
	format_loadavg(&t, l, &machine);
	assert_int_equal(sscanf(written(), "%lu.%lu %lu.%lu %lu.%lu 3/12 99\n", &whole[0], &part[0],
				&whole[1], &part[1], &whole[2], &part[2]),
			 6);
	return whole[which] * 100 + part[which];
}

/* Two threads run all the time: after a minute 63 % of that, in the end all of it; and back. */
static void the_load_follows_slowly(void **state)
{
	struct load l = {0};

	(void)state;
	assert_int_equal(hundredths(&l, 0), 0);
	for (unsigned int i = 0; i < 60 / LOAD_INTERVAL; i++)
		load_sample(&l, 2);
	assert_in_range(hundredths(&l, 0), 124, 128);
	assert_in_range(hundredths(&l, 1), 35, 37);
	assert_in_range(hundredths(&l, 2), 12, 14);
	for (unsigned int i = 0; i < 7200 / LOAD_INTERVAL; i++)
		load_sample(&l, 2);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(hundredths(&l, i), 200);
	for (unsigned int i = 0; i < 14400 / LOAD_INTERVAL; i++)
		load_sample(&l, 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(hundredths(&l, i), 0);
}

/* --- root tables --- */

static struct procinfo_pgsync pgsync = {
	.strategy = "walk",
	/* 256, 258, 259, 260 and 511; 260 is not ready. */
	.present = {0x1d, 0, 0, 1ul << 63},
	.ready = {0x0d, 0, 0, 1ul << 63},
	.generation = 6,
	.reference = 0x1f5000,
	.reference_cpus = 2,
	.levels = 4,
	.growths = 5,
};

static const struct named_root roots[] = {
	{{.table = 0x2000,
	  .pid = 1,
	  .owners = 1,
	  .state = PROCINFO_ROOT_READY,
	  .present = {0x1d, 0, 0, 1ul << 63},
	  .generation = 4,
	  .life = 3,
	  .cpus = 1},
	 "init"},
	{{.table = 0x3000,
	  .cpus = 1,
	  .state = PROCINFO_ROOT_READY,
	  .present = {0x03, 0, 0, 1ul << 63},
	  .missing = 2},
	 ""},
	{{.table = 0x4000, .state = PROCINFO_ROOT_FREE}, ""},
};

static void a_strip_of_slots_a_root(void **state)
{
	(void)state;
	format_pgsync(&t, &pgsync, roots, 3);
	assert_non_null(
		strstr(written(), "strategy walk, 4 levels, generation 6, 2 roots, 1 more "));
	assert_non_null(strstr(t.bytes, "\nslots  256-260 511\n"));
	/* 257 is only in the second root: that must not be. */
	assert_non_null(
		strstr(t.bytes, " init     0x00001f5000      6        -    2       - #.##o#\n"));
	assert_non_null(strstr(t.bytes, "\n      1 init            live     0x0000002000      4    "
					"    3    1       0 #.##o#\n"));
	assert_non_null(strstr(t.bytes, "\n      -                 borrowed 0x0000003000      0    "
					"    0    1       2 #!...#\n"));
	assert_null(strstr(t.bytes, "0x0000004000"));
}

static void a_table_for_programs(void **state)
{
	unsigned int lines = 0;

	(void)state;
	format_pgsync_tsv(&t, &pgsync, roots, 3);
	written();
	for (char *line = strtok(t.bytes, "\n"); line; line = strtok(NULL, "\n"), lines++) {
		unsigned int tabs = 0;

		for (const char *c = line; *c; c++)
			tabs += *c == '\t';
		assert_int_equal(tabs, 9);
	}
	assert_int_equal(lines, 5);
}

static void cpuinfo_and_version(void **state)
{
	const struct cpu_model model = {"GenuineIntel", "A processor", 6, 85, 7};
	const struct utsname u = {.sysname = "S", .release = "1.2", .version = "#3"};

	(void)state;
	format_cpuinfo(&t, &model, cpus, 2);
	assert_non_null(strstr(written(), "processor\t: 4\nvendor_id\t: GenuineIntel\n"));
	text_free(&t);
	format_version(&t, &u);
	assert_string_equal(written(), "S version 1.2 #3\n");
}

static void a_text_grows(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 5000; i++)
		text_printf(&t, "%04u\n", i);
	assert_int_equal(t.length, 25000);
	assert_memory_equal(t.bytes + 5 * 4321, "4321\n", 5);
	text_pad(&t, 3);
	assert_memory_equal(t.bytes + 25000, "   ", 3);
	text_pad(&t, 2);
	assert_int_equal(t.length, 25003);
}

#define EACH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(stat_has_52_fields),      EACH(a_thread_has_its_own_times),
		EACH(status_by_names),         EACH(statm_in_pages),
		EACH(maps_as_in_linux),        EACH(times_of_the_machine),
		EACH(meminfo_in_kilobytes),    EACH(the_load_follows_slowly),
		EACH(a_strip_of_slots_a_root), EACH(a_table_for_programs),
		EACH(cpuinfo_and_version),     EACH(a_text_grows),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, begin);
}
