/*
 * Process 1 on Linux, where nothing else is in the archive that could be it: runs the cases in a
 * child, collects orphans, ends the machine as Freewalk's kernel does, by the code that
 * isa-debug-exit makes QEMU's exit status of (tools/qemu.py). On Freewalk, user/init is process 1.
 *
 * The console is there without our help: Linux's built-in archive has /dev/console, and opens it.
 */
#include "user/conformance/linux_init.h"

#include <sys/io.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "user/lib/freewalk.h"

#define DEBUG_EXIT_PORT    0xf4
#define DEBUG_EXIT_SUCCESS 0x10
#define DEBUG_EXIT_FAILURE 0x11

static int reap_until(pid_t pid)
{
	for (;;) {
		int status = -1;
		pid_t got = wait4(-1, &status, 0, NULL);

		if (got == pid || got < 0)
			return got < 0 ? -1 : status;
	}
}

void linux_init(void)
{
	pid_t pid;
	int status;

	if (getpid() != 1)
		return;
	pid = fork();
	if (pid == 0) {
		/* Out of the session that the kernel's own threads are in: kill(0) means a group. */
		if (setsid() < 0)
			say("linux_init: setsid failed");
		return;
	}
	status = reap_until(pid);
	say("linux_init: the cases ended with wait status %#x", status);
	/* A write returns when the serial port's driver has the text, not when it is out. */
	tcdrain(STDOUT_FILENO);
	if (ioperm(DEBUG_EXIT_PORT, 4, 1) == 0)
		outl(status == 0 ? DEBUG_EXIT_SUCCESS : DEBUG_EXIT_FAILURE, DEBUG_EXIT_PORT);
	say("linux_init: cannot end the machine");
	for (;;)
		pause();
}
