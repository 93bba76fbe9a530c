/* How processes end, and what wait4 says of it. */
#include <signal.h>
#include <sys/wait.h>

#include "user/conformance/conform.h"

CASE(process, exit_codes)
{
	static const int codes[] = {0, 1, 127, 128, 255, 256, 0x1234, -1};

	for (unsigned int i = 0; i < ARRAY_SIZE(codes); i++) {
		pid_t pid = fork();

		if (pid == 0)
			CALL(SYS_exit_group, codes[i]);
		show_status("exit", status_of(pid));
	}
}

/* Every signal whose default is to end the process. */
CASE(process, default_actions_that_kill)
{
	static const int harmless[] = {SIGCHLD, SIGCONT, SIGURG,  SIGWINCH,
				       SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};

	for (int sig = 1; sig <= 64; sig++) {
		bool kills = true;
		pid_t pid;

		for (unsigned int i = 0; i < ARRAY_SIZE(harmless); i++)
			kills &= sig != harmless[i];
		if (!kills)
			continue;
		pid = fork();
		if (pid == 0) {
			show_ret("kill came back", CALL(SYS_kill, CALL(SYS_getpid), sig));
			_exit(1);
		}
		show_status("itself", status_of(pid));
	}
}

CASE(process, default_actions_that_do_nothing)
{
	static const int harmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH};

	for (unsigned int i = 0; i < ARRAY_SIZE(harmless); i++)
		show_ret(signal_name(harmless[i]), CALL(SYS_kill, getpid(), harmless[i]));
}

CASE(process, killed_by_another)
{
	static const int signals[] = {SIGKILL, SIGTERM, SIGABRT, SIGHUP, 40};

	for (unsigned int i = 0; i < ARRAY_SIZE(signals); i++) {
		pid_t pid = sleeping_child();

		show_ret("kill", CALL(SYS_kill, pid, signals[i]));
		show_status("child", status_of(pid));
	}
}

CASE(process, wait_errnos)
{
	show_ret("no children", CALL(SYS_wait4, -1, 0, 0, 0));
	show_ret("no children, WNOHANG", CALL(SYS_wait4, -1, 0, WNOHANG, 0));
	show_ret("process 1 is no child", CALL(SYS_wait4, 1, 0, 0, 0));
	show_ret("nobody's pid", CALL(SYS_wait4, 0x3ffffff0, 0, 0, 0));
	show_ret("own group", CALL(SYS_wait4, 0, 0, 0, 0));
	show_ret("another group", CALL(SYS_wait4, -0x3ffffff0, 0, 0, 0));
	show_ret("the least integer", CALL(SYS_wait4, -0x7fffffff - 1, 0, 0, 0));
	show_ret("unknown options", CALL(SYS_wait4, -1, 0, 0x12345670, 0));
	show_ret("WEXITED is waitid's", CALL(SYS_wait4, -1, 0, 4, 0));
	show_ret("WNOWAIT is waitid's", CALL(SYS_wait4, -1, 0, 0x1000000, 0));
}

CASE(process, wait_to_a_bad_address)
{
	pid_t pid = fork();
	int status = 77;

	if (pid == 0)
		_exit(4);
	show_ret("status at address 1", CALL(SYS_wait4, pid, 1, 0, 0));
	show_ret("again", CALL(SYS_wait4, pid, &status, 0, 0));
	pid = fork();
	if (pid == 0)
		_exit(5);
	show_ret("usage at address 1", CALL(SYS_wait4, pid, &status, 0, 1));
	show_ret("again", CALL(SYS_wait4, pid, &status, 0, 0));
}

CASE(process, wait_without_hanging)
{
	pid_t pid = sleeping_child();
	int status = 0x5555;

	show_ret("it lives", CALL(SYS_wait4, pid, &status, WNOHANG, 0));
	show_ret("any", CALL(SYS_wait4, -1, &status, WNOHANG, 0));
	show_ret("own group", CALL(SYS_wait4, 0, &status, WNOHANG, 0));
	show_ret("WUNTRACED and WCONTINUED too",
		 CALL(SYS_wait4, pid, &status, WNOHANG | WUNTRACED | WCONTINUED, 0));
	show("the status is untouched: %d", status == 0x5555);
	end_child(pid);
	show_ret("it is gone", CALL(SYS_wait4, pid, &status, WNOHANG, 0));
}

