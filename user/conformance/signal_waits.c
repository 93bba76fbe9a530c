/* Signals and sleeping: what is interrupted, what goes on, waiting for signals; children, exec, threads. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "user/conformance/conform.h"

#define BIT_OF(sig) (1ul << ((sig)-1))

static volatile int count, done;

static void note(int sig)
{
	(void)sig;
	count++;
}

static void handle(int sig, int flags)
{
	struct sigaction sa = {.sa_handler = note, .sa_flags = flags};

	NEED(sigaction(sig, &sa, NULL) == 0);
}

static void set_mask(unsigned long mask)
{
	NEED(CALL(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8) == 0);
}

/* A child that sends us `sig` again and again until it is killed: one of them meets us asleep. */
static pid_t nagging_child(int sig)
{
	pid_t me = getpid(), pid = fork();

	NEED(pid >= 0);
	while (pid == 0) {
		nap_ns(5000000);
		CALL(SYS_kill, me, sig);
	}
	return pid;
}

CASE(signal, sleep_is_interrupted)
{
	struct timespec t = {100, 0}, rest = {0, 0};
	pid_t pid;

	handle(SIGUSR1, SA_RESTART);
	pid = nagging_child(SIGUSR1);
	show_ret("nanosleep", CALL(SYS_nanosleep, &t, &rest));
	show("some is left: %d", rest.tv_sec >= 50 && rest.tv_sec < 100);
	rest.tv_sec = 0;
	show_ret("clock_nanosleep", CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, &rest));
	show("some is left: %d", rest.tv_sec >= 50 && rest.tv_sec < 100);
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += 100;
	rest.tv_sec = 4711;
	show_ret("until", CALL(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, &rest));
	show("the rest is untouched: %d", rest.tv_sec == 4711);
	end_child(pid);
}

CASE(signal, ignored_signals_interrupt_nothing)
{
	struct timespec t = {0, 30000000}, rest = {4711, 0};
	pid_t pid;

	signal(SIGUSR1, SIG_IGN);
	pid = nagging_child(SIGUSR1);
	show_ret("nanosleep", CALL(SYS_nanosleep, &t, &rest));
	show("the rest is untouched: %d", rest.tv_sec == 4711);
	end_child(pid);
}

CASE(signal, wait_is_interrupted)
{
	pid_t pid;

	handle(SIGUSR1, 0);
	pid = nagging_child(SIGUSR1);
	show_ret("wait4", CALL(SYS_wait4, pid, 0, 0, 0));
	end_child(pid);
}

/* Its end is far enough away for a signal to come before, and near enough for us to wait for it. */
CASE(signal, wait_is_restarted)
{
	pid_t nagging, pid;
	int status = -1;

	handle(SIGUSR1, SA_RESTART);
	nagging = nagging_child(SIGUSR1);
	pid = fork();
	if (pid == 0) {
		nap_ns(60000000);
		_exit(13);
	}
	show_ret("wait4", CALL(SYS_wait4, pid, &status, 0, 0) == pid);
	show_status("child", status);
	while (!count)
		nap_ns(1000000);
	show("a handler has run: %d", count > 0);
	end_child(nagging);
}

CASE(signal, futex_wait_is_interrupted)
{
	struct timespec t = {100, 0};
	int word = 0;
	pid_t pid;

	handle(SIGUSR1, 0);
	pid = nagging_child(SIGUSR1);
	show_ret("without a limit", CALL(SYS_futex, &word, 128, 0, 0, 0, 0));
	show_ret("with a limit", CALL(SYS_futex, &word, 128, 0, &t, 0, 0));
	end_child(pid);
}

CASE(signal, pause)
{
	pid_t pid;

	handle(SIGUSR1, SA_RESTART);
	pid = nagging_child(SIGUSR1);
	show_ret("pause", CALL(SYS_pause));
	end_child(pid);
}

