/*
 * conform: runs the cases, one process each, and reports them.
 *
 *	conform [only=group or group.name] [limit=seconds]
 *	conform helper <case> <helper> arguments...	what an exec in a case starts
 *
 * Prints, each a line of its own:
 *
 *	= group.name begins
 *	= group.name | what the case says
 *	= group.name ends: 0x0000		(the wait status)
 *	CONFORM: 123 cases
 *
 * A case that takes longer than the limit is killed with its process group, and `ends: in no time`.
 * The group `frame`, which shows what becomes of a case that goes wrong, runs only when asked for.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "user/conformance/conform.h"
#include "user/conformance/linux_init.h"

#define LIMIT_S 60

const char *conform_path;

/* The linker's bounds. */
extern const struct conform_case *const __start_conform_cases[], *const __stop_conform_cases[];
extern const struct conform_helper *const __start_conform_helpers[],
	*const __stop_conform_helpers[];

static const char *const keys[] = {"only", "limit", NULL};

static bool selected(const struct conform_case *c, const char *only)
{
	size_t group = strlen(c->group);

	if (!only)
		return strcmp(c->group, "frame") != 0;
	if (strncmp(only, c->group, group) != 0)
		return false;
	return only[group] == 0 || (only[group] == '.' && strcmp(only + group + 1, c->name) == 0);
}

/* Waits for the case's process until `deadline`; false when it had to be killed. */
static bool wait_limited(pid_t pid, uint64_t deadline, int *status)
{
	for (uint64_t nap = 50000;; nap = nap < 5000000 ? nap * 2 : nap) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return true;
		if (got < 0 || now_ns() > deadline)
			break;
		nap_ns(nap);
	}
	if (kill(-pid, SIGKILL) != 0)
		kill(pid, SIGKILL);
	waitpid(pid, status, 0);
	return false;
}

static void run_one(const struct conform_case *c, unsigned long limit)
{
	int status = -1;
	pid_t pid;

	snprintf(conform_current, sizeof(conform_current), "%s.%s", c->group, c->name);
	say("= %s begins", conform_current);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		c->run();
		_exit(0);
	}
	if (pid < 0)
		say("= %s ends: no process for it", conform_current);
	else if (!wait_limited(pid, now_ns() + limit * 1000000000, &status))
		say("= %s ends: in no time", conform_current);
	else
		say("= %s ends: 0x%04x", conform_current, status);
}

static int run_helper(int argc, char **argv, char **envp)
{
	const char *name = argc > 3 ? argv[3] : "";

	snprintf(conform_current, sizeof(conform_current), "%s", argc > 2 ? argv[2] : "none.none");
	for (const struct conform_helper *const *h = __start_conform_helpers;
	     h < __stop_conform_helpers; h++)
		if (strcmp((*h)->name, name) == 0)
			return (*h)->run(argc - 4, argv + 4, envp);
	show("there is no helper %s", name);
	return 99;
}

/* Started without any argument: shows what came of it, for the case that the environment names. */
static int run_nameless(int argc, char **argv, char **envp)
{
	static const char mark[] = "CONFORM_CASE=";

	if (!envp[0] || strncmp(envp[0], mark, sizeof(mark) - 1) != 0)
		return 98;
	snprintf(conform_current, sizeof(conform_current), "%s", envp[0] + sizeof(mark) - 1);
	show("argc %d, argv[0] %s", argc, argv[0] ? "is empty" : "is NULL");
	return 0;
}

int main(int argc, char **argv, char **envp)
{
	const char *only, *odd;
	unsigned long limit;
	unsigned int number = 0;

	if (argc < 1 || !argv[0][0])
		return run_nameless(argc, argv, envp);
	conform_path = argv[0];
	if (argc > 1 && strcmp(argv[1], "helper") == 0)
		return run_helper(argc, argv, envp);
	odd = arg_unknown(argc, argv, keys);
	if (odd) {
		say("conform: unknown argument %s", odd);
		return 2;
	}
	linux_init();
	only = arg_string(argc, argv, "only", NULL);
	limit = arg_number(argc, argv, "limit", LIMIT_S);
	/* The compiler lays them out last one first. */
	for (const struct conform_case *const *c = __stop_conform_cases;
	     c-- > __start_conform_cases;) {
		if (!selected(*c, only))
			continue;
		run_one(*c, limit);
		number++;
	}
	say("CONFORM: %u cases", number);
	return number == 0;
}
