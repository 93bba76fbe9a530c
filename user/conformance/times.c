/* Clocks, sleeping, scheduling. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "user/conformance/conform.h"

CASE(time, clocks)
{
	static const int clocks[] = {0, 1, 4, 5, 6, 7, 10, 11, 12, 77, -1};
	struct timespec t;

	for (unsigned int i = 0; i < ARRAY_SIZE(clocks); i++) {
		show("clock %d", clocks[i]);
		show_ret("  gettime", CALL(SYS_clock_gettime, clocks[i], &t));
		show_ret("  getres", CALL(SYS_clock_getres, clocks[i], &t));
	}
}

/* What a process and a thread have computed: it grows when they do. */
CASE(time, clocks_of_computing)
{
	struct timespec soon = {0, 1000}, t = {0, 0}, later = {0, 0};

	for (int clock = CLOCK_PROCESS_CPUTIME_ID; clock <= CLOCK_THREAD_CPUTIME_ID; clock++) {
		show_ret("gettime", CALL(SYS_clock_gettime, clock, &t));
		for (volatile int i = 0; i < 1000000; i++)
			;
		show_ret("gettime", CALL(SYS_clock_gettime, clock, &later));
		show("later: %d", later.tv_sec > t.tv_sec ||
					  (later.tv_sec == t.tv_sec && later.tv_nsec > t.tv_nsec));
		show_ret("getres", CALL(SYS_clock_getres, clock, &t));
	}
	show_ret("sleep by the thread's own",
		 CALL(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &soon, 0));
}

CASE(time, clock_errnos)
{
	show_ret("gettime to a bad address", CALL(SYS_clock_gettime, CLOCK_MONOTONIC, 1));
	show_ret("gettime to nowhere", CALL(SYS_clock_gettime, CLOCK_MONOTONIC, 0));
	show_ret("getres to a bad address", CALL(SYS_clock_getres, CLOCK_MONOTONIC, 1));
	show_ret("getres to nowhere", CALL(SYS_clock_getres, CLOCK_MONOTONIC, 0));
	show_ret("gettimeofday to nowhere", CALL(SYS_gettimeofday, 0, 0));
	show_ret("gettimeofday to a bad address", CALL(SYS_gettimeofday, 1, 0));
}

CASE(time, resolution)
{
	struct timespec t = {9, 9};

	NEED(CALL(SYS_clock_getres, CLOCK_MONOTONIC, &t) == 0);
	show("%ld s %ld ns", (long)t.tv_sec, t.tv_nsec);
}

CASE(time, never_goes_back)
{
	struct timespec last = {0, 0}, now;
	int back = 0;

	for (int i = 0; i < 1000; i++) {
		NEED(CALL(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0);
		back += now.tv_sec < last.tv_sec ||
			(now.tv_sec == last.tv_sec && now.tv_nsec < last.tv_nsec);
		last = now;
	}
	show("steps back: %d", back);
}

/* The two agree to the second, or nearly. */
CASE(time, two_ways_to_ask)
{
	struct timespec t;
	struct timeval v;

	NEED(CALL(SYS_clock_gettime, CLOCK_REALTIME, &t) == 0);
	show_ret("gettimeofday", CALL(SYS_gettimeofday, &v, 0));
	show("agree: %d", v.tv_sec - t.tv_sec >= 0 && v.tv_sec - t.tv_sec <= 5);
	show("microseconds: %d", v.tv_usec >= 0 && v.tv_usec < 1000000);
	show("after the year 2020: %d", t.tv_sec > 1577836800);
}

CASE(time, nanosleep_errnos)
{
	struct timespec none = {0, 0}, long_ns = {0, 1000000000}, minus_ns = {0, -1},
			minus_s = {-1, 0};

	show_ret("no time", CALL(SYS_nanosleep, &none, 0));
	show_ret("a second of nanoseconds", CALL(SYS_nanosleep, &long_ns, 0));
	show_ret("negative nanoseconds", CALL(SYS_nanosleep, &minus_ns, 0));
	show_ret("negative seconds", CALL(SYS_nanosleep, &minus_s, 0));
	show_ret("a bad address", CALL(SYS_nanosleep, 1, 0));
	show_ret("nowhere", CALL(SYS_nanosleep, 0, 0));
	show_ret("the rest to a bad address", CALL(SYS_nanosleep, &none, 1));
}

CASE(time, clock_nanosleep_errnos)
{
	static const int clocks[] = {0, 1, 4, 5, 6, 7, 11, 12, 77, -1};
	struct timespec soon = {0, 1000}, past = {1, 0}, bad = {0, -1};

	for (unsigned int i = 0; i < ARRAY_SIZE(clocks); i++) {
		show("clock %d", clocks[i]);
		show_ret("  sleep", CALL(SYS_clock_nanosleep, clocks[i], 0, &soon, 0));
		show_ret("  until what is over", CALL(SYS_clock_nanosleep, clocks[i], 1, &past, 0));
	}
	show_ret("a time that is none", CALL(SYS_clock_nanosleep, 1, 0, &bad, 0));
	show_ret("until a time that is none", CALL(SYS_clock_nanosleep, 1, 1, &bad, 0));
	show_ret("a bad address", CALL(SYS_clock_nanosleep, 1, 0, 1, 0));
	show_ret("an unknown clock and a bad address", CALL(SYS_clock_nanosleep, 77, 0, 1, 0));
	show_ret("unknown flags", CALL(SYS_clock_nanosleep, 1, 2, &soon, 0));
}

CASE(time, sleeps_long_enough)
{
	int early = 0;

	for (uint64_t ns = 1000; ns <= 10000000; ns *= 10) {
		struct timespec t = {0, ns};
		uint64_t begin = now_ns();

		NEED(CALL(SYS_nanosleep, &t, 0) == 0);
		early += now_ns() - begin < ns;
	}
	show("early: %d", early);
}

CASE(time, sleeps_until)
{
	uint64_t until = now_ns() + 20000000;
	struct timespec t = {until / 1000000000, until % 1000000000};

	show_ret("sleep", CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0));
	show("not early: %d", now_ns() >= until);
}

