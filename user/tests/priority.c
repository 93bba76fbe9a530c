/* ABI tests: policies and priorities: errors, inheritance over fork, who runs before whom on one CPU. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "user/tests/abitest.h"

#define NOBODY        0x3ffffff0
#define RESET_ON_FORK 0x40000000
#define DEADLINE      6 /* SCHED_DEADLINE */

/* struct sched_attr of sched_setattr(2), which libc does not have. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static long set_policy(pid_t pid, int policy, int priority)
{
	return raw_syscall3(SYS_sched_setscheduler, pid, policy, (uintptr_t)&priority);
}

static int get_priority(pid_t pid)
{
	int priority = -1;

	CHECK_EQ(raw_syscall2(SYS_sched_getparam, pid, (uintptr_t)&priority), 0);
	return priority;
}

/* On Linux not everybody may. */
static void need_realtime(void)
{
	if (set_policy(0, SCHED_FIFO, 1) == -EPERM)
		SKIP("needs the right to real-time priorities");
	CHECK_EQ(set_policy(0, SCHED_OTHER, 0), 0);
}

static int nice_of(pid_t pid)
{
	return 20 - (int)raw_syscall2(SYS_getpriority, PRIO_PROCESS, pid);
}

TEST(priority, policies_have_ranges)
{
	static const int policies[] = {SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, 4,
				       SCHED_IDLE,  DEADLINE,   7,        -1};
	static const int max[] = {0, 99, 99, 0, -EINVAL, 0, 0, -EINVAL, -EINVAL};

	for (unsigned int i = 0; i < ARRAY_SIZE(policies); i++) {
		CHECK_EQ(raw_syscall1(SYS_sched_get_priority_max, policies[i]), max[i]);
		CHECK_EQ(raw_syscall1(SYS_sched_get_priority_min, policies[i]),
			 max[i] == 99 ? 1 : max[i]);
	}
}

TEST(priority, a_policy_wants_its_priority)
{
	static const struct {
		int policy, priority, result;
	} cases[] = {
		{SCHED_OTHER, 0, 0},
		{SCHED_OTHER, 1, -EINVAL},
		{SCHED_BATCH, 0, 0},
		{SCHED_IDLE, 0, 0},
		{SCHED_IDLE, 1, -EINVAL},
		{SCHED_FIFO, 0, -EINVAL},
		{SCHED_FIFO, 1, 0},
		{SCHED_FIFO, 99, 0},
		{SCHED_FIFO, 100, -EINVAL},
		{SCHED_FIFO, -1, -EINVAL},
		{SCHED_RR, 0, -EINVAL},
		{SCHED_RR, 99, 0},
		{DEADLINE, 0, -EINVAL},
		{4, 0, -EINVAL},
		{8, 0, -EINVAL},
		{-1, 0, -EINVAL},
		{SCHED_RR | RESET_ON_FORK, 5, 0},
	};

	need_realtime();
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		CHECK_EQ(set_policy(0, cases[i].policy, cases[i].priority), cases[i].result);
		if (cases[i].result)
			continue;
		CHECK_EQ(raw_syscall1(SYS_sched_getscheduler, 0), cases[i].policy);
		CHECK_EQ(get_priority(0), cases[i].priority);
	}
}

TEST(priority, arguments_are_looked_at_in_linuxs_order)
{
	int priority = 0;

	CHECK_EQ(raw_syscall3(SYS_sched_setscheduler, NOBODY, -1, 0), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_sched_setscheduler, -1, SCHED_OTHER, (uintptr_t)&priority),
		 -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_sched_setscheduler, NOBODY, SCHED_OTHER, 0), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_sched_setscheduler, NOBODY, 77, 1), -EFAULT);
	CHECK_EQ(raw_syscall3(SYS_sched_setscheduler, NOBODY, 77, (uintptr_t)&priority), -ESRCH);
	CHECK_EQ(raw_syscall2(SYS_sched_setparam, NOBODY, 1), -EFAULT);
	CHECK_EQ(raw_syscall2(SYS_sched_setparam, 0, 0), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_sched_setparam, -1, 1), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_sched_setparam, NOBODY, (uintptr_t)&priority), -ESRCH);
	CHECK_EQ(raw_syscall2(SYS_sched_getparam, NOBODY, 1), -ESRCH);
	CHECK_EQ(raw_syscall2(SYS_sched_getparam, 0, 1), -EFAULT);
	CHECK_EQ(raw_syscall2(SYS_sched_getparam, 0, 0), -EINVAL);
	CHECK_EQ(raw_syscall1(SYS_sched_getscheduler, -1), -EINVAL);
	CHECK_EQ(raw_syscall1(SYS_sched_getscheduler, NOBODY), -ESRCH);
	CHECK_EQ(raw_syscall2(SYS_sched_rr_get_interval, -1, 1), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_sched_rr_get_interval, NOBODY, 1), -ESRCH);
	CHECK_EQ(raw_syscall2(SYS_sched_rr_get_interval, 0, 1), -EFAULT);
}

