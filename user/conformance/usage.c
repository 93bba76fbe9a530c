/* What processes and threads have used: results and errnos, and what is not more than what. */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>

#include "user/conformance/conform.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	NEED(CALL(SYS_clock_gettime, clock, &t) == 0);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void compute(uint64_t ns)
{
	uint64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
		for (volatile int i = 0; i < 1000; i++)
			;
}

static int64_t total_ms(const struct rusage *r)
{
	return (r->ru_utime.tv_sec + r->ru_stime.tv_sec) * 1000 +
	       (r->ru_utime.tv_usec + r->ru_stime.tv_usec) / 1000;
}

CASE(usage, errnos)
{
	struct rusage r;

	show_ret("own", CALL(SYS_getrusage, RUSAGE_SELF, &r));
	show_ret("children's", CALL(SYS_getrusage, RUSAGE_CHILDREN, &r));
	show_ret("thread's", CALL(SYS_getrusage, RUSAGE_THREAD, &r));
	show_ret("both", CALL(SYS_getrusage, -2, &r));
	show_ret("unknown", CALL(SYS_getrusage, 2, &r));
	show_ret("unknown, bad address", CALL(SYS_getrusage, 2, 1));
	show_ret("bad address", CALL(SYS_getrusage, RUSAGE_SELF, 1));
	show_ret("nowhere", CALL(SYS_getrusage, RUSAGE_SELF, 0));
	show_ret("times, bad address", CALL(SYS_times, 1));
	show_fine("times, nowhere", CALL(SYS_times, 0));
}

/* Bytes of which nobody says anything are zero, not what was there. */
CASE(usage, what_is_written)
{
	static unsigned char bytes[sizeof(struct rusage)];
	const struct rusage *r = (const void *)bytes;

	memset(bytes, 0x5a, sizeof(bytes));
	NEED(CALL(SYS_getrusage, RUSAGE_SELF, bytes) == 0);
	show("microseconds: %d", r->ru_utime.tv_usec < 1000000 && r->ru_stime.tv_usec < 1000000);
	show("shared %ld, data %ld, stack %ld, swaps %ld", r->ru_ixrss, r->ru_idrss, r->ru_isrss,
	     r->ru_nswap);
	show("messages %ld %ld, signals %ld", r->ru_msgsnd, r->ru_msgrcv, r->ru_nsignals);
	show("faults: %d, memory: %d", r->ru_minflt > 0, r->ru_maxrss > 0);
	show("behind it: %x", bytes[144]);
}

CASE(usage, a_child_that_computes)
{
	struct rusage of_child, children;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		compute(50000000);
		_exit(7);
	}
	show_fine("wait", CALL(SYS_wait4, pid, &status, 0, &of_child));
	show_status("child", status);
	NEED(CALL(SYS_getrusage, RUSAGE_CHILDREN, &children) == 0);
	show("it computed: %d; the children: %d", total_ms(&of_child) >= 49,
	     total_ms(&children) == total_ms(&of_child));
	show("the same faults and memory: %d %d", of_child.ru_minflt == children.ru_minflt,
	     of_child.ru_maxrss == children.ru_maxrss);
	NEED(CALL(SYS_getrusage, RUSAGE_SELF, &children) == 0);
	show("the parent: %d", total_ms(&children) < 49);
}

CASE(usage, wait_that_finds_nothing)
{
	struct rusage r;
	pid_t pid = sleeping_child();

	memset(&r, 0x5a, sizeof(r));
	show_ret("nobody", CALL(SYS_wait4, pid, 0, WNOHANG, &r));
	show("untouched: %d", r.ru_nswap == 0x5a5a5a5a5a5a5a5a);
	end_child(pid);
	show_ret("no child", CALL(SYS_wait4, -1, 0, 0, &r));
	show("untouched: %d", r.ru_nswap == 0x5a5a5a5a5a5a5a5a);
}

CASE(usage, exec_keeps_it)
{
	struct rusage r;
	pid_t pid = fork();

	if (pid == 0) {
		compute(30000000);
		exec_helper("used_before", NULL, NULL, NULL);
		_exit(1);
	}
	show_status("child", status_of(pid));
	NEED(CALL(SYS_getrusage, RUSAGE_CHILDREN, &r) == 0);
	show("children: %d", total_ms(&r) >= 29);
}

HELPER(used_before)
{
	struct rusage r;

	(void)argc;
	(void)argv;
	(void)envp;
	NEED(CALL(SYS_getrusage, RUSAGE_SELF, &r) == 0);
	show("before exec: %d", total_ms(&r) >= 29);
	return 0;
}

static void *compute_thread(void *arg)
{
	compute(30000000);
	return arg;
}

CASE(usage, threads)
{
	uint64_t mine, all;

	join(thread(compute_thread, NULL));
	join(thread(compute_thread, NULL));
	mine = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	all = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	show("all: %d, this one: %d", all >= 60000000, mine + 60000000 <= all);
}

/* Clocks by the complement of a pid, three bits to the left: 2 all its time, 4 a thread's. */
CASE(usage, clocks_by_pid)
{
	struct timespec t;
	pid_t pid = sleeping_child();

	show_ret("of this process", CALL(SYS_clock_gettime, ~0 * 8 | 2, &t));
	show_ret("user time", CALL(SYS_clock_gettime, ~0 * 8 | 1, &t));
	show_ret("user and system", CALL(SYS_clock_gettime, ~0 * 8 | 0, &t));
	show_ret("by its pid", CALL(SYS_clock_gettime, ~getpid() * 8 | 2, &t));
	show_ret("its thread", CALL(SYS_clock_gettime, ~getpid() * 8 | 6, &t));
	show_ret("another process", CALL(SYS_clock_gettime, ~pid * 8 | 2, &t));
	show_ret("a thread of it", CALL(SYS_clock_gettime, ~pid * 8 | 6, &t));
	show_ret("its resolution", CALL(SYS_clock_getres, ~pid * 8 | 2, &t));
	end_child(pid);
	show_ret("a process that is gone", CALL(SYS_clock_gettime, ~pid * 8 | 2, &t));
	show_ret("its resolution", CALL(SYS_clock_getres, ~pid * 8 | 2, &t));
	show_ret("a descriptor's", CALL(SYS_clock_gettime, ~0 * 8 | 3, &t));
	show_ret("bad address", CALL(SYS_clock_gettime, ~0 * 8 | 2, 1));
}
