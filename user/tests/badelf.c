/*
 * ABI tests: exec of malformed programs (made by mkbad.py). The right errno, and the caller lives
 * on in its own memory.
 *
 * Linux finds some faults only after it has thrown the caller's memory away, and kills it then;
 * with host=1 such a death is accepted. Freewalk looks first.
 */
#include <stdio.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

static const struct bad {
	const char *name;
	int error; /* as Linux says it, where it says it in time */
} files[] = {
	{"empty", ENOEXEC},
	{"one-byte", ENOEXEC},
	{"truncated-header", ENOEXEC},
	{"truncated-phdrs", ENOEXEC},
	{"truncated-segment", ENOEXEC},
	{"bad-magic", ENOEXEC},
	{"class-32", ENOEXEC},
	{"big-endian", ENOEXEC},
	{"wrong-machine", ENOEXEC},
	{"wrong-type", ENOEXEC},
	{"no-segments", ENOEXEC},
	{"phentsize", ENOEXEC},
	{"phnum-huge", ENOEXEC},
	{"phoff-past-end", ENOEXEC},
	{"phoff-wraps", ENOEXEC},
	{"entry-kernel", ENOEXEC},
	{"entry-nowhere", ENOEXEC},
	{"segment-overlap", ENOEXEC},
	{"offset-past-end", ENOEXEC},
	{"offset-wraps", ENOEXEC},
	{"segment-wraps", EINVAL},
	{"filesz-over-memsz", EINVAL},
	{"offset-misaligned", EINVAL},
	{"segment-kernel", ENOMEM},
	{"segment-non-canonical", ENOMEM},
	{"segment-into-kernel", ENOMEM},
	{"noexec", EACCES},
};

/* The child: its exit code is the errno, if execve came back and this process is still whole. */
static void try_exec(const char *path)
{
	char *argv[] = {(char *)path, NULL};
	volatile int canary = 0x5a5a;
	long ret =
		raw_syscall3(SYS_execve, (uintptr_t)path, (uintptr_t)argv, (uintptr_t)(argv + 1));

	if (ret >= 0 || canary != 0x5a5a || raw_syscall0(SYS_getpid) <= 0)
		_exit(200);
	_exit(-ret);
}

/* Linux may start the program, or kill the caller, where it does not look in time. */
static bool right(const struct bad *b, int status)
{
	return status == EXITED(b->error) || (options.host && (status == 0 || WIFSIGNALED(status)));
}

TEST(badelf, each_is_refused)
{
	bool all_right = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++) {
		char path[200];
		int status = -1;
		pid_t pid;

		snprintf(path, sizeof(path), "%s/%s", options.bad, files[i].name);
		pid = fork();
		if (pid == 0)
			try_exec(path);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		if (status == EXITED(ENOENT)) {
			say("# %s is not in the archive", path);
			all_right = false;
		} else if (!right(&files[i], status)) {
			say("# exec of %s: wait status %#x, wanted errno %d", path, status,
			    files[i].error);
			all_right = false;
		}
	}
	CHECK(all_right);
}

/* Refusals must leave nothing behind: many, then a good one. */
TEST(badelf, many_refusals)
{
	char path[200];
	char *argv[] = {path, NULL};

	snprintf(path, sizeof(path), "%s/%s", options.bad, "bad-magic");
	for (int i = 0; i < 2000; i++)
		CHECK_EQ(raw_syscall3(SYS_execve, (uintptr_t)path, (uintptr_t)argv,
				      (uintptr_t)(argv + 1)),
			 -ENOEXEC);
}
