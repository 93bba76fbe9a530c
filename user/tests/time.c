/* ABI tests: clocks and sleeping; scheduling: affinity, getcpu, yielding; registers across
 * switches. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "user/tests/abitest.h"

TEST(time, monotonic_never_goes_back)
{
	uint64_t last = now_ns();

	for (int i = 0; i < 2000; i++) {
		uint64_t now = now_ns();

		CHECK(now >= last);
		last = now;
		if (i % 100 == 0)
			raw_syscall0(SYS_sched_yield);
	}
}

TEST(time, nanosleep_sleeps_long_enough)
{
	for (uint64_t ns = 1000; ns <= 50000000; ns *= 10) {
		struct timespec t = {0, ns};
		uint64_t begin = now_ns();

		CHECK_EQ(raw_syscall2(SYS_nanosleep, (uintptr_t)&t, 0), 0);
		CHECK(now_ns() - begin >= ns);
	}
}

TEST(time, absolute_sleep)
{
	uint64_t until = now_ns() + 10000000;
	struct timespec t = {until / 1000000000, until % 1000000000};
	struct timespec past = {0, 1};

	CHECK_EQ(
		raw_syscall4(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, (uintptr_t)&t, 0),
		0);
	CHECK(now_ns() >= until);
	CHECK_EQ(raw_syscall4(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, (uintptr_t)&past,
			      0),
		 0);
}

TEST(time, arguments_are_checked)
{
	struct timespec t = {0, 1000000000};

	CHECK_EQ(raw_syscall2(SYS_nanosleep, (uintptr_t)&t, 0), -EINVAL);
	t = (struct timespec){-1, 0};
	CHECK_EQ(raw_syscall2(SYS_nanosleep, (uintptr_t)&t, 0), -EINVAL);
	t = (struct timespec){0, -1};
	CHECK_EQ(raw_syscall2(SYS_nanosleep, (uintptr_t)&t, 0), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_clock_gettime, 77, (uintptr_t)&t), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_clock_nanosleep, 77, 0, (uintptr_t)&t, 0), -EINVAL);
}

/* --- scheduling --- */

TEST(sched, affinity_moves_us)
{
	unsigned int cpus[MAX_CPUS];
	int n = cpus_allowed(cpus, MAX_CPUS);

	CHECK(n > 0);
	for (int i = 0; i < n; i++) {
		unsigned int cpu = -1u, node = -1u;

		CHECK_EQ(pin_to_cpu(cpus[i]), 0);
		CHECK_EQ(raw_syscall3(SYS_getcpu, (uintptr_t)&cpu, (uintptr_t)&node, 0), 0);
		CHECK_EQ(cpu, cpus[i]);
		raw_syscall0(SYS_sched_yield);
		CHECK_EQ(raw_syscall3(SYS_getcpu, (uintptr_t)&cpu, 0, 0), 0);
		CHECK_EQ(cpu, cpus[i]);
	}
}