CASE(signal, suspend)
{
	unsigned long none = 0, mask = 0;

	handle(SIGUSR1, 0);
	set_mask(BIT_OF(SIGUSR1) | BIT_OF(SIGUSR2));
	CALL(SYS_kill, getpid(), SIGUSR1);
	show("not yet: %d", count);
	show_ret("rt_sigsuspend", CALL(SYS_rt_sigsuspend, &none, 8));
	show("now: %d", count);
	CALL(SYS_rt_sigprocmask, SIG_BLOCK, 0, &mask, 8);
	show("blocked as before: %#lx", mask);
	show_ret("a set of 4 bytes", CALL(SYS_rt_sigsuspend, &none, 4));
	show_ret("from a bad address", CALL(SYS_rt_sigsuspend, 1, 8));
}

CASE(signal, timed_wait)
{
	unsigned long set = BIT_OF(SIGUSR1) | BIT_OF(SIGUSR2);
	struct timespec none = {0, 0}, bad = {0, -1};
	siginfo_t info = {0};

	set_mask(set);
	show_ret("nothing is pending", CALL(SYS_rt_sigtimedwait, &set, &info, &none, 8));
	CALL(SYS_kill, getpid(), SIGUSR2);
	CALL(SYS_kill, getpid(), SIGUSR1);
	show_ret("the lowest", CALL(SYS_rt_sigtimedwait, &set, &info, 0, 8));
	show("number %d, code %d, from us: %d", info.si_signo, info.si_code,
	     info.si_pid == getpid());
	show_ret("the next", CALL(SYS_rt_sigtimedwait, &set, 0, &none, 8));
	show_ret("no more", CALL(SYS_rt_sigtimedwait, &set, 0, &none, 8));
	show_ret("a time that is none", CALL(SYS_rt_sigtimedwait, &set, 0, &bad, 8));
	show_ret("a set of 4 bytes", CALL(SYS_rt_sigtimedwait, &set, 0, &none, 4));
}

/* --- children --- */

static void show_child(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	show("SIGCHLD: code %d, status %d", info->si_code, info->si_status);
	done = 1;
}

static void child_with_handler(void (*fn)(void))
{
	pid_t pid;

	done = 0;
	pid = fork();
	if (pid == 0) {
		fn();
		_exit(17);
	}
	await_change(&done, 0);
	show_status("child", status_of(pid));
}

static void just_exit(void)
{
}

static void kill_itself(void)
{
	CALL(SYS_kill, getpid(), SIGKILL);
}

CASE(signal, parent_is_told)
{
	struct sigaction sa = {.sa_sigaction = show_child, .sa_flags = SA_SIGINFO | SA_RESTART};

	NEED(sigaction(SIGCHLD, &sa, NULL) == 0);
	child_with_handler(just_exit);
	child_with_handler(kill_itself);
}

CASE(signal, children_that_leave_no_zombies)
{
	struct sigaction sa = {.sa_handler = note, .sa_flags = SA_NOCLDWAIT};
	pid_t pid;

	NEED(sigaction(SIGCHLD, &sa, NULL) == 0);
	pid = fork();
	if (pid == 0)
		_exit(0);
	await_change(&count, 0);
	show("SIGCHLD came");
	while (CALL(SYS_kill, pid, 0) == 0)
		nap_ns(1000000);
	show_ret("wait4", CALL(SYS_wait4, pid, 0, 0, 0));
}

CASE(signal, stop_and_continue)
{
	pid_t pid = sleeping_child();
	int status = 0;

	show_ret("stop", CALL(SYS_kill, pid, SIGSTOP));
	show("wait: %d", CALL(SYS_wait4, pid, &status, WUNTRACED, 0) == pid);
	show_status("child", status);
	show_ret("once only", CALL(SYS_wait4, pid, &status, WUNTRACED | WNOHANG, 0));
	show_ret("continue", CALL(SYS_kill, pid, SIGCONT));
	show("wait: %d", CALL(SYS_wait4, pid, &status, WCONTINUED, 0) == pid);
	show("continued: %d", WIFCONTINUED(status));
	CALL(SYS_kill, pid, SIGTSTP);
	show("wait: %d", CALL(SYS_wait4, pid, &status, WUNTRACED, 0) == pid);
	show_status("child", status);
	show_ret("kill", CALL(SYS_kill, pid, SIGKILL));
	show_status("end", status_of(pid));
}

/* --- fork, exec, threads --- */

