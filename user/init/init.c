/*
 * Process 1. `init [machine] [@list] [NAME=value...] program arguments...`: starts the servers of a start list,
 * runs the program, reaps every orphan, starts servers again that die, ends the machine with the program's result.
 *
 * The arguments are what follows `--` on the kernel command line. `@name` is /etc/init/name in the boot archive
 * (list.h); without one there are no servers, and the program's descriptors 0 to 2 are the kernel's log. With one
 * they are /dev/console, its controlling terminal, if that is there. NAME=value goes to the program's environment;
 * LINES and COLUMNS are the console's size. After the word `machine` the program gets the machine handle, as init's
 * descriptor.
 *
 * SIGTERM, SIGUSR1 and SIGUSR2 end the machine, as `reboot`, `halt` and `poweroff` of busybox ask for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/init/server.h"
#include "user/lib/freewalk.h"
#include "user/lib/machine.h"

#define STATUS_FAILED (127 << 8)

static char *default_argv[] = {"/bin/abitest", NULL};
static const char *const defaults[] = {"PATH=/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/root",
				       "TERM=linux", "USER=root", "SHELL=/bin/sh"};

/* From the environment; 0: not said. */
static unsigned short env_number(const char *name)
{
	const char *value = getenv(name);

	return value ? (unsigned short)strtoul(value, NULL, 10) : 0;
}

/* Descriptors 0 to 2, and the session. Without a console they stay the log. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);
	struct winsize size = {.ws_row = env_number("LINES"), .ws_col = env_number("COLUMNS")};

	if (fd < 0)
		return;
	(void)setsid();
	(void)ioctl(fd, TIOCSCTTY, 0);
	if (size.ws_row && size.ws_col)
		(void)ioctl(fd, TIOCSWINSZ, &size);
	(void)unsetenv("LINES");
	(void)unsetenv("COLUMNS");
	for (int i = 0; i < 3; i++)
		(void)dup2(fd, i);
	if (fd > 2)
		(void)close(fd);
}

static pid_t start(char **argv, bool servers)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid == 0) {
		if (servers)
			open_console();
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execv(argv[0], argv);
		say("init: cannot execute %s: %s", argv[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0)
		say("init: cannot fork: %s", strerror(errno));
	return pid;
}

/* The boot archive's file of that name, with a NUL behind it; NULL: there is none. */
static char *read_bootfile(const char *wanted)
{
	char name[256], *text = NULL;
	struct machine_bootfile file = {.name = (uintptr_t)name, .name_room = sizeof(name)};

	for (unsigned long i = 0;
	     machine_bootfile(MACHINE_HANDLE, i, &file, MACHINE_CLOEXEC) != -ENOENT; i++) {
		void *map = MAP_FAILED;

		if (!strcmp(name, wanted) && file.memory >= 0 && !text)
			map = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, file.memory, 0);
		if (map != MAP_FAILED) {
			text = calloc(1, file.size + 1);
			if (text)
				memcpy(text, map, file.size);
			(void)munmap(map, file.size);
		}
		if (file.memory >= 0)
			(void)close(file.memory);
	}
	return text;
}

static bool start_servers(const char *name)
{
	static struct start_list list;
	char path[64] = "etc/init/";
	char *text;

	strncat(path, name, sizeof(path) - strlen(path) - 1);
	text = read_bootfile(path);
	if (!text) {
		say("init: there is no /%s", path);
		return false;
	}
	if (list_parse(&list, text)) {
		say("init: /%s: %s", path, list.error);
		return false;
	}
	return servers_start(&list, MACHINE_HANDLE);
}

/* Reaps until `program` has ended, or init is told to end, or nothing works any more. The result. */
static int supervise(pid_t program, const sigset_t *signals)
{
	for (;;) {
		int status, sig;
		bool end = false;
		pid_t pid;

		while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
			if (pid == program)
				return status;
			(void)server_ended(pid, status, &end);
			if (end)
				return STATUS_FAILED;
		}
		sig = sigwaitinfo(signals, NULL);
		if (sig > 0 && sig != SIGCHLD)
			return 0;
	}
}

/* What the program has written is to be seen. */
static void drain_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0) {
		(void)ioctl(fd, TCSBRK, 1);
		(void)close(fd);
	}
}

static void power_off(int status)
{
	long ret;

	drain_console();
	ret = machine_poweroff(MACHINE_HANDLE, status == 0 ? 0 : 1);
	say("init: cannot end the machine: %s. Nothing is left to run.", strerror((int)-ret));
	if (getpid() != 1)
		_exit(status != 0);
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		nap_ns(1000000000);
	}
}

int main(int argc, char **argv)
{
	int status = STATUS_FAILED;
	bool servers = false;
	sigset_t signals;
	char **program;
	pid_t pid;

	if (getpid() != 1)
		say("init: this is process %d, not 1: a rehearsal", (int)getpid());
	/* They are waited for, not handled. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (argc > 2 && !strcmp(argv[1], "machine")) {
		argv++, argc--;
		(void)fcntl(MACHINE_HANDLE, F_SETFD, 0);
	}
	if (argc > 1 && argv[1][0] == '@') {
		servers = true;
		if (!start_servers(argv[1] + 1))
			power_off(STATUS_FAILED);
		argv++, argc--;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(defaults); i++)
		(void)putenv((char *)defaults[i]);
	for (; argc > 1 && strchr(argv[1], '='); argv++, argc--)
		(void)putenv(argv[1]);
	program = argc > 1 ? argv + 1 : default_argv;
	pid = start(program, servers);
	if (pid > 0)
		status = supervise(pid, &signals);
	/* Before the log, which writes to the same line. */
	drain_console();
	say_ended(program[0], status);
	power_off(status);
}
