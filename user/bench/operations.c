/*
 * The operations whose cost is printed. All run on one CPU: this process and its children are bound
 * to it.
 *
 * A forked child leaves in registers alone, so that it copies no page of its own accord; the
 * parent's stack and data pages are written again after each fork, as in any program.
 */
#include <sched.h>

#include "user/bench/bench.h"
#include "user/lib/rawsys.h"

#define NR_UNKNOWN  999 /* no such call, in Linux or here */
#define SIGNAL_KILL 9

extern char __text_pages_start[], __text_pages_end[], __data_pages_start[], __data_pages_end[];

static const char *tiny;
static char *tiny_argv[2];
static char *no_environment[1];
/* One page of .data; .bss is the other. */
static volatile char data_page[4096] __attribute__((aligned(4096))) = {1};

static bool null_getppid(void)
{
	return raw_syscall0(SYS_getppid) >= 0;
}

static bool null_unknown(void)
{
	return raw_syscall0(NR_UNKNOWN) == -38; /* ENOSYS */
}

bool fork_exit_wait(void)
{
	long pid = raw_syscall0(SYS_fork);

	if (pid == 0)
		raw_exit(0);
	return pid > 0 && raw_syscall4(SYS_wait4, pid, 0, 0, 0) == pid;
}

static bool fork_exec_exit_wait(void)
{
	long pid = raw_syscall0(SYS_fork);

	if (pid == 0) {
		raw_syscall3(SYS_execve, (uintptr_t)tiny, (uintptr_t)tiny_argv,
			     (uintptr_t)no_environment);
		raw_exit(127);
	}
	return pid > 0 && raw_syscall4(SYS_wait4, pid, 0, 0, 0) == pid;
}

static bool vfork_exec_exit_wait(void)
{
	long pid = raw_syscall2(SYS_clone, CLONE_VM | CLONE_VFORK | 17 /* SIGCHLD */, 0);

	if (pid == 0) {
		raw_syscall3(SYS_execve, (uintptr_t)tiny, (uintptr_t)tiny_argv,
			     (uintptr_t)no_environment);
		raw_exit(127);
	}
	return pid > 0 && raw_syscall4(SYS_wait4, pid, 0, 0, 0) == pid;
}

static bool yield(void)
{
	return raw_syscall0(SYS_sched_yield) == 0;
}

static bool sleep_one_ms(void)
{
	static const long duration[2] = {0, 1000000};

	return raw_syscall2(SYS_nanosleep, (uintptr_t)duration, 0) == 0;
}

static int report_sample(const char *name, bool (*prepare)(void), bool (*op)(void),
			 unsigned int parts, unsigned int n, const char *unit)
{
	struct sample s;

	put("bench: ");
	put(name);
	if (!measure(prepare, op, n / 10 + 1, n, &s)) {
		put(" failed");
		put_line();
		return 1;
	}
	put(" ");
	put_number(s.min / parts);
	put(" ");
	put_number(s.mean / parts);
	put(" ");
	put(unit);
	put_line();
	return 0;
}

int report(const char *name, bool (*op)(void), unsigned int n, const char *unit)
{
	return report_sample(name, NULL, op, 1, n, unit);
}

int report_prepared(const char *name, bool (*prepare)(void), bool (*op)(void), unsigned int parts,
		    unsigned int n)
{
	return report_sample(name, prepare, op, parts, n, "instructions");
}

int report_yield(unsigned int n)
{
	long pid = raw_syscall0(SYS_fork);
	int ret;

	if (pid == 0) {
		for (;;)
			raw_syscall0(SYS_sched_yield);
	}
	if (pid < 0)
		return 1;
	ret = report("two_switches", yield, n, "instructions");
	raw_syscall2(SYS_kill, pid, SIGNAL_KILL);
	raw_syscall4(SYS_wait4, pid, 0, 0, 0);
	return ret;
}

bool stay_on(unsigned int cpu)
{
	uint64_t mask[16] = {0};

	mask[cpu / 64] = 1ull << cpu % 64;
	return raw_syscall3(SYS_sched_setaffinity, 0, sizeof(mask), (uintptr_t)mask) == 0;
}

bool stay_here(void)
{
	uint32_t cpu = 0;

	return raw_syscall3(SYS_getcpu, (uintptr_t)&cpu, 0, 0) == 0 && stay_on(cpu);
}

static void print_pages(void)
{
	uint64_t text = (uint64_t)(__text_pages_end - __text_pages_start) / 4096;
	uint64_t data = (uint64_t)(__data_pages_end - __data_pages_start) / 4096;

	put("bench: resident_pages ");
	put_number(text + data + 1);
	put(" ");
	put_number(text + data + 1);
	put(" pages");
	put_line();
	put("bench-note: the process that forks has at most ");
	put_number(text);
	put(" pages of text, ");
	put_number(data);
	put(" of data, 1 of stack; ");
	put(tiny);
	put(" has 1, 2 and 1");
	put_line();
}

int bench_operations(const char *tiny_path, unsigned int n)
{
	int failed = 0;

	tiny = tiny_path;
	tiny_argv[0] = (char *)tiny_path;
	data_page[0] = 2;
	if (!stay_here()) {
		put("bench: cannot bind to a CPU");
		put_line();
		return 1;
	}
	measure_init();
	print_pages();
	put("bench-note: null_syscall is getppid; two_switches are two processes that yield to "
	    "each other");
	put_line();
	failed += report("null_syscall", null_getppid, n, "instructions");
	failed += report("null_unknown_syscall", null_unknown, n, "instructions");
	failed += report("fork_exit_wait", fork_exit_wait, n, "instructions");
	failed += report("fork_exec_exit_wait", fork_exec_exit_wait, n, "instructions");
	failed += report("vfork_exec_exit_wait", vfork_exec_exit_wait, n, "instructions");
	failed += bench_memory(n);
	failed += report_yield(n);
	failed += bench_ipc(n);
	failed += bench_irq(n);
	failed += report("sleep_1ms", sleep_one_ms, n / 10 + 1, "ns");
	put("bench-note: sleep_1ms halts the CPU: virtual time jumps over idle, its figure is "
	    "time, not instructions");
	put_line();
	put(failed ? "BENCH: FAIL" : "BENCH: PASS");
	put_line();
	return failed ? 1 : 0;
}
