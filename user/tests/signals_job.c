/* ABI tests: children and their ends as signals; stop and continue; process groups and sessions; threads. */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

static volatile sig_atomic_t calls;
static siginfo_t last;

static void keep(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	last = *info;
	calls++;
}

static void handle(int sig, int flags)
{
	struct sigaction sa = {.sa_sigaction = keep, .sa_flags = flags | SA_SIGINFO};

	CHECK_EQ(sigaction(sig, &sa, NULL), 0);
}

static void wait_calls(int n)
{
	while (calls < n)
		nap_ns(1000000);
}

static pid_t pausing_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	CHECK(pid > 0);
	return pid;
}

TEST(jobs, a_child_that_ends_is_a_signal)
{
	pid_t pid;
	int status;

	handle(SIGCHLD, SA_RESTART);
	pid = fork();
	if (pid == 0)
		_exit(9);
	wait_calls(1);
	CHECK_EQ(last.si_code, CLD_EXITED);
	CHECK_EQ(last.si_pid, pid);
	CHECK_EQ(last.si_status, 9);
	CHECK_EQ(wait_child(pid, &status), 0);
	pid = pausing_child();
	kill(pid, SIGTERM);
	wait_calls(2);
	CHECK_EQ(last.si_code, CLD_KILLED);
	CHECK_EQ(last.si_pid, pid);
	CHECK_EQ(last.si_status, SIGTERM);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, KILLED(SIGTERM));
}

TEST(jobs, children_of_who_does_not_wait)
{
	int status;

	CHECK_EQ(sigaction(SIGCHLD,
			   &(struct sigaction){.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT},
			   NULL),
		 0);
	if (fork() == 0)
		_exit(0);
	CHECK_EQ(waitpid(-1, &status, 0), -1);
	CHECK_EQ(errno, ECHILD);
	signal(SIGCHLD, SIG_IGN);
	if (fork() == 0)
		_exit(0);
	CHECK_EQ(waitpid(-1, &status, 0), -1);
	CHECK_EQ(errno, ECHILD);
}

TEST(jobs, stop_continue_kill)
{
	pid_t pid = pausing_child();
	int status;

	handle(SIGCHLD, SA_RESTART);
	CHECK_EQ(kill(pid, SIGSTOP), 0);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), SIGSTOP);
	wait_calls(1);
	CHECK_EQ(last.si_code, CLD_STOPPED);
	CHECK_EQ(last.si_status, SIGSTOP);
	/* Said once. A stopped process takes no signal but the two. */
	CHECK_EQ(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
	CHECK_EQ(kill(pid, SIGTERM), 0);
	nap_ns(3000000);
	CHECK_EQ(kill(pid, SIGCONT), 0);
	for (;;) {
		CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
		if (!WIFCONTINUED(status))
			break;
	}
	CHECK_EQ(status, KILLED(SIGTERM));
	pid = pausing_child();
	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	kill(pid, SIGCONT);
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK_EQ(status, 0xffff);
	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, KILLED(SIGKILL));
}

TEST(jobs, no_signal_for_stops_if_not_wanted)
{
	pid_t pid = pausing_child();
	int status;

	handle(SIGCHLD, SA_RESTART | SA_NOCLDSTOP);
	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	kill(pid, SIGCONT);
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK_EQ(calls, 0);
	kill(pid, SIGKILL);
	wait_calls(1);
}

TEST(jobs, a_stopped_sleeper_sleeps_on)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct timespec t = {.tv_nsec = 30000000};

		_exit(nanosleep(&t, NULL) == 0 ? 3 : 4);
	}
	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	kill(pid, SIGCONT);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, EXITED(3));
}

