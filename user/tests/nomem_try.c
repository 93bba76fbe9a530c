/*
 * Tries a call with its first allocation failing, then with its second, until there is none left.
 *
 * Each attempt is a process of its own. It tries the call once before, so that what belongs to the
 * program itself is there, and has the kernel's caches emptied, so that every allocation is one.
 */
#include <signal.h>
#include <sys/wait.h>

#include "user/tests/inventory.h"
#include "user/tests/nomem.h"

#define LIMIT 400 /* no call allocates so often */

/* Exit codes of an attempt: whether the call made so many allocations. A program that was executed ends with 0. */
#define NOT_REACHED 0
#define REACHED     43

static struct inventory before;

/* Whether the call said what it must when `left` allocations were left until the failing one. */
static bool says_right(const struct attempt *t, long ret, long left)
{
	if (ret >= 0)
		return left || t->bears;
	return !left && ret == (t->refusal ? t->refusal : -ENOMEM);
}

static const struct attempt *trying;

static void try_again(void)
{
	CHECK(trying->call() >= 0);
	if (trying->undo)
		trying->undo();
}

/* In a process of its own, which ends here. */
static void attempt_nth(const struct attempt *t, long n)
{
	long ret, left;

	if (t->prepare)
		t->prepare();
	if (!t->once) {
		CHECK(t->call() >= 0);
		if (t->undo)
			t->undo();
	}
	CHECK_EQ(pgctl(PGCTL_DRAIN, 0, 0, NULL), 0);
	pgctl(PGCTL_FAIL_NTH, n, 0, NULL);
	ret = t->call();
	left = pgctl(PGCTL_FAIL_NTH, 0, 0, NULL);
	if (!says_right(t, ret, left)) {
		say("# %s, allocation %ld fails: the call says %ld, %ld are left", t->name, n, ret,
		    left);
		_exit(TEST_FAILED);
	}
	if (t->undo)
		t->undo();
	/* Now that there is memory. */
	trying = t;
	if (ret < 0 && t->once)
		CHECK_EQ(status_of(try_again), 0);
	else if (ret < 0)
		try_again();
	_exit(left ? NOT_REACHED : REACHED);
}

static int attempt_status(const struct attempt *t, long n)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		attempt_nth(t, n);
	CHECK(pid > 0);
	CHECK_EQ(wait_child(pid, &status), 0);
	return status;
}

static void fail_each(const struct attempt *t)
{
	int status;
	long n = 0;

	/* All of it twice: then this process's own pages are there. */
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(attempt_status(t, LIMIT), EXITED(NOT_REACHED));
		inventory_take(&before);
	}
	do {
		status = attempt_status(t, ++n);
		if (!inventory_comes_back(&before) ||
		    (status != EXITED(REACHED) && status != EXITED(NOT_REACHED) &&
		     (!t->kills || status != KILLED(SIGKILL)))) {
			say("# %s, allocation %ld fails: wait status %#x", t->name, n, status);
			_exit(TEST_FAILED);
		}
	} while (status != EXITED(NOT_REACHED) && n < LIMIT);
	say("# %s: %ld allocations", t->name, n - 1);
	if (n > LIMIT || n <= t->least) {
		say("# not from %u to %u", t->least, LIMIT);
		_exit(TEST_FAILED);
	}
}

void fail_all(const struct attempt *table, unsigned int n)
{
	if (!options.pgctl)
		SKIP("needs pgctl=1");
	for (unsigned int i = 0; i < n; i++)
		fail_each(&table[i]);
}
