/* execve: what it refuses, what the new program finds. */
#include <elf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "user/conformance/conform.h"

static long exec_path(const char *path)
{
	char *argv[] = {"x", NULL};

	return CALL(SYS_execve, path, argv, argv + 1);
}

/* execve in a child: what the errno was, or how the new program ended. */
static void show_exec(const char *what, const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		long ret = exec_path(path);

		show_ret(what, ret);
		_exit(97);
	}
	show_status(what, status_of(pid));
}

CASE(exec, path_errnos)
{
	static char longer[6000];

	show_ret("no such file", exec_path("/bin/nothing"));
	show_ret("no such directory", exec_path("/nowhere/nothing"));
	show_ret("the empty path", exec_path(""));
	show_ret("a directory", exec_path("/bin"));
	show_ret("a bad address", exec_path((char *)1));
	show_ret("nowhere", exec_path(NULL));
	show_ret("a file without the right", exec_path("/bad/noexec"));
	memset(longer, 'a', sizeof(longer) - 1);
	longer[0] = '/';
	show_ret("a path of 5999 characters", exec_path(longer));
	longer[300] = 0;
	show_ret("a name of 299 characters", exec_path(longer));
	longer[200] = 0;
	show_ret("a name of 199 characters", exec_path(longer));
}

CASE(exec, path_through_a_file)
{
	show_ret("a file as a directory", exec_path("/bin/tiny/x"));
	show_ret("a slash behind a file", exec_path("/bin/tiny/"));
}

CASE(exec, path_forms)
{
	show_exec("plain", "/bin/tiny");
	show_exec("two slashes", "//bin//tiny");
	show_exec("a dot", "/bin/./tiny");
	show_exec("two dots", "/bin/../bin/tiny");
	show_exec("relative", "bin/tiny");
}

CASE(exec, argument_errnos)
{
	char *bad_string[] = {"x", (char *)1, NULL};
	char *good[] = {"x", NULL};

	show_ret("argv at a bad address", CALL(SYS_execve, "/bin/tiny", 1, 0));
	show_ret("envp at a bad address", CALL(SYS_execve, "/bin/tiny", good, 1));
	show_ret("a string at a bad address", CALL(SYS_execve, "/bin/tiny", bad_string, 0));
	show_ret("no such file comes first", CALL(SYS_execve, "/bin/nothing", 1, 0));
}

HELPER(arguments)
{
	show("argc %d", argc);
	for (int i = 0; i <= argc; i++)
		show("argv[%d] %s", i, argv[i] ? argv[i] : "NULL");
	for (int i = 0; envp[i]; i++)
		show("envp[%d] %s", i, envp[i]);
	return 0;
}

CASE(exec, arguments_and_environment)
{
	const char *argv[] = {"anything", "helper", conform_current, "arguments",
			      "",         "a b",    "\x80\xff",      NULL};
	char *envp[] = {"ONE=1", "TWO=", "no equals sign", "", NULL};
	pid_t pid = fork();

	if (pid == 0)
		_exit(-CALL(SYS_execve, conform_path, argv, envp));
	show_status("end", status_of(pid));
}

CASE(exec, no_environment)
{
	const char *argv[] = {"anything", "helper", conform_current, "arguments", NULL};
	pid_t pid = fork();

	if (pid == 0)
		_exit(-CALL(SYS_execve, conform_path, argv, 0));
	show_status("end", status_of(pid));
}

/* A program without arguments gets an empty one, since Linux 5.18; main() shows it. */
CASE(exec, no_arguments)
{
	char *none[] = {NULL}, *mark[] = {"CONFORM_CASE=exec.no_arguments", NULL};
	pid_t pid = fork();

	if (pid == 0)
		_exit(-CALL(SYS_execve, conform_path, none, mark));
	show_status("an empty list", status_of(pid));
	pid = fork();
	if (pid == 0)
		_exit(-CALL(SYS_execve, conform_path, 0, mark));
	show_status("no list", status_of(pid));
}

static char *long_string(size_t length)
{
	char *s = malloc(length + 1);

	NEED(s);
	memset(s, 'x', length);
	s[length] = 0;
	return s;
}

HELPER(lengths)
{
	size_t sum = 0;

	(void)envp;
	for (int i = 0; i < argc; i++)
		sum += strlen(argv[i]);
	show("argc %d, %zu characters", argc, sum);
	return 0;
}

/* `number` arguments of `length` characters. */
static void show_long(const char *what, unsigned int number, size_t length)
{
	const char **argv = calloc(number + 5, sizeof(*argv));
	char *s = long_string(length), *none[] = {NULL};
	pid_t pid;

	NEED(argv);
	argv[0] = "x";
	argv[1] = "helper";
	argv[2] = conform_current;
	argv[3] = "lengths";
	for (unsigned int i = 0; i < number; i++)
		argv[4 + i] = s;
	pid = fork();
	if (pid == 0) {
		show_ret(what, CALL(SYS_execve, conform_path, argv, none));
		_exit(97);
	}
	show_status(what, status_of(pid));
}

CASE(exec, sizes_that_fit)
{
	show_long("one of 4095", 1, 4095);
	show_long("one of 4096", 1, 4096);
	show_long("a thousand of 50", 1000, 50);
	show_long("ten of 5000", 10, 5000);
}

CASE(exec, sizes_that_are_large)
{
	show_long("one of 131071", 1, 131071);
	show_long("ten of 100000", 10, 100000);
	show_long("twenty thousand of 1", 20000, 1);
}

CASE(exec, sizes_that_are_too_large)
{
	show_long("one of 131072", 1, 131072);
	show_long("fifty of 100000", 50, 100000);
}

/* --- what the new program finds --- */

