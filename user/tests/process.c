/* ABI tests: fork, wait4, exit codes, zombies, orphans, vfork, kill. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

TEST(process, fork_exit_code)
{
	for (int code = 0; code < 256; code += 51) {
		pid_t pid = fork();
		int status = -1;

		if (pid == 0)
			_exit(code);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, EXITED(code));
	}
}

TEST(process, exit_code_is_cut_to_a_byte)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(0x1234);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, EXITED(0x34));
}

TEST(process, pids)
{
	pid_t me = getpid();
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(getppid() == me && getpid() != me && gettid() == getpid() ? 0 : 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(getpid(), me);
}

TEST(process, wait_without_children)
{
	CHECK_EQ(raw_syscall4(SYS_wait4, -1, 0, 0, 0), -ECHILD);
	CHECK_EQ(raw_syscall4(SYS_wait4, 1, 0, 0, 0), -ECHILD);
	CHECK_EQ(raw_syscall4(SYS_wait4, -1, 0, 0x12345670, 0), -EINVAL);
}

TEST(process, wait_nohang)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		for (;;)
			nap_ns(1000000000);
	}
	CHECK_EQ(raw_syscall4(SYS_wait4, pid, (uintptr_t)&status, WNOHANG, 0), 0);
	CHECK_EQ(raw_syscall4(SYS_wait4, -1, (uintptr_t)&status, WNOHANG, 0), 0);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, KILLED(SIGKILL));
	CHECK_EQ(raw_syscall4(SYS_wait4, -1, 0, WNOHANG, 0), -ECHILD);
}

TEST(process, wait_any_reaps_each_once)
{
	bool seen[8] = {false};

	for (int i = 0; i < 8; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(100 + i);
		CHECK(pid > 0);
	}
	for (int i = 0; i < 8; i++) {
		int status = -1;

		CHECK(wait(&status) > 0);
		status = (status >> 8) - 100;
		CHECK(status >= 0 && status < 8 && !seen[status]);
		seen[status] = true;
	}
	CHECK_EQ(raw_syscall4(SYS_wait4, -1, 0, 0, 0), -ECHILD);
}

TEST(process, zombie_stays_until_waited_for)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(3);
	nap_ns(50000000);
	CHECK_EQ(raw_syscall2(SYS_kill, pid, 0), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(raw_syscall2(SYS_kill, pid, 0), -ESRCH);
	CHECK_EQ(raw_syscall4(SYS_wait4, pid, 0, 0, 0), -ECHILD);
}

TEST(process, kill_checks_its_arguments)
{
	CHECK_EQ(raw_syscall2(SYS_kill, getpid(), 0), 0);
	CHECK_EQ(raw_syscall2(SYS_kill, getpid(), 65), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_kill, getpid(), -1), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_kill, 0x3ffffff0, 0), -ESRCH);
}

static void spin_for_ever(void)
{
	for (;;)
		__builtin_ia32_pause();
}

static void check_killed(void (*fn)(void), int sig)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		setpgid(0, 0);
		fn();
		_exit(0);
	}
	nap_ns(5000000);
	CHECK_EQ(kill(pid, sig), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(NO_CORE(status), KILLED(sig));
	/* What it has left behind: later tests count processes. */
	kill(-pid, SIGKILL);
}

static void sleep_for_ever(void)
{
	for (;;)
		nap_ns(1000000000);
}

static void wait_for_ever(void)
{
	pid_t pid = fork();

	if (pid == 0)
		sleep_for_ever();
	wait(NULL);
}

TEST(process, kill_one_that_computes)
{
	check_killed(spin_for_ever, SIGKILL);
	check_killed(spin_for_ever, SIGTERM);
}

TEST(process, kill_one_that_sleeps)
{
	check_killed(sleep_for_ever, SIGKILL);
	check_killed(sleep_for_ever, SIGTERM);
}

TEST(process, kill_one_that_waits)
{
	check_killed(wait_for_ever, SIGKILL);
}

static void kill_self(void)
{
	kill(getpid(), SIGKILL);
}

TEST(process, kill_self_does_not_return)
{
	CHECK_EQ(status_of(kill_self), KILLED(SIGKILL));
}

TEST(process, vfork_shares_memory_and_suspends)
{
	static volatile int shared;
	int status = -1;
	pid_t pid;

	shared = 1;
	pid = vfork();
	if (pid == 0) {
		nap_ns(20000000);
		shared = 2;
		_exit(9);
	}
	CHECK_EQ(shared, 2);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, EXITED(9));
}

/* What the grandchild of the next test has seen: it runs in our memory. */
static volatile pid_t orphan_pid, parent_before, parent_after;
static char middle_stack[16384], orphan_stack[16384] __attribute__((aligned(16)));

