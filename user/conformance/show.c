/* What a case prints: see conform.h. A line is `= group.name | text`. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "user/conformance/conform.h"

char conform_current[64];

void show(const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	say("= %s | %s", conform_current, text);
}

const char *errno_name(long error)
{
	static const char *const names[] = {
		[EPERM] = "EPERM",
		[ENOENT] = "ENOENT",
		[ESRCH] = "ESRCH",
		[EINTR] = "EINTR",
		[EIO] = "EIO",
		[E2BIG] = "E2BIG",
		[ENOEXEC] = "ENOEXEC",
		[EBADF] = "EBADF",
		[ECHILD] = "ECHILD",
		[EAGAIN] = "EAGAIN",
		[ENOMEM] = "ENOMEM",
		[EACCES] = "EACCES",
		[EFAULT] = "EFAULT",
		[EBUSY] = "EBUSY",
		[EEXIST] = "EEXIST",
		[ENODEV] = "ENODEV",
		[ENOTDIR] = "ENOTDIR",
		[EISDIR] = "EISDIR",
		[EINVAL] = "EINVAL",
		[EMFILE] = "EMFILE",
		[ENOTTY] = "ENOTTY",
		[ESPIPE] = "ESPIPE",
		[EPIPE] = "EPIPE",
		[ERANGE] = "ERANGE",
		[EDEADLK] = "EDEADLK",
		[ENAMETOOLONG] = "ENAMETOOLONG",
		[ENOSYS] = "ENOSYS",
		[ELOOP] = "ELOOP",
		[ELIBBAD] = "ELIBBAD",
		[EOVERFLOW] = "EOVERFLOW",
		[EOPNOTSUPP] = "EOPNOTSUPP",
		[ETIMEDOUT] = "ETIMEDOUT",
		[EOWNERDEAD] = "EOWNERDEAD",
		[ENOTRECOVERABLE] = "ENOTRECOVERABLE",
	};

	if (error > 0 && error < (long)ARRAY_SIZE(names) && names[error])
		return names[error];
	return NULL;
}

const char *signal_name(int sig)
{
	static const char *const names[] = {
		[SIGHUP] = "SIGHUP",       [SIGINT] = "SIGINT",       [SIGQUIT] = "SIGQUIT",
		[SIGILL] = "SIGILL",       [SIGTRAP] = "SIGTRAP",     [SIGABRT] = "SIGABRT",
		[SIGBUS] = "SIGBUS",       [SIGFPE] = "SIGFPE",       [SIGKILL] = "SIGKILL",
		[SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV",     [SIGUSR2] = "SIGUSR2",
		[SIGPIPE] = "SIGPIPE",     [SIGALRM] = "SIGALRM",     [SIGTERM] = "SIGTERM",
		[SIGSTKFLT] = "SIGSTKFLT", [SIGCHLD] = "SIGCHLD",     [SIGCONT] = "SIGCONT",
		[SIGSTOP] = "SIGSTOP",     [SIGTSTP] = "SIGTSTP",     [SIGTTIN] = "SIGTTIN",
		[SIGTTOU] = "SIGTTOU",     [SIGURG] = "SIGURG",       [SIGXCPU] = "SIGXCPU",
		[SIGXFSZ] = "SIGXFSZ",     [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF",
		[SIGWINCH] = "SIGWINCH",   [SIGIO] = "SIGIO",         [SIGPWR] = "SIGPWR",
		[SIGSYS] = "SIGSYS",
	};

	if (sig > 0 && sig < (int)ARRAY_SIZE(names) && names[sig])
		return names[sig];
	return sig >= 32 && sig <= 64 ? "a real-time signal" : "no signal";
}

static void show_result(const char *what, long ret, bool value)
{
	const char *name = ret < 0 && ret > -4096 ? errno_name(-ret) : NULL;

	if (name)
		show("%s: %s", what, name);
	else if (ret < 0 && ret > -4096)
		show("%s: errno %ld", what, -ret);
	else if (value)
		show("%s: %ld", what, ret);
	else
		show("%s: fine", what);
}

void show_ret(const char *what, long ret)
{
	show_result(what, ret, true);
}

void show_fine(const char *what, long ret)
{
	show_result(what, ret, false);
}

void show_status(const char *what, int status)
{
	if (WIFEXITED(status))
		show("%s: 0x%04x exited with %d", what, status, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		show("%s: 0x%04x killed by %s", what, status, signal_name(WTERMSIG(status)));
	else if (WIFSTOPPED(status))
		show("%s: 0x%04x stopped by %s", what, status, signal_name(WSTOPSIG(status)));
	else
		show("%s: 0x%04x", what, status);
}