HELPER(auxv)
{
	const Elf64_auxv_t *aux;
	const Elf64_Phdr *phdr = (const void *)getauxval(AT_PHDR);
	unsigned int loads = 0;

	(void)argc;
	(void)argv;
	while (*envp)
		envp++;
	aux = (const void *)(envp + 1);
	show("behind the environment, aligned: %d", (uintptr_t)aux % 8 == 0);
	show("page %lu, header %lu, ticks %lu", getauxval(AT_PAGESZ), getauxval(AT_PHENT),
	     getauxval(AT_CLKTCK));
	show("users %lu %lu %lu %lu, secure %lu", getauxval(AT_UID), getauxval(AT_EUID),
	     getauxval(AT_GID), getauxval(AT_EGID), getauxval(AT_SECURE));
	show("base %lu, flags %lu", getauxval(AT_BASE), getauxval(AT_FLAGS));
	for (unsigned int i = 0; i < getauxval(AT_PHNUM); i++)
		loads += phdr[i].p_type == PT_LOAD;
	show("program headers: %lu, to load %u", getauxval(AT_PHNUM), loads);
	show("entry is there: %d", getauxval(AT_ENTRY) != 0);
	show("name %s", (const char *)getauxval(AT_EXECFN));
	show("random bytes: %d", getauxval(AT_RANDOM) != 0);
	return 0;
}

CASE(exec, auxiliary_vector)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(-exec_helper("auxv", NULL, NULL, NULL));
	show_status("end", status_of(pid));
}

HELPER(platform)
{
	const char *platform = (const char *)getauxval(AT_PLATFORM);

	(void)argc;
	(void)argv;
	(void)envp;
	show("platform %s", platform ? platform : "is not said");
	show("hardware capabilities: %d", getauxval(AT_HWCAP) != 0);
	return 0;
}

CASE(exec, auxiliary_vector_on_the_processor)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(-exec_helper("platform", NULL, NULL, NULL));
	show_status("end", status_of(pid));
}

/* argv[0]: an address of before. */
HELPER(after)
{
	struct {
		void *handler;
		unsigned long flags, restorer, mask;
	} action;
	unsigned long mask = 0, at = strtoul(argv[0], NULL, 16), signals = 0;
	unsigned int control = 0;
	char name[17] = "";

	(void)argc;
	(void)envp;
	show_ret("the old mapping", CALL(SYS_mprotect, at, PAGE_SIZE, PROT_READ));
	CALL(SYS_rt_sigprocmask, 0, 0, &mask, 8);
	show("blocked %#lx", mask);
	for (int sig = 1; sig <= 31; sig++) {
		NEED(CALL(SYS_rt_sigaction, sig, 0, &action, 8) == 0);
		if (action.handler == SIG_IGN)
			signals |= 1ul << sig;
		else if (action.handler != SIG_DFL)
			show("signal %d has a handler", sig);
	}
	show("ignored %#lx", signals);
	__asm__ volatile("stmxcsr %0" : "=m"(control));
	show("MXCSR %#x", control);
	CALL(SYS_prctl, PR_GET_NAME, name, 0, 0, 0);
	show("name %s", name);
	return 0;
}

static void show_after(void)
{
	unsigned int control = 0x7f80;
	unsigned long mask = 1ul << (SIGUSR2 - 1);
	char text[32];
	volatile unsigned char *p = pages(1, PROT_READ | PROT_WRITE, 0);
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGUSR1, SIG_IGN);
		CALL(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
		__asm__ volatile("ldmxcsr %0" : : "m"(control));
		snprintf(text, sizeof(text), "%lx", (unsigned long)p);
		_exit(-exec_helper("after", text, NULL, NULL));
	}
	show_status("end", status_of(pid));
}

CASE(exec, what_stays)
{
	show_after();
}

HELPER(same_pid)
{
	(void)argc;
	(void)envp;
	show("pid: %d, parent: %d", getpid() == atoi(argv[0]), getppid() == atoi(argv[1]));
	return 0;
}

CASE(exec, pid_stays)
{
	pid_t pid = fork();

	if (pid == 0) {
		char self[16], parent[16];

		snprintf(self, sizeof(self), "%d", getpid());
		snprintf(parent, sizeof(parent), "%d", getppid());
		_exit(-exec_helper("same_pid", self, parent, NULL));
	}
	show_status("end", status_of(pid));
}

HELPER(children)
{
	int status = -1;

	(void)argc;
	(void)envp;
	show("its child is still its child: %d",
	     CALL(SYS_wait4, atoi(argv[0]), &status, 0, 0) == atoi(argv[0]));
	show_status("child", status);
	return 0;
}

CASE(exec, children_stay)
{
	pid_t pid = fork();

	if (pid == 0) {
		char text[16];
		pid_t child = fork();

		if (child == 0)
			_exit(19);
		snprintf(text, sizeof(text), "%d", child);
		_exit(-exec_helper("children", text, NULL, NULL));
	}
	show_status("end", status_of(pid));
}

/* --- malformed programs (user/tests/mkbad.py) --- */

CASE(exec, malformed_headers)
{
	static const char *const names[] = {"empty",         "one-byte",   "bad-magic",
					    "wrong-machine", "wrong-type", "no-segments",
					    "phentsize"};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/bad/%s", names[i]);
		show_exec(names[i], path);
	}
}

/* Linux looks at segments only when the old program is gone; Freewalk looks first. */
CASE(exec, malformed_segments)
{
	static const char *const names[] = {"segment-kernel",    "segment-wraps",
					    "filesz-over-memsz", "offset-misaligned",
					    "entry-kernel",      "entry-nowhere"};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/bad/%s", names[i]);
		show_exec(names[i], path);
	}
}