TEST(jobs, waitid_tells_all)
{
	pid_t pid = pausing_child();
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	CHECK_EQ(waitid(P_PID, pid, &info, WEXITED | WNOHANG), 0);
	CHECK_EQ(info.si_pid, 0);
	kill(pid, SIGSTOP);
	CHECK_EQ(waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT), 0);
	CHECK_EQ(info.si_code, CLD_STOPPED);
	CHECK_EQ(waitid(P_PID, pid, &info, WSTOPPED), 0);
	CHECK_EQ(info.si_status, SIGSTOP);
	kill(pid, SIGCONT);
	CHECK_EQ(waitid(P_ALL, 0, &info, WCONTINUED), 0);
	CHECK_EQ(info.si_code, CLD_CONTINUED);
	CHECK_EQ(info.si_status, SIGCONT);
	kill(pid, SIGKILL);
	CHECK_EQ(waitid(P_PGID, getpgrp(), &info, WEXITED | WNOWAIT), 0);
	CHECK_EQ(info.si_code, CLD_KILLED);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_status, SIGKILL);
	CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
	CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED), -1);
	CHECK_EQ(errno, ECHILD);
	CHECK_EQ(waitid(P_ALL, 0, &info, WNOHANG), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(waitid(7, 0, &info, WEXITED), -1);
	CHECK_EQ(errno, EINVAL);
}

/* --- process groups --- */

TEST(jobs, process_groups)
{
	pid_t a = pausing_child(), b;
	int status;

	CHECK_EQ(getpgid(a), getpgrp());
	CHECK_EQ(setpgid(a, a), 0);
	CHECK_EQ(getpgid(a), a);
	b = pausing_child();
	CHECK_EQ(setpgid(b, a), 0);
	CHECK_EQ(kill(-a, 0), 0);
	CHECK_EQ(setpgid(b, 0x3ffffff0), -1);
	CHECK_EQ(errno, EPERM);
	CHECK_EQ(setpgid(b, -1), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(setpgid(0x3ffffff0, 0), -1);
	CHECK_EQ(errno, ESRCH);
	CHECK_EQ(waitpid(-a, &status, WNOHANG), 0);
	CHECK_EQ(kill(-a, SIGTERM), 0);
	CHECK(waitpid(-a, &status, 0) > 0);
	CHECK_EQ(status, KILLED(SIGTERM));
	CHECK(waitpid(-a, &status, 0) > 0);
	CHECK_EQ(waitpid(-a, &status, 0), -1);
	CHECK_EQ(errno, ECHILD);
	CHECK_EQ(kill(-a, 0), -1);
	CHECK_EQ(errno, ESRCH);
}

static void new_session(void)
{
	CHECK_EQ(setsid(), getpid());
	CHECK_EQ(getsid(0), getpid());
	CHECK_EQ(getpgrp(), getpid());
	CHECK_EQ(setsid(), -1);
	CHECK_EQ(errno, EPERM);
	CHECK_EQ(setpgid(0, 0), -1);
	CHECK_EQ(errno, EPERM);
	handle(SIGTERM, 0);
	CHECK_EQ(kill(0, SIGTERM), 0);
	CHECK_EQ(calls, 1);
}

TEST(jobs, sessions)
{
	CHECK_EQ(status_of(new_session), 0);
}

/* In a session of its own: the shell, its job, and what becomes of a stopped job when the shell ends. */
static void shell_that_ends(void)
{
	pid_t job;

	setsid();
	job = fork();
	if (job == 0) {
		setpgid(0, 0);
		handle(SIGHUP, 0);
		kill(getpid(), SIGSTOP);
		/* Continued, with SIGHUP waiting: its handler has run by now. */
		_exit(calls == 1 ? 0 : 1);
	}
	waitpid(job, &(int){0}, WUNTRACED);
}

TEST(jobs, an_orphaned_stopped_job_is_hung_up)
{
	/* The job is init's child by then; that the machine goes on is all that can be seen from here. */
	CHECK_EQ(status_of(shell_that_ends), 0);
}

static void stop_in_an_orphaned_group(void)
{
	/* The parent is in another session, so nobody could continue this one. */
	setsid();
	CHECK_EQ(kill(getpid(), SIGTSTP), 0);
	CHECK_EQ(kill(getpid(), SIGTTIN), 0);
	_exit(6);
}

TEST(jobs, keyboard_stops_do_nothing_in_an_orphaned_group)
{
	CHECK_EQ(status_of(stop_in_an_orphaned_group), EXITED(6));
}

/* --- threads --- */

#define THREADS 8

static _Atomic int taken[THREADS + 1], ready;
static _Thread_local int number;

static void take(int sig)
{
	(void)sig;
	taken[number]++;
}

static void *thread_that_waits(void *arg)
{
	number = (int)(uintptr_t)arg;
	ready++;
	while (taken[number] == 0)
		nap_ns(1000000);
	return NULL;
}

TEST(jobs, a_signal_for_a_thread_is_taken_by_it)
{
	pthread_t threads[THREADS];

	signal(SIGUSR1, take);
	for (int i = 0; i < THREADS; i++)
		threads[i] = start_thread(thread_that_waits, (void *)(uintptr_t)(i + 1));
	while (ready < THREADS)
		nap_ns(1000000);
	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_kill(threads[i], SIGUSR1), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		CHECK_EQ(taken[i + 1], 1);
	}
	CHECK_EQ(taken[0], 0);
}

