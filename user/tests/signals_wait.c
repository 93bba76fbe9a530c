/* ABI tests: signals that wait, and waiting for signals; calls that a signal interrupts; the alarm clock. */
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "user/tests/abitest.h"

#define FUTEX_WAIT 0

static volatile sig_atomic_t calls;
static int order[16], values[16];

static void note(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (calls < 16) {
		order[calls] = sig;
		values[calls] = info->si_value.sival_int;
	}
	calls++;
}

static void handle(int sig, int flags)
{
	struct sigaction sa = {.sa_sigaction = note, .sa_flags = flags | SA_SIGINFO};

	CHECK_EQ(sigaction(sig, &sa, NULL), 0);
}

static sigset_t set_of(int a, int b)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, a);
	sigaddset(&set, b);
	return set;
}

TEST(sigwait, blocked_ones_wait_and_come_in_order)
{
	sigset_t set = set_of(SIGUSR1, SIGUSR2), pending;

	handle(SIGUSR1, 0);
	handle(SIGUSR2, 0);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	raise(SIGUSR2);
	raise(SIGUSR1);
	raise(SIGUSR1);
	CHECK_EQ(calls, 0);
	CHECK_EQ(sigpending(&pending), 0);
	CHECK_EQ(sigismember(&pending, SIGUSR1), 1);
	CHECK_EQ(sigismember(&pending, SIGUSR2), 1);
	CHECK_EQ(sigismember(&pending, SIGTERM), 0);
	CHECK_EQ(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
	/* Standard ones are there once. The frames nest: the last one pushed runs first. */
	CHECK_EQ(calls, 2);
	CHECK_EQ(order[0], SIGUSR2);
	CHECK_EQ(order[1], SIGUSR1);
}

TEST(sigwait, realtime_signals_queue_with_their_values)
{
	sigset_t set = set_of(SIGRTMIN, SIGRTMIN + 1);

	handle(SIGRTMIN, 0);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 100 + i}), 0);
	CHECK_EQ(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
	CHECK_EQ(calls, 5);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(values[i], 100 + i);
}

TEST(sigwait, an_ignored_signal_does_not_wait)
{
	sigset_t set = set_of(SIGUSR1, SIGUSR1), pending;

	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	sigpending(&pending);
	CHECK_EQ(sigismember(&pending, SIGUSR1), 0);
}

TEST(sigwait, timedwait_takes_without_a_handler)
{
	sigset_t set = set_of(SIGUSR1, SIGRTMIN);
	struct timespec none = {0}, short_time = {.tv_nsec = 2000000};
	siginfo_t info;

	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK_EQ(sigtimedwait(&set, &info, &none), -1);
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(sigtimedwait(&set, &info, &short_time), -1);
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 77}), 0);
	raise(SIGUSR1);
	CHECK_EQ(sigtimedwait(&set, &info, NULL), SIGUSR1);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_EQ(sigtimedwait(&set, &info, NULL), SIGRTMIN);
	CHECK_EQ(info.si_code, SI_QUEUE);
	CHECK_EQ(info.si_value.sival_int, 77);
	CHECK_EQ(sigtimedwait(&set, &info, &(struct timespec){.tv_nsec = -1}), -1);
	CHECK_EQ(errno, EINVAL);
}

static pid_t later(pid_t whom, int sig)
{
	pid_t pid = fork();

	if (pid == 0) {
		nap_ns(5000000);
		kill(whom, sig);
		_exit(0);
	}
	return pid;
}

TEST(sigwait, timedwait_sleeps_until_one_comes)
{
	sigset_t set = set_of(SIGUSR1, SIGUSR1);
	siginfo_t info;
	pid_t pid;
	int status;

	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = later(getpid(), SIGUSR1);
	CHECK_EQ(sigtimedwait(&set, &info, NULL), SIGUSR1);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(wait_child(pid, &status), 0);
	/* Another one interrupts. */
	handle(SIGUSR2, SA_RESTART);
	pid = later(getpid(), SIGUSR2);
	CHECK_EQ(raw_syscall4(SYS_rt_sigtimedwait, (uintptr_t)&set, (uintptr_t)&info, 0, 8),
		 -EINTR);
	CHECK_EQ(calls, 1);
}

TEST(sigwait, suspend_and_pause)
{
	sigset_t set = set_of(SIGUSR1, SIGUSR2), none, now;

	handle(SIGUSR1, SA_RESTART);
	sigemptyset(&none);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	CHECK_EQ(sigsuspend(&none), -1);
	CHECK_EQ(errno, EINTR);
	CHECK_EQ(calls, 1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	CHECK_EQ(sigismember(&now, SIGUSR1), 1);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	later(getpid(), SIGUSR1);
	CHECK_EQ(pause(), -1);
	CHECK_EQ(errno, EINTR);
	CHECK_EQ(calls, 2);
}

/* --- calls that are interrupted --- */

TEST(sigwait, sleep_is_interrupted_and_says_what_is_left)
{
	struct timespec t = {.tv_sec = 20}, left = {0};

	handle(SIGUSR1, SA_RESTART);
	later(getpid(), SIGUSR1);
	CHECK_EQ(nanosleep(&t, &left), -1);
	CHECK_EQ(errno, EINTR);
	CHECK(left.tv_sec >= 10 && left.tv_sec < 20);
	later(getpid(), SIGUSR1);
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &left), EINTR);
	CHECK_EQ(calls, 2);
}

