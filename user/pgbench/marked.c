/*
 * Windows for tools/count: the same work on several CPUs at once, so that it can be seen what cache
 * lines they share. A process bound to each CPU, which shares nothing with the others but the kernel.
 *
 * First roots' lives alone, then whole fork+exit+wait. Each is warmed up unmarked: caches of the
 * allocators are filled, and per-CPU memory has been seen.
 */
#include "kernel/abi/marker.h"
#include "user/lib/rawsys.h"
#include "user/pgbench/pgbench.h"

#define CPUS 4
#define WARM 64

/* The processes must overlap: they meet at moments of virtual time. */
static void wait_until_ms(uint64_t ms)
{
	const uint64_t at[2] = {ms / 1000, ms % 1000 * 1000000};

	raw_syscall4(SYS_clock_nanosleep, 1 /* CLOCK_MONOTONIC */, 1 /* TIMER_ABSTIME */,
		     (uintptr_t)at, 0);
}

static bool forks(unsigned int n, bool marked)
{
	for (unsigned int i = 0; i < n; i++) {
		bool ok;

		if (marked)
			marker_begin(WINDOW_FORK);
		ok = fork_exit_wait();
		if (marked)
			marker_end(WINDOW_FORK);
		if (!ok)
			return false;
	}
	return true;
}

/* `start_ms`: later than both have got ready. */
static int work(unsigned int cpu, unsigned int n, uint64_t start_ms)
{
	struct pgctl_root_cost cost;
	long ret;

	if (!stay_on(cpu))
		return fail("bind to a CPU", 0);
	ret = pgctl(PGCTL_BENCH_ROOT, WARM, 0, &cost);
	if (ret || !forks(WARM, false))
		return fail("warm up", ret);
	wait_until_ms(start_ms);
	ret = pgctl(PGCTL_BENCH_ROOT_MARKED, n, 0, NULL);
	if (ret)
		return fail("measure a root", ret);
	wait_until_ms(2 * start_ms);
	return forks(n, true) ? 0 : fail("fork", 0);
}

static uint64_t now_ms(void)
{
	uint64_t t[2] = {0, 0};

	raw_syscall2(SYS_clock_gettime, 1 /* CLOCK_MONOTONIC */, (uintptr_t)t);
	return t[0] * 1000 + t[1] / 1000000;
}

int bench_marked(unsigned int n)
{
	uint64_t start_ms = now_ms() + 500;
	int failed = 0;

	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		long pid = raw_syscall0(SYS_fork);

		if (pid == 0)
			raw_exit(work(cpu, n, start_ms));
		if (pid < 0)
			return fail("fork", pid);
	}
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		int status = 1;

		raw_syscall4(SYS_wait4, -1, (uintptr_t)&status, 0, 0);
		failed |= status;
	}
	put("pgbench: marked");
	put_field("passes", n);
	put_line();
	return failed != 0;
}