/* Raw calls only: these two share our thread-local storage. */
static int orphan_main(void *arg)
{
	(void)arg;
	orphan_pid = raw_syscall0(SYS_getpid);
	for (int i = 0; i < 2000 && raw_syscall0(SYS_getppid) == parent_before; i++)
		nap_ns(1000000);
	parent_after = raw_syscall0(SYS_getppid);
	raw_exit(0);
}

static int middle_main(void *arg)
{
	uintptr_t stack = (uintptr_t)orphan_stack + sizeof(orphan_stack);

	(void)arg;
	parent_before = raw_syscall0(SYS_getpid);
	clone(orphan_main, (void *)stack, CLONE_VM | SIGCHLD, NULL);
	raw_exit(0);
}

TEST(process, orphan_goes_to_init)
{
	pid_t middle =
		clone(middle_main, middle_stack + sizeof(middle_stack), CLONE_VM | SIGCHLD, NULL);

	CHECK(middle > 0);
	CHECK_EQ(waitpid(middle, NULL, 0), middle);
	for (int i = 0; i < 3000 && !parent_after; i++)
		nap_ns(1000000);
	CHECK(parent_after != 0 && parent_after != parent_before);
	CHECK(parent_after == 1 || options.host);
	/* It is not our child, and init reaps it. */
	CHECK_EQ(raw_syscall4(SYS_wait4, -1, 0, WNOHANG, 0), -ECHILD);
	for (int i = 0; i < 3000 && raw_syscall2(SYS_kill, orphan_pid, 0) == 0; i++)
		nap_ns(1000000);
	CHECK(raw_syscall2(SYS_kill, orphan_pid, 0) == -ESRCH || options.host);
}

/* One that is dead when its parent ends, and that the parent has not waited for. */
static void leave_a_dead_child(volatile pid_t *which)
{
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0)
		_exit(3);
	CHECK(pid > 0);
	CHECK_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	*which = pid;
}

/* Process 1 sleeps until SIGCHLD: without one it would reap this orphan when some other child of its ends. */
TEST(process, dead_orphan_is_reaped_by_init)
{
	volatile pid_t *dead =
		mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t middle;
	int status;

	CHECK(dead != MAP_FAILED);
	middle = fork();
	if (middle == 0) {
		leave_a_dead_child(dead);
		_exit(0);
	}
	CHECK(middle > 0);
	CHECK_EQ(waitpid(middle, &status, 0), middle);
	CHECK_EQ(status, EXITED(0));
	CHECK(*dead > 0);
	for (int i = 0; i < 1000 && raw_syscall2(SYS_kill, *dead, 0) == 0; i++)
		nap_ns(1000000);
	CHECK(raw_syscall2(SYS_kill, *dead, 0) == -ESRCH || options.host);
}

TEST(process, many_generations)
{
	int status = -1;
	pid_t pid = 0;
	int depth;

	for (depth = 0; depth < 20 && pid == 0; depth++)
		pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(7);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, EXITED(7));
	if (depth > 1)
		_exit(7);
}

TEST(process, many_children_at_once)
{
	pid_t pids[100];

	for (int i = 0; i < 100; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			nap_ns(10000000);
			_exit(i);
		}
		CHECK(pids[i] > 0);
	}
	for (int i = 99; i >= 0; i--) {
		int status = -1;

		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
		CHECK_EQ(status, EXITED(i));
	}
}

TEST(process, uname_is_filled)
{
	static char names[6][65];

	CHECK_EQ(raw_syscall1(SYS_uname, (uintptr_t)names), 0);
	CHECK(names[0][0] != 0 && names[2][0] != 0);
	CHECK(names[4][0] == 'x' && names[4][1] == '8');
}

/* CLONE_PARENT: the child of a child is ours, also when its maker is gone. */
TEST(process, sibling_is_the_parents_child)
{
	int status = -1;
	pid_t maker = fork();

	if (maker == 0) {
		long pid = raw_syscall6(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0, 0);

		if (pid == 0) {
			nap_ns(5000000);
			raw_exit(21);
		}
		raw_exit(pid > 0 && raw_syscall4(SYS_wait4, -1, 0, 0, 0) == -ECHILD ? 20 : 1);
	}
	CHECK_EQ(waitpid(maker, &status, 0), maker);
	CHECK_EQ(status, EXITED(20));
	CHECK(wait(&status) > 0);
	CHECK_EQ(status, EXITED(21));
}

TEST(process, name)
{
	char name[17] = "                ";

	CHECK_EQ(raw_syscall2(SYS_prctl, PR_SET_NAME, (uintptr_t) "longer than fifteen"), 0);
	CHECK_EQ(raw_syscall2(SYS_prctl, PR_GET_NAME, (uintptr_t)name), 0);
	CHECK(memcmp(name, "longer than fif\0", 17) == 0);
	CHECK_EQ(raw_syscall2(SYS_prctl, PR_SET_NAME, 1), -EFAULT);
}