CASE(signal, what_a_child_inherits)
{
	unsigned long set = 0, mask = 0;
	pid_t pid;

	handle(SIGUSR2, 0);
	set_mask(BIT_OF(SIGUSR1));
	CALL(SYS_kill, getpid(), SIGUSR1);
	pid = fork();
	if (pid == 0) {
		CALL(SYS_rt_sigpending, &set, 8);
		CALL(SYS_rt_sigprocmask, SIG_BLOCK, 0, &mask, 8);
		show("pending %#lx, blocked %#lx", set, mask);
		CALL(SYS_kill, getpid(), SIGUSR2);
		show("handlers run: %d", count);
		_exit(0);
	}
	show_status("child", status_of(pid));
	signal(SIGUSR1, SIG_IGN);
}

HELPER(signals)
{
	unsigned long set = 0;
	struct sigaction sa;
	stack_t st;

	(void)argc;
	(void)argv;
	(void)envp;
	CALL(SYS_rt_sigpending, &set, 8);
	show("pending %#lx", set);
	sigaction(SIGUSR2, NULL, &sa);
	show("the handler is gone: %d", sa.sa_handler == SIG_DFL);
	sigaction(SIGHUP, NULL, &sa);
	show("ignored stays: %d", sa.sa_handler == SIG_IGN);
	CALL(SYS_sigaltstack, 0, &st);
	show("no alternate stack: %d", st.ss_flags == SS_DISABLE);
	return 3;
}

CASE(signal, what_exec_keeps)
{
	static char alternate[16384];
	pid_t pid = fork();

	if (pid == 0) {
		stack_t st = {.ss_sp = alternate, .ss_size = sizeof(alternate)};

		handle(SIGUSR2, 0);
		signal(SIGHUP, SIG_IGN);
		CALL(SYS_sigaltstack, &st, 0);
		set_mask(BIT_OF(SIGUSR1));
		CALL(SYS_kill, getpid(), SIGUSR1);
		_exit(-exec_helper("signals", NULL, NULL, NULL));
	}
	show_status("end", status_of(pid));
}

static volatile pid_t handled_by, other;

static void note_thread(int sig)
{
	(void)sig;
	handled_by = CALL(SYS_gettid);
}

static void *wait_here(void *unused)
{
	(void)unused;
	other = gettid();
	await_change(&done, 0);
	return NULL;
}

CASE(signal, to_a_thread)
{
	pthread_t t;

	NEED(signal(SIGUSR1, note_thread) != SIG_ERR);
	t = thread(wait_here, NULL);
	await_change(&other, 0);
	show_ret("tgkill", CALL(SYS_tgkill, getpid(), other, SIGUSR1));
	await_change(&handled_by, 0);
	show("it ran there: %d", handled_by == other);
	handled_by = 0;
	/* Blocked here, so that the other one is the only choice. */
	set_mask(BIT_OF(SIGUSR1));
	show_ret("kill", CALL(SYS_kill, getpid(), SIGUSR1));
	await_change(&handled_by, 0);
	show("it ran there: %d", handled_by == other);
	done = 1;
	join(t);
}

static void *cancelled(void *unused)
{
	for (;;)
		nap_ns(10000000), pthread_testcancel();
	return unused;
}

CASE(signal, thread_is_cancelled)
{
	pthread_t t = thread(cancelled, NULL);
	void *result = NULL;

	show_ret("cancel", -(long)pthread_cancel(t));
	NEED(pthread_join(t, &result) == 0);
	show("it was: %d", result == PTHREAD_CANCELED);
}

CASE(signal, abort)
{
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGABRT, SIG_IGN);
		abort();
	}
	show("killed by %s", signal_name(WTERMSIG(status_of(pid))));
}

CASE(signal, interval_timer)
{
	struct itimerval value = {{0, 0}, {0, 10000}}, old = {{1, 1}, {1, 1}};

	handle(SIGALRM, 0);
	NEED(CALL(SYS_setitimer, ITIMER_REAL, &value, &old) == 0);
	show("there was none: %d", old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
	await_change(&count, 0);
	show("it came: %d", count);
	show_ret("alarm", CALL(SYS_alarm, 100));
	show("some is left: %d", CALL(SYS_alarm, 0) > 50);
}