TEST(sigwait, an_ignored_signal_does_not_interrupt)
{
	struct timespec t = {.tv_nsec = 30000000};
	int status;
	pid_t pid;

	signal(SIGUSR1, SIG_IGN);
	pid = later(getpid(), SIGUSR1);
	CHECK_EQ(nanosleep(&t, NULL), 0);
	wait_child(pid, &status);
	/* Nor does one that is taken by default action and does nothing. */
	pid = later(getpid(), SIGWINCH);
	CHECK_EQ(nanosleep(&t, NULL), 0);
	wait_child(pid, &status);
}

static pid_t slow_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		nap_ns(40000000);
		_exit(5);
	}
	return pid;
}

TEST(sigwait, wait4_goes_on_if_asked_to)
{
	int status = -1;
	pid_t pid = slow_child(), sender;

	handle(SIGUSR1, SA_RESTART);
	sender = later(getpid(), SIGUSR1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, EXITED(5));
	CHECK_EQ(calls, 1);
	waitpid(sender, &status, 0);
	handle(SIGUSR1, 0);
	pid = slow_child();
	sender = later(getpid(), SIGUSR1);
	CHECK_EQ(waitpid(pid, &status, 0), -1);
	CHECK_EQ(errno, EINTR);
	CHECK_EQ(calls, 2);
}

TEST(sigwait, futex_waits_are_interrupted_too)
{
	static int word = 1;
	struct timespec t = {.tv_sec = 20};

	handle(SIGUSR1, 0);
	later(getpid(), SIGUSR1);
	CHECK_EQ(raw_syscall6(SYS_futex, (uintptr_t)&word, FUTEX_WAIT, 1, 0, 0, 0), -EINTR);
	later(getpid(), SIGUSR1);
	CHECK_EQ(raw_syscall6(SYS_futex, (uintptr_t)&word, FUTEX_WAIT, 1, (uintptr_t)&t, 0, 0),
		 -EINTR);
	CHECK_EQ(calls, 2);
}

/* --- the alarm clock --- */

TEST(sigwait, alarm_and_interval)
{
	struct itimerval it = {.it_value = {.tv_usec = 3000}, .it_interval = {.tv_usec = 3000}},
			 old;

	handle(SIGALRM, 0);
	CHECK_EQ(alarm(100), 0);
	CHECK(alarm(0) >= 99);
	CHECK_EQ(alarm(0), 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &it, NULL), 0);
	while (calls < 4)
		pause();
	CHECK_EQ(getitimer(ITIMER_REAL, &old), 0);
	CHECK_EQ(old.it_interval.tv_usec, 3000);
	memset(&it, 0, sizeof(it));
	CHECK_EQ(setitimer(ITIMER_REAL, &it, &old), 0);
	CHECK_EQ(old.it_interval.tv_usec, 3000);
	CHECK_EQ(
		setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {.tv_usec = 1000000}}, NULL),
		-1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(setitimer(77, &it, NULL), -1);
	CHECK_EQ(errno, EINVAL);
}

static void wait_for_alarm(void)
{
	struct itimerval it = {.it_value = {.tv_usec = 2000}};

	setitimer(ITIMER_REAL, &it, NULL);
	for (;;)
		pause();
}

TEST(sigwait, an_alarm_that_nobody_catches_kills)
{
	CHECK_EQ(status_of(wait_for_alarm), KILLED(SIGALRM));
}

TEST(sigwait, bad_arguments)
{
	siginfo_t info = {.si_code = SI_QUEUE};
	uint64_t set = 0;

	CHECK_EQ(raw_syscall2(SYS_rt_sigsuspend, (uintptr_t)&set, 4), -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_rt_sigsuspend, 8, 8), -EFAULT);
	CHECK_EQ(raw_syscall2(SYS_rt_sigpending, 8, 8), -EFAULT);
	CHECK_EQ(raw_syscall2(SYS_rt_sigpending, (uintptr_t)&set, 9), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_rt_sigtimedwait, (uintptr_t)&set, 0, 0, 7), -EINVAL);
	CHECK_EQ(raw_syscall4(SYS_rt_sigtimedwait, 8, 0, 0, 8), -EFAULT);
	CHECK_EQ(raw_syscall3(SYS_rt_sigqueueinfo, getpid(), 65, (uintptr_t)&info), -EINVAL);
	CHECK_EQ(raw_syscall3(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, 8), -EFAULT);
	CHECK_EQ(raw_syscall3(SYS_rt_sigqueueinfo, 0x3ffffff0, 0, (uintptr_t)&info), -ESRCH);
	info.si_code = SI_USER;
	CHECK_EQ(raw_syscall3(SYS_rt_sigqueueinfo, getppid(), 0, (uintptr_t)&info), -EPERM);
	CHECK_EQ(raw_syscall4(SYS_rt_tgsigqueueinfo, getpid(), 0, SIGUSR1, (uintptr_t)&info),
		 -EINVAL);
	CHECK_EQ(raw_syscall2(SYS_sigaltstack, 8, 0), -EFAULT);
	CHECK_EQ(raw_syscall3(SYS_setitimer, 0, 8, 0), -EFAULT);
	CHECK_EQ(raw_syscall2(SYS_getitimer, 0, 8), -EFAULT);
	CHECK_EQ(raw_syscall0(SYS_restart_syscall), -EINTR);
}