TEST(priority, setparam_keeps_the_policy)
{
	int priority = 7;

	need_realtime();
	CHECK_EQ(raw_syscall2(SYS_sched_setparam, 0, (uintptr_t)&priority), -EINVAL);
	CHECK_EQ(set_policy(0, SCHED_RR | RESET_ON_FORK, 3), 0);
	CHECK_EQ(raw_syscall2(SYS_sched_setparam, 0, (uintptr_t)&priority), 0);
	CHECK_EQ(raw_syscall1(SYS_sched_getscheduler, 0), SCHED_RR | RESET_ON_FORK);
	CHECK_EQ(get_priority(0), 7);
}

TEST(priority, an_interval_is_that_of_the_policy)
{
	struct timespec t = {9, 9};

	need_realtime();
	CHECK_EQ(set_policy(0, SCHED_FIFO, 3), 0);
	CHECK_EQ(raw_syscall2(SYS_sched_rr_get_interval, 0, (uintptr_t)&t), 0);
	CHECK(t.tv_sec == 0 && t.tv_nsec == 0);
	CHECK_EQ(set_policy(0, SCHED_RR, 3), 0);
	CHECK_EQ(raw_syscall2(SYS_sched_rr_get_interval, 0, (uintptr_t)&t), 0);
	CHECK(t.tv_sec == 0 && t.tv_nsec > 0);
}

/* --- nice --- */

TEST(priority, nice_has_bounds)
{
	static const int set[] = {0, 5, 19, 20, 1000, -20, -21, -1000000};
	static const int got[] = {0, 5, 19, 19, 19, -20, -20, -20};

	if (raw_syscall3(SYS_setpriority, PRIO_PROCESS, 0, -1) == -EACCES)
		SKIP("needs the right to negative nice values");
	for (unsigned int i = 0; i < ARRAY_SIZE(set); i++) {
		CHECK_EQ(raw_syscall3(SYS_setpriority, PRIO_PROCESS, 0, set[i]), 0);
		CHECK_EQ(nice_of(0), got[i]);
	}
	CHECK_EQ(raw_syscall3(SYS_setpriority, 3, 0, 0), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_setpriority, -1, 0, 0), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_setpriority, PRIO_PROCESS, NOBODY, 0), -ESRCH);
	CHECK_EQ(raw_syscall3(SYS_setpriority, PRIO_PGRP, NOBODY, 0), -ESRCH);
	CHECK_EQ(raw_syscall3(SYS_setpriority, PRIO_USER, NOBODY, 0), -ESRCH);
	CHECK_EQ(raw_syscall2(SYS_getpriority, 3, 0), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_getpriority, PRIO_PROCESS, NOBODY), -ESRCH);
	CHECK_EQ(raw_syscall2(SYS_getpriority, PRIO_PGRP, NOBODY), -ESRCH);
	CHECK_EQ(raw_syscall2(SYS_getpriority, PRIO_USER, NOBODY), -ESRCH);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	CHECK(pid > 0);
	return pid;
}

