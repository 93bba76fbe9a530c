/*
 * Process 1. `init [machine] program arguments...`: runs the program, reaps every orphan, ends the machine
 * with its result. After the word `machine` the program gets the machine handle, as init's descriptor.
 *
 * The arguments are what follows `--` on the kernel command line. Exit of the program ends the
 * machine by PGCTL_POWEROFF: success when it exited with 0. Where pgctl is refused, init says so
 * and goes on reaping and sleeping for ever: process 1 must not exit. It starts nothing again and
 * reads no configuration: the servers of the next slice will bring that.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/abi/machine.h"
#include "user/lib/freewalk.h"
#include "user/lib/rawsys.h"

static char *default_argv[] = {"/bin/abitest", NULL};

static void describe(const char *name, int status)
{
	if (WIFEXITED(status))
		say("init: %s exited with %d", name, WEXITSTATUS(status));
	else
		say("init: %s was killed by signal %d", name, WTERMSIG(status));
}

static pid_t start(char **argv, char **envp)
{
	pid_t pid = fork();

	if (pid == 0) {
		execve(argv[0], argv, envp);
		say("init: cannot execute %s: %s", argv[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0)
		say("init: cannot fork: %s", strerror(errno));
	return pid;
}

/* Reaps until `pid` has ended. Returns its wait status; an abnormal one when the wait itself fails.
 */
static int reap_until(pid_t pid)
{
	for (;;) {
		int status = 0;
		pid_t got = wait4(-1, &status, 0, NULL);

		if (got == pid)
			return status;
		if (got < 0) {
			say("init: wait4: %s", strerror(errno));
			return 127 << 8;
		}
	}
}

int main(int argc, char **argv, char **envp)
{
	char **program;
	int status = 127 << 8;
	pid_t pid;
	long ret;

	if (getpid() != 1)
		say("init: this is process %d, not 1: a rehearsal", (int)getpid());
	if (argc > 2 && strcmp(argv[1], "machine") == 0) {
		argv++;
		(void)fcntl(MACHINE_HANDLE, F_SETFD, 0);
	}
	program = argc > 1 ? argv + 1 : default_argv;
	pid = start(program, envp);
	if (pid > 0)
		status = reap_until(pid);
	describe(program[0], status);
	ret = pgctl(PGCTL_POWEROFF, status == 0 ? 0 : 1, 0, NULL);
	say("init: cannot end the machine: %s. Nothing is left to run.", strerror((int)-ret));
	if (getpid() != 1)
		return status != 0;
	for (;;) {
		while (wait4(-1, NULL, WNOHANG, NULL) > 0)
			;
		nap_ns(1000000000);
	}
}