TEST(sched, affinity_is_inherited)
{
	unsigned int cpus[MAX_CPUS];
	int n = cpus_allowed(cpus, MAX_CPUS);
	int status = -1;
	pid_t pid;

	CHECK_EQ(pin_to_cpu(cpus[n - 1]), 0);
	pid = fork();
	if (pid == 0) {
		unsigned int cpu = -1u;

		raw_syscall3(SYS_getcpu, (uintptr_t)&cpu, 0, 0);
		_exit(cpu == cpus[n - 1] ? 0 : 1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

TEST(sched, affinity_of_another)
{
	unsigned int cpus[MAX_CPUS];
	cpu_set_t set;
	pid_t pid;

	CHECK(cpus_allowed(cpus, MAX_CPUS) > 0);
	pid = fork();
	if (pid == 0) {
		for (;;)
			__builtin_ia32_pause();
	}
	CPU_ZERO(&set);
	CPU_SET(cpus[0], &set);
	CHECK_EQ(raw_syscall3(SYS_sched_setaffinity, pid, sizeof(set), (uintptr_t)&set), 0);
	memset(&set, 0xff, sizeof(set));
	CHECK(raw_syscall3(SYS_sched_getaffinity, pid, sizeof(set), (uintptr_t)&set) > 0);
	CHECK(CPU_ISSET(cpus[0], &set));
	for (unsigned int i = 0; i < 64; i++)
		CHECK(i == cpus[0] || !CPU_ISSET(i, &set));
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(sched, arguments_are_checked)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CHECK_EQ(raw_syscall3(SYS_sched_setaffinity, 0, sizeof(set), (uintptr_t)&set), -EINVAL);
	CPU_SET(1000, &set);
	CHECK_EQ(raw_syscall3(SYS_sched_setaffinity, 0, sizeof(set), (uintptr_t)&set), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_sched_getaffinity, 0, 7, (uintptr_t)&set), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_sched_getaffinity, 0, 0, (uintptr_t)&set), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_sched_getaffinity, 0x3ffffff0, sizeof(set), (uintptr_t)&set),
		 -ESRCH);
	CPU_SET(0, &set);
	CHECK_EQ(raw_syscall3(SYS_sched_setaffinity, 0x3ffffff0, sizeof(set), (uintptr_t)&set),
		 -ESRCH);
}

/* Two that compute on one CPU must both get on: preemption. */
TEST(sched, one_that_spins_does_not_starve_us)
{
	unsigned int cpus[MAX_CPUS];
	pid_t pid;

	CHECK(cpus_allowed(cpus, MAX_CPUS) > 0);
	CHECK_EQ(pin_to_cpu(cpus[0]), 0);
	pid = fork();
	if (pid == 0) {
		for (;;)
			__builtin_ia32_pause();
	}
	for (int i = 0; i < 5; i++)
		nap_ns(1000000);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

/* Fills the SSE registers and MXCSR with `seed`, yields many times, checks them. Returns 0 when
 * they kept. */
static int keep_registers(unsigned long seed)
{
	unsigned int control = 0x1f80 | (seed % 4) << 13, got = 0;
	unsigned long low = 0, high = 0;

	__asm__ volatile(
		"ldmxcsr %0\n\tmovq %1, %%xmm0\n\tmovq %1, %%xmm15\n\tpaddq %%xmm15, %%xmm15"
		:
		: "m"(control), "r"(seed)
		: "xmm0", "xmm15");
	for (int i = 0; i < 200; i++) {
		raw_syscall0(SYS_sched_yield);
		for (int spin = 0; spin < 2000; spin++)
			__asm__ volatile("" ::: "memory");
	}
	__asm__ volatile("movq %%xmm0, %0\n\tmovq %%xmm15, %1\n\tstmxcsr %2"
			 : "=r"(low), "=r"(high), "=m"(got));
	return low == seed && high == 2 * seed && got == control ? 0 : 1;
}

TEST(sched, sse_registers_are_each_tasks_own)
{
	unsigned int cpus[MAX_CPUS];
	int status = -1;

	CHECK(cpus_allowed(cpus, MAX_CPUS) > 0);
	CHECK_EQ(pin_to_cpu(cpus[0]), 0);
	for (int i = 1; i <= 3; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(keep_registers(0x1111111111111111ul * i));
		CHECK(pid > 0);
	}
	CHECK_EQ(keep_registers(0x4444444444444444ul), 0);
	for (int i = 0; i < 3; i++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
}

TEST(sched, sse_registers_survive_fork)
{
	unsigned long seed = 0x123456789abcdef0, low = 0;
	int status = -1;
	long pid;

	__asm__ volatile("movq %2, %%xmm7\n\tsyscall\n\tmovq %%xmm7, %1"
			 : "=a"(pid), "=r"(low)
			 : "r"(seed), "a"(SYS_fork)
			 : "rcx", "r11", "memory", "xmm7");
	if (pid == 0)
		raw_exit(low == seed ? 0 : 1);
	CHECK(low == seed);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}