static void end_sleeper(pid_t pid)
{
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(priority, nice_of_a_process_group)
{
	pid_t a, b;

	CHECK_EQ(setpgid(0, 0), 0);
	a = sleeper();
	b = sleeper();
	CHECK_EQ(raw_syscall3(SYS_setpriority, PRIO_PROCESS, a, 3), 0);
	CHECK_EQ(raw_syscall3(SYS_setpriority, PRIO_PROCESS, b, 9), 0);
	/* The best of all. */
	CHECK_EQ(raw_syscall2(SYS_getpriority, PRIO_PGRP, 0), 20 - nice_of(0));
	CHECK_EQ(raw_syscall3(SYS_setpriority, PRIO_PGRP, 0, 11), 0);
	CHECK_EQ(nice_of(0), 11);
	CHECK_EQ(nice_of(a), 11);
	CHECK_EQ(nice_of(b), 11);
	CHECK_EQ(raw_syscall2(SYS_getpriority, PRIO_PGRP, getpid()), 20 - 11);
	end_sleeper(a);
	end_sleeper(b);
}

/* --- fork --- */

/* What a child has, by its exit code: policy * 8 + (nice == 0) * 4 + (priority > 0) * 2 + the flag. */
static int child_has(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		long policy = raw_syscall1(SYS_sched_getscheduler, 0);

		_exit((policy & 7) * 8 + (nice_of(0) == 0) * 4 + (get_priority(0) > 0) * 2 +
		      !!(policy & RESET_ON_FORK));
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

TEST(priority, a_child_has_its_parents)
{
	need_realtime();
	CHECK_EQ(raw_syscall3(SYS_setpriority, PRIO_PROCESS, 0, 4), 0);
	CHECK_EQ(set_policy(0, SCHED_BATCH, 0), 0);
	CHECK_EQ(child_has(), SCHED_BATCH * 8);
	CHECK_EQ(set_policy(0, SCHED_RR, 5), 0);
	CHECK_EQ(child_has(), SCHED_RR * 8 + 2);
}

TEST(priority, a_child_is_reset_when_its_parent_wants_it)
{
	need_realtime();
	CHECK_EQ(set_policy(0, SCHED_FIFO | RESET_ON_FORK, 5), 0);
	CHECK_EQ(child_has(), SCHED_OTHER * 8 + 4);
	CHECK_EQ(set_policy(0, SCHED_OTHER | RESET_ON_FORK, 0), 0);
	CHECK_EQ(raw_syscall3(SYS_setpriority, PRIO_PROCESS, 0, -5), 0);
	CHECK_EQ(child_has(), SCHED_OTHER * 8 + 4);
	/* Better than normal alone. */
	CHECK_EQ(raw_syscall3(SYS_setpriority, PRIO_PROCESS, 0, 5), 0);
	CHECK_EQ(child_has(), SCHED_OTHER * 8);
	CHECK_EQ(raw_syscall1(SYS_sched_getscheduler, 0), SCHED_OTHER | RESET_ON_FORK);
}

/* --- by attributes --- */

static long set_attr(struct attr *a)
{
	return raw_syscall3(SYS_sched_setattr, 0, (uintptr_t)a, 0);
}

TEST(priority, attributes)
{
	struct attr a = {.size = 48, .policy = SCHED_RR, .priority = 9, .flags = 1}, b;

	need_realtime();
	CHECK_EQ(set_attr(&a), 0);
	CHECK_EQ(raw_syscall4(SYS_sched_getattr, 0, (uintptr_t)&b, 48, 0), 0);
	CHECK_EQ(b.size, 48);
	CHECK_EQ(b.policy, SCHED_RR);
	CHECK_EQ(b.priority, 9);
	CHECK_EQ(b.flags, 1);
	a = (struct attr){.size = 0, .policy = SCHED_OTHER, .nice = 100};
	CHECK_EQ(set_attr(&a), 0);
	CHECK_EQ(nice_of(0), 19);
	CHECK_EQ(raw_syscall4(SYS_sched_getattr, 0, (uintptr_t)&b, sizeof(b), 0), 0);
	CHECK_EQ(b.nice, 19);
	/* The policy as it is. */
	a = (struct attr){.size = 48, .policy = SCHED_FIFO, .nice = 7, .flags = 8};
	CHECK_EQ(set_attr(&a), 0);
	CHECK_EQ(raw_syscall1(SYS_sched_getscheduler, 0), SCHED_OTHER);
	CHECK_EQ(nice_of(0), 7);
}

TEST(priority, bad_attributes)
{
	static struct {
		struct attr a;
		char more[64];
	} big;
	struct attr a = {.size = 47, .policy = SCHED_OTHER};

	CHECK_EQ(set_attr(&a), -E2BIG);
	CHECK(a.size >= 48);
	a.size = 5000;
	CHECK_EQ(set_attr(&a), -E2BIG);
	big.a = (struct attr){.size = sizeof(big), .policy = SCHED_OTHER};
	CHECK_EQ(set_attr(&big.a), 0);
	big.a.size = sizeof(big);
	big.more[63] = 1;
	CHECK_EQ(set_attr(&big.a), -E2BIG);
	a = (struct attr){.size = 48, .policy = -1};
	CHECK_EQ(set_attr(&a), -EINVAL);
	a = (struct attr){.size = 48, .policy = SCHED_OTHER, .flags = 1 << 20};
	CHECK_EQ(set_attr(&a), -EINVAL);
	a = (struct attr){.size = 48, .policy = SCHED_OTHER, .priority = 1};
	CHECK_EQ(set_attr(&a), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_sched_setattr, 0, 0, 0), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_sched_setattr, 0, 1, 0), -EFAULT);
	CHECK_EQ(raw_syscall3(SYS_sched_setattr, 0, (uintptr_t)&a, 1), -EINVAL);
	a = (struct attr){.size = 48};
	CHECK_EQ(raw_syscall3(SYS_sched_setattr, NOBODY, (uintptr_t)&a, 0), -ESRCH);
	CHECK_EQ(raw_syscall4(SYS_sched_getattr, 0, (uintptr_t)&a, 47, 0), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_sched_getattr, 0, (uintptr_t)&a, 5000, 0), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_sched_getattr, 0, (uintptr_t)&a, 48, 1), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_sched_getattr, NOBODY, (uintptr_t)&a, 48, 0), -ESRCH);
	CHECK_EQ(raw_syscall4(SYS_sched_getattr, 0, 1, 48, 0), -EFAULT);
}