/* --- scheduling --- */

CASE(sched, affinity_errnos)
{
	unsigned long mask[16] = {0};

	show_ret("get into no bytes", CALL(SYS_sched_getaffinity, 0, 0, mask));
	show_ret("get into 7 bytes", CALL(SYS_sched_getaffinity, 0, 7, mask));
	show_ret("get into 12 bytes", CALL(SYS_sched_getaffinity, 0, 12, mask));
	show_fine("get", CALL(SYS_sched_getaffinity, 0, sizeof(mask), mask));
	show("CPU 0 is in it: %ld", mask[0] & 1);
	show_ret("get to a bad address", CALL(SYS_sched_getaffinity, 0, sizeof(mask), 1));
	show_ret("get of nobody", CALL(SYS_sched_getaffinity, 0x3ffffff0, sizeof(mask), mask));
	show_ret("get of -1", CALL(SYS_sched_getaffinity, -1, sizeof(mask), mask));
	show_ret("set of nobody", CALL(SYS_sched_setaffinity, 0x3ffffff0, sizeof(mask), mask));
	show_ret("set from a bad address", CALL(SYS_sched_setaffinity, 0, sizeof(mask), 1));
	memset(mask, 0, sizeof(mask));
	show_ret("set to none", CALL(SYS_sched_setaffinity, 0, sizeof(mask), mask));
	mask[0] = 1ul << 60;
	show_ret("set to what there is not", CALL(SYS_sched_setaffinity, 0, sizeof(mask), mask));
	mask[0] |= 1;
	show_ret("set to that and CPU 0", CALL(SYS_sched_setaffinity, 0, sizeof(mask), mask));
	show_ret("set to no bytes", CALL(SYS_sched_setaffinity, 0, 0, mask));
	show_ret("set by one byte", CALL(SYS_sched_setaffinity, 0, 1, mask));
	show_fine("get", CALL(SYS_sched_getaffinity, 0, sizeof(mask), mask));
	show("mask %#lx", mask[0]);
}

static void show_cpu(const char *what)
{
	unsigned int cpu = 99, node = 99;

	NEED(CALL(SYS_getcpu, &cpu, &node, 0) == 0);
	show("%s: CPU %u, node %u", what, cpu, node);
}

static void *show_cpu_of_thread(void *unused)
{
	(void)unused;
	show_cpu("thread");
	return NULL;
}

