/*
 * One fork+exit+wait loop on each CPU at the same time; operations of all together.
 *
 * The loops are processes of their own, so that they share nothing but the kernel. Their counts
 * come back without shared memory or pipes: on each CPU a reporter, which shares this process's
 * memory (CLONE_VM), forks the looper and takes the count from its exit code, in units. The looper
 * first unmaps what belongs to the other reporters, so that what it forks does not grow with the
 * number of CPUs.
 */
#include <sched.h>
#include <sys/mman.h>

#include "kernel/abi/pgctl.h"
#include "user/bench/bench.h"
#include "user/lib/rawsys.h"

#define MAX_CPUS   1024
#define UNIT       8   /* operations for one step of the exit code */
#define MAX_CODE   250 /* steps of one looper */
#define STACK_SIZE 8192ul

static struct {
	uint64_t cpus[MAX_CPUS / 64];
	uint64_t deadline_ns;
	volatile uint64_t go; /* written once, after all are ready */
	uint64_t ready;       /* these three: atomically */
	uint64_t ops;
	uint64_t failed;
	char *stacks;
	size_t stacks_size;
} shared;

struct reporter {
	unsigned int cpu;
	char *stack;
};

static uint64_t now_ns(void)
{
	uint64_t t[2] = {0, 0};

	raw_syscall2(SYS_clock_gettime, 1 /* CLOCK_MONOTONIC */, (uintptr_t)t);
	return t[0] * 1000000000 + t[1];
}

/*
 * Gives way to other tasks and, by the pause, to other vCPUs where all share one host thread: a
 * CPU that waited without it would use up whole time slices.
 */
static void pause_and_yield(void)
{
	raw_syscall0(SYS_sched_yield);
	__builtin_ia32_pause();
}

static void unmap(char *from, char *to)
{
	if (to > from)
		raw_syscall2(SYS_munmap, (uintptr_t)from, to - from);
}

/* The child of a reporter: loops, exits with the units done; 255: something failed. */
static __attribute__((noreturn)) void looper(char *stack, uint64_t deadline)
{
	unsigned int done = 0;

	unmap(shared.stacks, stack);
	unmap(stack + STACK_SIZE, shared.stacks + shared.stacks_size);
	while (done < UNIT * MAX_CODE && (done % UNIT || now_ns() < deadline)) {
		long pid = raw_syscall0(SYS_fork);

		if (pid == 0)
			raw_exit(0);
		if (pid < 0 || raw_syscall4(SYS_wait4, pid, 0, 0, 0) != pid)
			raw_exit(255);
		done++;
	}
	raw_exit(done / UNIT);
}

static void reporter(struct reporter *r)
{
	uint64_t mask[MAX_CPUS / 64] = {0};
	uint64_t ops = 0;

	mask[r->cpu / 64] = 1ull << r->cpu % 64;
	if (raw_syscall3(SYS_sched_setaffinity, 0, sizeof(mask), (uintptr_t)mask) != 0)
		__atomic_fetch_add(&shared.failed, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&shared.ready, 1, __ATOMIC_RELEASE);
	while (!shared.go)
		pause_and_yield(); /* sched_yield: the others have to get ready */
	while (now_ns() < shared.deadline_ns) {
		int status = 255 << 8;
		long pid = raw_syscall0(SYS_fork);

		if (pid == 0)
			looper(r->stack, shared.deadline_ns);
		if (pid > 0)
			raw_syscall4(SYS_wait4, pid, (uintptr_t)&status, 0, 0);
		if ((status & 0xff) || status >> 8 > MAX_CODE) {
			__atomic_fetch_add(&shared.failed, 1, __ATOMIC_RELAXED);
			break;
		}
		ops += (uint64_t)(status >> 8) * UNIT;
	}
	__atomic_fetch_add(&shared.ops, ops, __ATOMIC_RELAXED);
}

/* A process on its own stack in our memory; `r` lies at the stack's top. Returns its pid, or
 * -errno. */
static long start_reporter(struct reporter *r)
{
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%rsp, %%rdi\n\t"
			 "and $-16, %%rsp\n\t"
			 "call *%%rbx\n\t"
			 "xor %%edi, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(ret)
			 : "a"(SYS_clone), "D"(CLONE_VM | 17 /* SIGCHLD */), "S"(r), "d"(0ul),
			   "b"(reporter), [exit] "i"(SYS_exit_group)
			 : "rcx", "r11", "memory");
	return ret;
}

static unsigned int start_all(void)
{
	unsigned int n = 0;

	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++) {
		char *stack = shared.stacks + n * STACK_SIZE;
		struct reporter *r = (struct reporter *)(stack + STACK_SIZE) - 1;

		if (!(shared.cpus[cpu / 64] >> cpu % 64 & 1))
			continue;
		r->cpu = cpu;
		r->stack = stack;
		if (start_reporter(r) < 0)
			shared.failed++;
		else
			n++;
	}
	return n;
}

static unsigned int count_cpus(void)
{
	unsigned int n = 0;

	raw_syscall3(SYS_sched_getaffinity, 0, sizeof(shared.cpus), (uintptr_t)shared.cpus);
	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++)
		n += shared.cpus[cpu / 64] >> cpu % 64 & 1;
	return n;
}

/* Shootdown interrupts since boot, or 0 where pgctl is not allowed. */
static uint64_t count_ipis(void)
{
	static struct pgctl_stats stats;

	return raw_syscall4(SYS_pgctl, PGCTL_STATS, 0, 0, (uintptr_t)&stats) ? 0 : stats.ipis;
}

static void print_result(unsigned int cpus, uint64_t took_ns, uint64_t ipis)
{
	put("bench: throughput cpus=");
	put_number(cpus);
	put(" ops=");
	put_number(shared.ops);
	put(" seconds=");
	put_ratio(took_ns, 1000000000);
	put(" per_second=");
	put_number(shared.ops * 1000 / (took_ns / 1000000));
	put(" ipis=");
	put_number(ipis);
	put_line();
	put(shared.failed ? "BENCH: FAIL" : "BENCH: PASS");
	put_line();
}

int bench_throughput(unsigned int seconds)
{
	unsigned int cpus = count_cpus();
	unsigned int n;
	uint64_t begin, ipis;
	long at;

	shared.stacks_size = cpus * STACK_SIZE;
	at = raw_syscall6(SYS_mmap, 0, shared.stacks_size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!cpus || (at < 0 && at > -4096)) {
		put("bench: throughput: no CPUs or no memory");
		put_line();
		return 1;
	}
	shared.stacks = (char *)at;
	n = start_all();
	while (__atomic_load_n(&shared.ready, __ATOMIC_ACQUIRE) < n)
		pause_and_yield();
	ipis = count_ipis();
	begin = now_ns();
	shared.deadline_ns = begin + seconds * 1000000000ull;
	__atomic_store_n(&shared.go, 1, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < n; i++)
		raw_syscall4(SYS_wait4, -1, 0, 0, 0);
	print_result(n, now_ns() - begin, count_ipis() - ipis);
	return shared.failed ? 1 : 0;
}
