/* ABI tests: execve. argv, envp, auxiliary vector, what survives it and what does not. */
#include <elf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

#define HELPER_FINE 55

/* --- after the exec --- */

static int check_arguments(int argc, char **argv, char **envp)
{
	if (argc != 5 || argv[5])
		return 1;
	if (strcmp(argv[2], "arguments") != 0 || strcmp(argv[3], "") != 0 ||
	    strcmp(argv[4], "b c") != 0)
		return 2;
	if (!envp[0] || strcmp(envp[0], "ONE=1") != 0 || strcmp(envp[1], "TWO=") != 0 || envp[2])
		return 3;
	return HELPER_FINE;
}

static int check_auxv(char **envp)
{
	const Elf64_auxv_t *aux;
	uintptr_t stack;

	while (*envp)
		envp++;
	aux = (const void *)(envp + 1);
	stack = (uintptr_t)aux;
	if (stack % 8 || stack >> 47)
		return 1;
	if (getauxval(AT_PAGESZ) != 4096 || getauxval(AT_PHENT) != sizeof(Elf64_Phdr))
		return 2;
	if (!getauxval(AT_PHDR) || !getauxval(AT_PHNUM) || !getauxval(AT_ENTRY))
		return 3;
	if (!getauxval(AT_RANDOM) || getauxval(AT_SECURE) != 0)
		return 4;
	if (((const Elf64_Phdr *)getauxval(AT_PHDR))->p_type == 0 && getauxval(AT_PHNUM) < 2)
		return 5;
	/* The 16 random bytes can be read; that they are all zero is hardly chance. */
	for (int i = 0; i < 16; i++) {
		if (((const char *)getauxval(AT_RANDOM))[i])
			return HELPER_FINE;
	}
	return 6;
}

/* argv[3]: an address that was mapped before the exec. */
static int check_memory_is_new(const char *address)
{
	uintptr_t at = strtoul(address, NULL, 16);

	return raw_syscall3(SYS_mprotect, at, 4096, PROT_READ) == -ENOMEM ? HELPER_FINE : 1;
}

static int check_pid(const char *pid)
{
	return getpid() == atoi(pid) && gettid() == getpid() ? HELPER_FINE : 1;
}

static int check_affinity(const char *cpu)
{
	unsigned int cpus[MAX_CPUS];

	return cpus_allowed(cpus, MAX_CPUS) == 1 && cpus[0] == (unsigned int)atoi(cpu) ? HELPER_FINE
										       : 1;
}

static int check_many(int argc, char **argv)
{
	for (int i = 3; i < argc; i++) {
		if (strlen(argv[i]) != 1000 || argv[i][0] != 'a' + i % 26)
			return 1;
	}
	return argc == 63 ? HELPER_FINE : 2;
}

int exec_helper(int argc, char **argv, char **envp)
{
	const char *what = argc > 2 ? argv[2] : "";

	if (strcmp(what, "arguments") == 0)
		return check_arguments(argc, argv, envp);
	if (strcmp(what, "auxv") == 0)
		return check_auxv(envp);
	if (strcmp(what, "memory") == 0 && argc > 3)
		return check_memory_is_new(argv[3]);
	if (strcmp(what, "pid") == 0 && argc > 3)
		return check_pid(argv[3]);
	if (strcmp(what, "affinity") == 0 && argc > 3)
		return check_affinity(argv[3]);
	if (strcmp(what, "many") == 0)
		return check_many(argc, argv);
	if (strcmp(what, "open") == 0)
		return open_handles();
	if (strcmp(what, "ports") == 0)
		return use_port_after_exec();
	while (strcmp(what, "pause") == 0)
		pause();
	return 99;
}

/* --- before it --- */

static int exec_status(char **argv, char **envp)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execve(options.self, argv, envp);
		say("# execve: %s", strerror(errno));
		_exit(98);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

static int helper_status(const char *what, const char *argument)
{
	char *argv[] = {"abitest", "helper", (char *)what, (char *)argument, NULL};
	char *envp[] = {NULL};

	return exec_status(argv, envp);
}