CASE(process, wait_for_each_by_pid)
{
	pid_t pid[4];

	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(10 + i);
	}
	for (int i = 3; i >= 0; i--)
		show_status("child", status_of(pid[i]));
	show_ret("no more", CALL(SYS_wait4, -1, 0, 0, 0));
}

CASE(process, wait_for_any_takes_each_once)
{
	unsigned int sum = 0;
	long got = 0;
	int status = 0, number = 0;

	for (int i = 0; i < 6; i++) {
		if (fork() == 0)
			_exit(1 << i);
	}
	while ((got = CALL(SYS_wait4, -1, &status, 0, 0)) > 0) {
		sum += WEXITSTATUS(status);
		number++;
	}
	show("%d children, their codes add up to %u", number, sum);
	show_ret("then", got);
}

CASE(process, wait_for_own_group)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(6);
	show_ret("the child", CALL(SYS_wait4, 0, &status, 0, 0) == pid);
	show_status("it", status);
}

CASE(process, usage_is_filled_in)
{
	unsigned char usage[144];
	pid_t pid = fork();
	bool written = false;

	if (pid == 0)
		_exit(0);
	for (unsigned int i = 0; i < sizeof(usage); i++)
		usage[i] = 0xee;
	show_ret("wait4", CALL(SYS_wait4, pid, 0, 0, usage) == pid);
	for (unsigned int i = 136; i < sizeof(usage); i++)
		written |= usage[i] != 0xee;
	show("the last word is written: %d", written);
}

/* Until the child is a zombie, which it stays. */
static void await_end(pid_t pid)
{
	show_ret("waitid that leaves it", CALL(SYS_waitid, P_PID, pid, 0, WEXITED | WNOWAIT, 0));
}

CASE(process, zombie_can_be_signalled)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(3);
	await_end(pid);
	show_ret("kill 0", CALL(SYS_kill, pid, 0));
	show_ret("kill SIGKILL", CALL(SYS_kill, pid, SIGKILL));
	show_status("it exited first", status_of(pid));
	show_ret("kill 0 after the wait", CALL(SYS_kill, pid, 0));
}

static void *wait_for_it(void *pid)
{
	int status = -1;

	show_fine("with __WNOTHREAD", CALL(SYS_wait4, (long)pid, &status, __WNOTHREAD, 0));
	show_ret("without", CALL(SYS_wait4, (long)pid, &status, 0, 0) == (long)pid);
	show_status("child", status);
	return NULL;
}

CASE(process, another_thread_waits)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(8);
	join(thread(wait_for_it, (void *)(long)pid));
}

/* The child of another thread, which has gone meanwhile. */
static void *fork_and_go(void *pid)
{
	*(pid_t *)pid = fork();
	if (*(pid_t *)pid == 0)
		_exit(21);
	return NULL;
}

CASE(process, child_of_a_thread_that_has_gone)
{
	pid_t pid = 0;

	join(thread(fork_and_go, &pid));
	show_status("child", status_of(pid));
}

CASE(process, child_without_a_signal)
{
	long pid = CALL(SYS_clone, 0, 0, 0, 0, 0);
	int status = -1;

	if (pid == 0)
		raw_exit(4);
	show_fine("plain wait", CALL(SYS_wait4, pid, &status, 0, 0));
	show_ret("__WCLONE", CALL(SYS_wait4, pid, &status, __WCLONE, 0) == pid);
	show_status("child", status);
	pid = fork();
	if (pid == 0)
		_exit(5);
	show_fine("__WCLONE for one with SIGCHLD", CALL(SYS_wait4, pid, &status, __WCLONE, 0));
	show_ret("__WALL", CALL(SYS_wait4, pid, &status, __WALL, 0) == pid);
}

CASE(process, ignored_sigchld_leaves_no_zombies)
{
	int status = 0x5555;

	signal(SIGCHLD, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		if (fork() == 0)
			_exit(i);
	}
	show_ret("wait", CALL(SYS_wait4, -1, &status, 0, 0));
	show("the status is untouched: %d", status == 0x5555);
}

CASE(process, zombie_from_before_sigchld_was_ignored)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(12);
	await_end(pid);
	signal(SIGCHLD, SIG_IGN);
	show_status("child", status_of(pid));
}
