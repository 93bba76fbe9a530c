/* What many cases need: see conform.h. */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "user/conformance/conform.h"

int status_of(pid_t pid)
{
	int status = -1;

	NEED(pid > 0);
	NEED(CALL(SYS_wait4, pid, &status, __WALL, 0) == pid);
	return status;
}

void show_end(const char *what, void (*fn)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	show_status(what, status_of(pid));
}

pid_t sleeping_child(void)
{
	pid_t pid = fork();

	NEED(pid >= 0);
	while (pid == 0)
		nap_ns(1000000000);
	return pid;
}

void end_child(pid_t pid)
{
	NEED(CALL(SYS_kill, pid, SIGKILL) == 0);
	NEED(status_of(pid) == SIGKILL);
}

volatile unsigned char *pages(size_t number, int prot, int flags)
{
	void *at = mmap(NULL, number * PAGE_SIZE, prot, flags ? flags : MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	NEED(at != MAP_FAILED);
	return at;
}

pthread_t thread(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	NEED(pthread_create(&t, NULL, fn, arg) == 0);
	return t;
}

void join(pthread_t t)
{
	NEED(pthread_join(t, NULL) == 0);
}

void await_change(volatile int *word, int value)
{
	uint64_t deadline = now_ns() + 60000000000;

	while (*word == value) {
		NEED(now_ns() < deadline);
		nap_ns(100000);
	}
}

long exec_helper(const char *name, const char *a, const char *b, const char *c)
{
	const char *argv[] = {conform_path, "helper", conform_current, name, a, b, c, NULL};
	char *envp[] = {NULL};

	return CALL(SYS_execve, conform_path, argv, envp);
}
