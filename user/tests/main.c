/*
 * abitest: runs the tests and reports KTAP.
 *
 *	abitest [only=area or area.name] [skip=area] [limit=30] [host=1] [pgctl=0|1] [bad=/bad]
 *		[tiny=/bin/tiny]
 *
 * Exit code 0 and the last line `ABITEST: PASS` when no test failed. A test that runs longer than
 * `limit` seconds is killed and counts as failed.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "user/tests/abitest.h"

#define SECOND 1000000000ul

struct options options;

/* The linker's bounds of section abitests. */
extern const struct abi_test *const __start_abitests[], *const __stop_abitests[];

static const char *const keys[] = {"only", "skip", "limit", "host", "pgctl", "bad", "tiny", NULL};

int status_of(void (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	CHECK(pid > 0);
	CHECK_EQ(wait_child(pid, &status), 0);
	return status;
}

static volatile unsigned char *target;

static void read_target(void)
{
	(void)*target;
}

static void write_target(void)
{
	*target = 99;
}

int status_of_read(volatile void *at)
{
	target = at;
	return status_of(read_target);
}

int status_of_write(volatile void *at)
{
	target = at;
	return status_of(write_target);
}

static bool selected(const struct abi_test *t, const char *only)
{
	size_t area = strlen(t->area);

	if (strcmp(options.skip, t->area) == 0)
		return false;
	if (!only || strcmp(only, t->area) == 0)
		return true;
	return strncmp(only, t->area, area) == 0 && only[area] == '.' &&
	       strcmp(only + area + 1, t->name) == 0;
}

/* Waits with a limit; -1 when the test had to be killed. */
static int wait_limited(pid_t pid)
{
	uint64_t deadline = now_ns() + options.limit * SECOND;
	uint64_t nap = 100000;
	int status = 0;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return status;
		if (got < 0) {
			say("# waitpid(%d): %s", (int)pid, strerror(errno));
			return -1;
		}
		if (now_ns() > deadline)
			break;
		nap_ns(nap);
		nap = nap < 10000000 ? nap * 2 : nap;
	}
	say("# still running after %lu s: killed", options.limit);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

/* Returns one of the TEST_ codes. */
static int run_one(const struct abi_test *t)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		t->run();
		_exit(TEST_PASSED);
	}
	if (pid < 0) {
		say("# fork: %s", strerror(errno));
		return TEST_FAILED;
	}
	status = wait_limited(pid);
	if (status == EXITED(TEST_PASSED) || status == EXITED(TEST_SKIPPED))
		return status >> 8;
	if (status != EXITED(TEST_FAILED) && status != -1)
		say("# the test's process ended with wait status %#x", status);
	return TEST_FAILED;
}

static int run_all(const char *only)
{
	unsigned int number = 0, passed = 0, failed = 0, skipped = 0;

	for (const struct abi_test *const *t = __start_abitests; t < __stop_abitests; t++)
		number += selected(*t, only);
	say("KTAP version 1");
	say("1..%u", number);
	number = 0;
	/* The compiler lays them out last one first. */
	for (const struct abi_test *const *t = __stop_abitests; t-- > __start_abitests;) {
		int code;

		if (!selected(*t, only))
			continue;
		code = run_one(*t);
		passed += code == TEST_PASSED;
		skipped += code == TEST_SKIPPED;
		failed += code == TEST_FAILED;
		say("%sok %u %s.%s%s", code == TEST_FAILED ? "not " : "", ++number, (*t)->area,
		    (*t)->name, code == TEST_SKIPPED ? " # SKIP" : "");
	}
	say("# abitest: pass:%u fail:%u skip:%u", passed, failed, skipped);
	if (failed || !number)
		say("ABITEST: FAIL: %u of %u tests%s", failed, number,
		    number ? "" : " (none selected)");
	else
		say("ABITEST: PASS");
	return failed || !number;
}

/* What pgctl= defaults to: with pgctl=0 or 1 given, the kernel has to agree. */
static bool pgctl_allowed(void)
{
	struct pgctl_stats stats;

	return pgctl(PGCTL_STATS, 0, 0, &stats) == 0;
}

int main(int argc, char **argv, char **envp)
{
	const char *odd;

	if (argc > 1 && strcmp(argv[1], "helper") == 0)
		return exec_helper(argc, argv, envp);
	odd = arg_unknown(argc, argv, keys);
	if (odd) {
		say("abitest: unknown argument %s", odd);
		return 2;
	}
	options.limit = arg_number(argc, argv, "limit", 30);
	options.host = arg_number(argc, argv, "host", 0);
	options.pgctl = arg_number(argc, argv, "pgctl", pgctl_allowed());
	options.bad = arg_string(argc, argv, "bad", "/bad");
	options.tiny = arg_string(argc, argv, "tiny", "/bin/tiny");
	options.skip = arg_string(argc, argv, "skip", "");
	options.self = argv[0];
	return run_all(arg_string(argc, argv, "only", NULL));
}
