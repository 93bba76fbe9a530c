/*
 * bench: entry and modes.
 *
 *	bench [tiny=/bin/tiny] [n=1000]       instructions per operation
 *	bench files [n=1000]                  the same of files and pipes: needs the servers
 *	bench throughput seconds=N            fork+exit+wait loops on every CPU
 *
 * Result lines: `bench: <name> <min> <mean> <unit>`. Notes for a reader: `bench-note: ...`.
 */
#include "kernel/abi/pgctl.h"
#include "user/bench/bench.h"
#include "user/lib/rawsys.h"

void bench_main(long *stack);

/* RSP holds argc; no return address. */
__attribute__((naked, noreturn, used, section(".text.start"))) void _start(void)
{
	__asm__("mov %rsp, %rdi\n\t"
		"call bench_main");
}

/* Only where pgctl is allowed: since the machine started, not part of any loop here. */
static void print_boot_time(void)
{
	static struct pgctl_stats stats;

	if (raw_syscall4(SYS_pgctl, PGCTL_STATS, 0, 0, (uintptr_t)&stats) != 0)
		return;
	put("bench: boot_to_user ");
	put_number(stats.boot_to_user_ns);
	put(" ");
	put_number(stats.boot_to_user_ns);
	put(" ns");
	put_line();
}

void bench_main(long *stack)
{
	char **argv = (char **)(stack + 1);
	const char *tiny = "/bin/tiny";
	unsigned int seconds = 3;
	unsigned int n = 1000;
	bool throughput = false, files = false;

	for (long i = 1; i < stack[0]; i++) {
		const char *value;

		if ((value = text_after(argv[i], "tiny=")) != NULL)
			tiny = value;
		else if ((value = text_after(argv[i], "n=")) != NULL)
			n = text_number(value);
		else if ((value = text_after(argv[i], "seconds=")) != NULL)
			seconds = text_number(value);
		else if (text_equal(argv[i], "throughput"))
			throughput = true;
		else if (text_equal(argv[i], "files"))
			files = true;
		else if (argv[i][0] >= '0' && argv[i][0] <= '9')
			seconds = text_number(argv[i]);
		else
			goto usage;
	}
	if (n < 2 || seconds < 1)
		goto usage;
	if (throughput)
		raw_exit(bench_throughput(seconds));
	if (files)
		raw_exit(bench_files(n));
	print_boot_time();
	raw_exit(bench_operations(tiny, n));

usage:
	put("bench: usage: bench [tiny=path] [n=times] | bench files [n=times] | bench throughput "
	    "seconds=N");
	put_line();
	raw_exit(2);
}
