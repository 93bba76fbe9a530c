/* ABI tests: the ends of processes of several threads: who leaves, in which order, and what wait4
 * then says. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

static void *late_exit(void *arg)
{
	(void)arg;
	nap_ns(20000000);
	_exit(12);
}

/*
 * The leader leaves by the bare system call: pthread_exit() of a main thread that was forked leaves
 * musl 1.2.3's thread list locked, which then stops the others.
 */
static void leader_leaves(void)
{
	start_thread(late_exit, NULL);
	raw_syscall1(SYS_exit, 5);
}

TEST(threads, leader_leaves_first)
{
	CHECK_EQ(status_of(leader_leaves), EXITED(12));
}

static void *late_leave(void *arg)
{
	nap_ns(20000000);
	raw_syscall1(SYS_exit, 6);
	return arg;
}

static void leader_and_last_leave(void)
{
	start_thread(late_leave, NULL);
	raw_syscall1(SYS_exit, 5);
}

/* Nobody called exit_group: the status is the last thread's. */
TEST(threads, last_thread_ends_the_process)
{
	uint64_t begin = now_ns();

	CHECK_EQ(status_of(leader_and_last_leave), EXITED(6));
	CHECK(now_ns() - begin >= 20000000);
}

static void thread_ends_all(void)
{
	start_thread(sleep_thread, NULL);
	start_thread(spin_thread, NULL);
	start_thread(late_exit, NULL);
	spin_thread(NULL);
}

TEST(threads, exit_group_ends_all)
{
	CHECK_EQ(status_of(thread_ends_all), EXITED(12));
}

static void *late_fault(void *arg)
{
	nap_ns(5000000);
	*(volatile char *)arg = 1;
	return NULL;
}

static void thread_faults(void)
{
	start_thread(sleep_thread, NULL);
	start_thread(late_fault, (void *)16);
	sleep_thread(NULL);
}

TEST(threads, fault_ends_all)
{
	CHECK_EQ(NO_CORE(status_of(thread_faults)), KILLED(SIGSEGV));
}

TEST(threads, kill_ends_all)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		start_thread(sleep_thread, NULL);
		start_thread(spin_thread, NULL);
		sleep_thread(NULL);
	}
	nap_ns(20000000);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, KILLED(SIGKILL));
}

static void *exec_tiny(void *arg)
{
	char *argv[] = {(char *)options.tiny, NULL};
	char *envp[] = {NULL};

	(void)arg;
	execve(options.tiny, argv, envp);
	_exit(98);
}

static void thread_execs(void)
{
	start_thread(sleep_thread, NULL);
	start_thread(spin_thread, NULL);
	start_thread(exec_tiny, NULL);
	sleep_thread(NULL);
}

TEST(threads, exec_by_a_thread)
{
	CHECK_EQ(status_of(thread_execs), 0);
}