/* --- who runs --- */

static volatile int *shared;

static int status_of_child(pid_t pid)
{
	int status = -1;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

static void share(void)
{
	unsigned int cpus[MAX_CPUS];

	CHECK(cpus_allowed(cpus, MAX_CPUS) > 0);
	CHECK_EQ(pin_to_cpu(cpus[0]), 0);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
}

/* On one CPU a lower one does not run as long as a higher one does, whatever that calls. */
TEST(priority, the_lower_waits_for_the_higher)
{
	pid_t pid;

	need_realtime();
	share();
	CHECK_EQ(set_policy(0, SCHED_FIFO, 20), 0);
	pid = fork();
	if (pid == 0) {
		/* Of the same priority, it runs when its parent sleeps. */
		CHECK_EQ(*shared, 1);
		CHECK_EQ(set_policy(0, SCHED_FIFO, 10), 0);
		*shared = 3;
		_exit(0);
	}
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(*shared, 0);
	*shared = 1;
	raw_syscall0(SYS_sched_yield);
	/* It has given the CPU back when it became lower. */
	for (int i = 0; i < 1000; i++) {
		raw_syscall0(SYS_sched_yield);
		CHECK_EQ(*shared, 1);
	}
	CHECK_EQ(status_of_child(pid), 0);
	CHECK_EQ(*shared, 3);
}

/* A sleeper that is woken runs before its waker goes on. */
TEST(priority, the_higher_preempts_who_wakes_it)
{
	pid_t pid;

	need_realtime();
	share();
	CHECK_EQ(set_policy(0, SCHED_FIFO, 10), 0);
	pid = fork();
	if (pid == 0) {
		sigset_t set;
		int sig;

		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		*shared = 1;
		CHECK_EQ(set_policy(0, SCHED_FIFO, 20), 0);
		CHECK_EQ(sigwait(&set, &sig), 0);
		*shared = 2;
		_exit(0);
	}
	while (*shared != 1)
		raw_syscall0(SYS_sched_yield);
	CHECK_EQ(kill(pid, SIGUSR1), 0);
	CHECK_EQ(*shared, 2);
	CHECK_EQ(status_of_child(pid), 0);
}