TEST(exec, arguments_and_environment)
{
	char *argv[] = {"abitest", "helper", "arguments", "", "b c", NULL};
	char *envp[] = {"ONE=1", "TWO=", NULL};

	CHECK_EQ(exec_status(argv, envp), EXITED(HELPER_FINE));
}

TEST(exec, sixty_kilobytes_of_arguments)
{
	static char texts[64][1001];
	char *argv[64] = {"abitest", "helper", "many"};
	char *envp[] = {NULL};

	for (int i = 3; i < 63; i++) {
		memset(texts[i], 'a' + i % 26, 1000);
		argv[i] = texts[i];
	}
	CHECK_EQ(exec_status(argv, envp), EXITED(HELPER_FINE));
}

TEST(exec, too_many_arguments)
{
	static char *argv[70000];

	for (int i = 0; i < 69999; i++)
		argv[i] = "sixteen bytes or so of text, and a hundred more of them to have it over "
			  "the limit whatever it is";
	CHECK_EQ(raw_syscall3(SYS_execve, (uintptr_t)options.self, (uintptr_t)argv,
			      (uintptr_t)(argv + 69999)),
		 -E2BIG);
}

TEST(exec, auxiliary_vector)
{
	CHECK_EQ(helper_status("auxv", NULL), EXITED(HELPER_FINE));
}

TEST(exec, memory_is_new)
{
	char text[32];
	void *at = mmap((void *)0x123400000000, 4096, PROT_READ,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	CHECK(at != MAP_FAILED);
	snprintf(text, sizeof(text), "%lx", (unsigned long)at);
	CHECK_EQ(helper_status("memory", text), EXITED(HELPER_FINE));
}

TEST(exec, pid_stays)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		char text[16];
		char *argv[] = {"abitest", "helper", "pid", text, NULL};
		char *envp[] = {NULL};

		snprintf(text, sizeof(text), "%d", (int)getpid());
		execve(options.self, argv, envp);
		_exit(98);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, EXITED(HELPER_FINE));
}

TEST(exec, affinity_stays)
{
	unsigned int cpus[MAX_CPUS];
	int n = cpus_allowed(cpus, MAX_CPUS);
	char text[16];

	CHECK(n > 0);
	CHECK_EQ(pin_to_cpu(cpus[n - 1]), 0);
	snprintf(text, sizeof(text), "%u", cpus[n - 1]);
	CHECK_EQ(helper_status("affinity", text), EXITED(HELPER_FINE));
}

TEST(exec, after_vfork)
{
	char *argv[] = {(char *)options.tiny, NULL};
	char *envp[] = {NULL};
	int status = -1;
	pid_t pid = vfork();

	if (pid == 0) {
		raw_syscall3(SYS_execve, (uintptr_t)options.tiny, (uintptr_t)argv, (uintptr_t)envp);
		_exit(98);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

TEST(exec, no_such_file)
{
	char *argv[] = {"x", NULL};

	CHECK_EQ(raw_syscall3(SYS_execve, (uintptr_t) "/bin/no-such-program", (uintptr_t)argv, 0),
		 -ENOENT);
	CHECK_EQ(raw_syscall3(SYS_execve, (uintptr_t) "", (uintptr_t)argv, 0), -ENOENT);
	CHECK_EQ(raw_syscall3(SYS_execve, (uintptr_t) "/bin", (uintptr_t)argv, 0), -EACCES);
}

TEST(exec, path_too_long)
{
	static char path[8192];
	char *argv[] = {"x", NULL};

	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	CHECK_EQ(raw_syscall3(SYS_execve, (uintptr_t)path, (uintptr_t)argv, 0), -ENAMETOOLONG);
}

TEST(exec, hundred_in_a_row)
{
	char *argv[] = {(char *)options.tiny, NULL};
	char *envp[] = {NULL};

	for (int i = 0; i < 100; i++) {
		int status = -1;
		pid_t pid = fork();

		if (pid == 0) {
			execve(options.tiny, argv, envp);
			_exit(98);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
	}
}