CASE(sched, affinity_is_obeyed_and_inherited)
{
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		pid_t pid;

		show_ret("pin", pin_to_cpu(cpu));
		show_cpu("at once");
		CALL(SYS_sched_yield);
		show_cpu("after a yield");
		join(thread(show_cpu_of_thread, NULL));
		pid = fork();
		if (pid == 0) {
			show_cpu("child");
			_exit(0);
		}
		status_of(pid);
	}
}

CASE(sched, affinity_of_another_process)
{
	pid_t pid = sleeping_child();
	unsigned long mask[16] = {2};

	show_ret("set", CALL(SYS_sched_setaffinity, pid, sizeof(mask), mask));
	show_fine("get", CALL(SYS_sched_getaffinity, pid, sizeof(mask), mask));
	show("mask %#lx", mask[0]);
	end_child(pid);
	show_ret("when it is gone", CALL(SYS_sched_getaffinity, pid, sizeof(mask), mask));
}

CASE(sched, getcpu_errnos)
{
	show_ret("nothing is asked", CALL(SYS_getcpu, 0, 0, 0));
	show_ret("to a bad address", CALL(SYS_getcpu, 1, 0, 0));
	show_ret("node to a bad address", CALL(SYS_getcpu, 0, 1, 0));
	show_ret("the third argument is ignored", CALL(SYS_getcpu, 0, 0, 1));
	show_ret("yield", CALL(SYS_sched_yield));
}

/* Registers of the vector unit are each task's own. */
CASE(sched, registers_over_fork)
{
	unsigned int control = 0x7f80, got = 0;
	pid_t pid;

	__asm__ volatile("ldmxcsr %0" : : "m"(control));
	pid = fork();
	__asm__ volatile("stmxcsr %0" : "=m"(got));
	if (pid == 0) {
		show("child: MXCSR %#x", got & 0xffc0);
		_exit(0);
	}
	status_of(pid);
	show("parent: MXCSR %#x", got & 0xffc0);
}

/* --- priorities --- */

static void show_policy(const char *what)
{
	int priority = -1;

	show_ret(what, CALL(SYS_sched_getscheduler, 0));
	NEED(CALL(SYS_sched_getparam, 0, &priority) == 0);
	show("  priority %d, nice %ld", priority, 20 - CALL(SYS_getpriority, 0, 0));
}

static void show_set(int policy, int priority)
{
	show("policy %d, priority %d", policy, priority);
	show_ret("  set", CALL(SYS_sched_setscheduler, 0, policy, &priority));
	show_policy("  now");
}

CASE(sched, policies)
{
	static const int policies[] = {0, 1, 2, 3, 4, 5, 6, 99, -1};

	for (unsigned int i = 0; i < ARRAY_SIZE(policies); i++) {
		show("policy %d", policies[i]);
		show_ret("  max", CALL(SYS_sched_get_priority_max, policies[i]));
		show_ret("  min", CALL(SYS_sched_get_priority_min, policies[i]));
		show_set(policies[i], 0);
		show_set(policies[i], 1);
		show_set(policies[i], 99);
		show_set(policies[i], 100);
	}
}

CASE(sched, policies_over_fork)
{
	static const int policies[] = {0, 1, 3, 0x40000000, 0x40000001, 0x40000003};

	for (unsigned int i = 0; i < ARRAY_SIZE(policies); i++) {
		pid_t pid;

		NEED(CALL(SYS_setpriority, 0, 0, -3) == 0);
		show_set(policies[i], policies[i] & 1 ? 7 : 0);
		pid = fork();
		if (pid == 0) {
			show_policy("child");
			_exit(0);
		}
		status_of(pid);
	}
}

CASE(sched, nice_of_others)
{
	pid_t pid = sleeping_child();

	show_ret("child", CALL(SYS_setpriority, 0, pid, 30));
	show_ret("child's", CALL(SYS_getpriority, 0, pid));
	show_ret("own", CALL(SYS_getpriority, 0, 0));
	show_ret("child too low", CALL(SYS_setpriority, 0, pid, -30));
	show_ret("child's", CALL(SYS_getpriority, 0, pid));
	end_child(pid);
	show_ret("when it is gone", CALL(SYS_getpriority, 0, pid));
	show_ret("no such kind", CALL(SYS_getpriority, 3, 0));
	show_ret("no such group", CALL(SYS_getpriority, 1, 0x3ffffff0));
	show_ret("no such user", CALL(SYS_setpriority, 2, 12345, 0));
}
