/* clone3; children that end with another signal than SIGCHLD; the signal when a parent ends. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "user/conformance/conform.h"

#define CLEAR_SIGHAND 0x100000000ull

/* As long as a later Linux might have it. */
struct args3 {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup, later[2];
};

#define FIRST 64 /* bytes of the first version */

static void refused(const char *what, struct args3 args, size_t size)
{
	long pid = CALL(SYS_clone3, &args, size);

	if (pid == 0)
		raw_exit(0);
	show_ret(what, pid > 0 ? 0 : pid);
	if (pid > 0)
		show_status("  child", status_of(pid));
}

CASE(clone, clone3_errnos)
{
	static const struct args3 plain = {.exit_signal = SIGCHLD};
	struct args3 a = plain;

	refused("63 bytes", plain, FIRST - 1);
	refused("no bytes", plain, 0);
	refused("5000 bytes", plain, 5000);
	show_ret("bad address", CALL(SYS_clone3, 1, FIRST));
	refused("64 bytes", plain, FIRST);
	refused("all that there are", plain, offsetof(struct args3, later));
	refused("more, and zero", plain, sizeof(plain));
	a.later[1] = 1;
	refused("more, and not zero", a, sizeof(a));
	refused("a signal in the flags", (struct args3){.flags = SIGCHLD}, FIRST);
	refused("signal 65", (struct args3){.exit_signal = 65}, FIRST);
	refused("signal 300", (struct args3){.exit_signal = 300}, FIRST);
	refused("CLONE_DETACHED", (struct args3){.flags = CLONE_DETACHED}, FIRST);
	refused("unknown flag", (struct args3){.flags = 1ull << 40}, FIRST);
	refused("CLONE_THREAD alone", (struct args3){.flags = CLONE_THREAD}, FIRST);
	refused("CLONE_PARENT and a signal",
		(struct args3){.flags = CLONE_PARENT, .exit_signal = SIGCHLD}, FIRST);
	refused("handlers shared and cleared",
		(struct args3){.flags = CLONE_VM | CLONE_SIGHAND | CLEAR_SIGHAND}, FIRST);
	refused("a stack of no size", (struct args3){.stack = 4096}, FIRST);
	refused("a size of no stack", (struct args3){.stack_size = 4096}, FIRST);
	refused("a stack in the kernel's half",
		(struct args3){.stack = 0xffff800000000000, .stack_size = 4096}, FIRST);
	refused("a size of set_tid alone", (struct args3){.set_tid_size = 1}, sizeof(a));
	a = plain;
	a.set_tid = (uintptr_t)&a;
	refused("set_tid without a size", a, sizeof(a));
}

CASE(clone, clone3_tids)
{
	int tid = 0, parent_tid = 0;
	struct args3 a = {
		.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
		.child_tid = (uintptr_t)&tid,
		.parent_tid = (uintptr_t)&parent_tid,
		.exit_signal = SIGCHLD,
	};
	long pid = CALL(SYS_clone3, &a, FIRST);

	if (pid == 0)
		raw_exit(tid == getpid() ? 6 : 7);
	show("the parent's: %d, the child's here: %d", parent_tid == pid, tid);
	show_status("child", status_of(pid));
}

static void on_signal(int sig)
{
	show("handler: %s", signal_name(sig));
}

static void catch_signal(int sig)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigaction(sig, &sa, NULL);
}

CASE(clone, clone3_clears_handlers)
{
	struct args3 a = {.flags = CLEAR_SIGHAND, .exit_signal = SIGCHLD};
	struct sigaction now;
	long pid;

	catch_signal(SIGUSR1);
	signal(SIGUSR2, SIG_IGN);
	pid = CALL(SYS_clone3, &a, FIRST);
	if (pid == 0) {
		sigaction(SIGUSR1, NULL, &now);
		show("SIGUSR1 default: %d", now.sa_handler == SIG_DFL);
		sigaction(SIGUSR2, NULL, &now);
		show("SIGUSR2 ignored: %d", now.sa_handler == SIG_IGN);
		raw_exit(0);
	}
	show_status("child", status_of(pid));
	sigaction(SIGUSR1, NULL, &now);
	show("the parent's handler: %d", now.sa_handler == on_signal);
}

/* --- at the end --- */

static long child_with(int sig)
{
	long pid = CALL(SYS_clone, sig, 0, 0, 0, 0);

	if (pid == 0)
		raw_exit(9);
	return pid;
}

CASE(clone, another_signal_at_the_end)
{
	int status = 0;
	sigset_t set;
	long pid;

	catch_signal(SIGUSR1);
	catch_signal(SIGCHLD);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = child_with(SIGUSR1);
	show_ret("plain wait", CALL(SYS_wait4, pid, &status, 0, 0));
	show("__WCLONE: %d", CALL(SYS_wait4, pid, &status, __WCLONE, 0) == pid);
	/* It is there when the child can be found. */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	show_status("child", status);
	pid = child_with(SIGCHLD);
	show("plain wait: %d", CALL(SYS_wait4, pid, &status, 0, 0) == pid);
	pid = child_with(0);
	show("__WALL: %d", CALL(SYS_wait4, pid, &status, __WALL, 0) == pid);
}