static _Atomic int done;

static void *thread_that_blocks(void *arg)
{
	sigset_t set;

	sigfillset(&set);
	number = (int)(uintptr_t)arg;
	/* All but the last one. */
	if (number != THREADS)
		pthread_sigmask(SIG_BLOCK, &set, NULL);
	ready++;
	while (!done)
		nap_ns(1000000);
	return NULL;
}

TEST(jobs, a_signal_for_the_process_is_taken_by_who_does_not_block_it)
{
	pthread_t threads[THREADS];
	sigset_t set;

	signal(SIGUSR1, take);
	for (int i = 0; i < THREADS; i++)
		threads[i] = start_thread(thread_that_blocks, (void *)(uintptr_t)(i + 1));
	while (ready < THREADS)
		nap_ns(1000000);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (int i = 1; i <= 20; i++) {
		CHECK_EQ(kill(getpid(), SIGUSR1), 0);
		while (taken[THREADS] < i)
			nap_ns(100000);
	}
	done = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(taken[0], 0);
	CHECK_EQ(taken[THREADS], 20);
}

static void *thread_that_stays(void *arg)
{
	(void)arg;
	ready++;
	for (;;)
		pause();
	return NULL;
}

static void many_threads_and_a_signal(void)
{
	for (int i = 0; i < THREADS; i++)
		start_thread(thread_that_stays, NULL);
	while (ready < THREADS)
		nap_ns(1000000);
	kill(getpid(), SIGTERM);
	for (;;)
		pause();
}

TEST(jobs, a_fatal_signal_ends_all_threads)
{
	CHECK_EQ(status_of(many_threads_and_a_signal), KILLED(SIGTERM));
}

/* The pause lets other CPUs run where QEMU's instruction counter takes turns. */
static void *spin(void *arg)
{
	(void)arg;
	ready++;
	for (;;)
		__builtin_ia32_pause();
	return NULL;
}

TEST(jobs, a_process_of_threads_stops_as_a_whole)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			start_thread(i ? thread_that_stays : spin, NULL);
		for (;;)
			pause();
	}
	nap_ns(20000000);
	for (int i = 0; i < 3; i++) {
		kill(pid, SIGSTOP);
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status));
		kill(pid, SIGCONT);
		CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
		CHECK_EQ(status, 0xffff);
	}
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, KILLED(SIGKILL));
}

/* Signals from everywhere to everybody: none that queues is lost. */
#define SENDERS 8
#define ROUNDS  50

static _Atomic int received;

static void receive(int sig)
{
	(void)sig;
	received++;
}

TEST(jobs, signals_of_many_senders_all_arrive)
{
	pid_t me = getpid(), pids[SENDERS];
	int status;

	signal(SIGRTMIN, receive);
	for (int i = 0; i < SENDERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			for (int n = 0; n < ROUNDS; n++)
				while (sigqueue(me, SIGRTMIN, (union sigval){.sival_int = n}) != 0)
					sched_yield();
			_exit(0);
		}
	}
	for (int i = 0; i < SENDERS; i++)
		while (waitpid(pids[i], &status, 0) != pids[i])
			;
	while (received < SENDERS * ROUNDS)
		nap_ns(1000000);
	CHECK_EQ(received, SENDERS * ROUNDS);
}
