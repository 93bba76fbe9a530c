/*
 * pgbench: entry and modes.
 *
 *	pgbench costs [n=1000]		one CPU: everything but what needs several
 *	pgbench growth [tasks=64]	one growth, all other CPUs idle
 *	pgbench marked [n=200]		windows for tools/count, on CPUs 0 to 3
 */
#include "user/lib/rawsys.h"
#include "user/pgbench/pgbench.h"

#define GROWTHS 5

void pgbench_main(long *stack);

/* RSP holds argc; no return address. */
__attribute__((naked, noreturn, used, section(".text.start"))) void _start(void)
{
	__asm__("mov %rsp, %rdi\n\t"
		"call pgbench_main");
}

long pgctl(unsigned int op, unsigned long a, unsigned long b, void *out)
{
	return raw_syscall4(SYS_pgctl, op, a, b, (uintptr_t)out);
}

void put_field(const char *key, uint64_t n)
{
	put(" ");
	put(key);
	put("=");
	put_number(n);
}

int fail(const char *what, long ret)
{
	put("pgbench: cannot ");
	put(what);
	put_field("errno", ret < 0 ? -ret : 0);
	put_line();
	return 1;
}

static int costs(unsigned int n)
{
	static const unsigned int tasks[] = {1, 64, 512, 2048, 0};
	int ret = bench_costs(n);

	if (!ret)
		ret = bench_workload();
	return ret ? ret : bench_growth(tasks, GROWTHS);
}

static int run(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	unsigned int n = 0;
	unsigned int tasks[2] = {64, 0};

	for (int i = 2; i < argc; i++) {
		const char *value;

		if ((value = text_after(argv[i], "n=")) != NULL)
			n = text_number(value);
		else if ((value = text_after(argv[i], "tasks=")) != NULL)
			tasks[0] = text_number(value);
		else
			mode = "";
	}
	if (text_equal(mode, "costs"))
		return costs(n ? n : 1000);
	if (text_equal(mode, "growth") && tasks[0])
		return stay_here() ? bench_growth(tasks, GROWTHS) : fail("bind to a CPU", 0);
	if (text_equal(mode, "marked"))
		return bench_marked(n ? n : 200);
	put("pgbench: usage: pgbench costs [n=times] | growth [tasks=number] | marked [n=times]");
	put_line();
	return 2;
}

void pgbench_main(long *stack)
{
	int ret = run(stack[0], (char **)(stack + 1));

	put(ret ? "PGBENCH: FAIL" : "PGBENCH: PASS");
	put_line();
	raw_exit(ret);
}