CASE(clone, what_the_signal_says)
{
	sigset_t set;
	siginfo_t info;
	long pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid = child_with(SIGUSR2);
	show_ret("signal", CALL(SYS_rt_sigtimedwait, &set, &info, 0, 8));
	show("code %d, status %d, pid: %d", info.si_code, info.si_status, info.si_pid == pid);
	CALL(SYS_wait4, pid, 0, __WALL, 0);
}

static void die_of_a_child(void)
{
	long pid = child_with(SIGTERM);

	CALL(SYS_wait4, pid, 0, __WALL, 0);
	nap_ns(10000000000);
}

CASE(clone, a_signal_that_kills_the_parent)
{
	show_end("parent", die_of_a_child);
}

/* SIGCHLD that is ignored leaves no zombies; another signal that is ignored does. */
CASE(clone, ignored_and_another_signal)
{
	long pid;

	signal(SIGCHLD, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	pid = child_with(SIGUSR1);
	show("wait: %d", CALL(SYS_wait4, pid, 0, __WALL, 0) == pid);
}

HELPER(leave)
{
	(void)argc;
	(void)argv;
	(void)envp;
	return 5;
}

/* A new program ends as usual. */
CASE(clone, exec_makes_it_sigchld)
{
	int status = 0;
	long pid;

	catch_signal(SIGUSR1);
	catch_signal(SIGCHLD);
	pid = CALL(SYS_clone, SIGUSR1, 0, 0, 0, 0);
	if (pid == 0) {
		exec_helper("leave", NULL, NULL, NULL);
		raw_exit(1);
	}
	CALL(SYS_waitid, P_PID, pid, 0, WEXITED | WNOWAIT | __WALL, 0);
	show("plain wait: %d", CALL(SYS_wait4, pid, &status, 0, 0) == pid);
	show_status("child", status);
}

/* --- whose child it is: __WNOTHREAD --- */

static long forked;

static void *fork_and_wait(void *go)
{
	forked = CALL(SYS_fork);
	if (forked == 0)
		raw_exit(3);
	await_change(go, 0);
	return NULL;
}

CASE(clone, children_of_threads)
{
	static volatile int go;
	pthread_t t = thread(fork_and_wait, (void *)&go);
	int status;

	while (!*(volatile long *)&forked)
		nap_ns(1000000);
	CALL(SYS_waitid, P_PID, forked, 0, WEXITED | WNOWAIT, 0);
	show_ret("another thread's", CALL(SYS_wait4, -1, &status, WNOHANG | __WNOTHREAD, 0));
	go = 1;
	join(t);
	nap_ns(50000000);
	show("when that is gone: %d", CALL(SYS_wait4, -1, &status, __WNOTHREAD, 0) == forked);
}

/* --- the signal when a parent ends --- */

static volatile int *shared;

static void wait_for_death(int sig)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
	NEED(CALL(SYS_prctl, PR_SET_PDEATHSIG, sig) == 0);
	shared[0] = 1;
	sig = CALL(SYS_rt_sigtimedwait, &set, &info, 0, 8);
	await_change(&shared[2], 0);
	show("told by %s", signal_name(sig));
	show("code %d, from its parent: %d", info.si_code, info.si_pid == shared[1]);
	shared[0] = 2;
	raw_exit(0);
}

CASE(clone, death_of_a_parent)
{
	pid_t pid;

	shared = (int *)pages(1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	pid = fork();
	if (pid == 0) {
		shared[1] = getpid();
		if (fork() == 0)
			wait_for_death(SIGUSR1);
		await_change(&shared[0], 0);
		raw_exit(0);
	}
	show_status("parent", status_of(pid));
	shared[2] = 1;
	await_change(&shared[0], 1);
}

CASE(clone, death_signal_errnos)
{
	int sig = 99;
	pid_t pid;

	show_ret("signal 65", CALL(SYS_prctl, PR_SET_PDEATHSIG, 65));
	show_ret("signal -1", CALL(SYS_prctl, PR_SET_PDEATHSIG, -1));
	show_ret("get", CALL(SYS_prctl, PR_GET_PDEATHSIG, &sig));
	show("%d", sig);
	show_ret("set", CALL(SYS_prctl, PR_SET_PDEATHSIG, SIGHUP));
	show_ret("get", CALL(SYS_prctl, PR_GET_PDEATHSIG, &sig));
	show("%d", sig);
	pid = fork();
	if (pid == 0) {
		CALL(SYS_prctl, PR_GET_PDEATHSIG, &sig);
		show("in a child: %d", sig);
		raw_exit(0);
	}
	show_status("child", status_of(pid));
	show_ret("bad address", CALL(SYS_prctl, PR_GET_PDEATHSIG, 1));
	show_ret("none", CALL(SYS_prctl, PR_SET_PDEATHSIG, 0));
}
