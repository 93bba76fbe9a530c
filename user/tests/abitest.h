/*
 * abitest: the system-call ABI, seen from user space, as KTAP. The same binary must pass on Linux:
 * that proves the tests.
 *
 *	TEST(memory, brk_grows) { CHECK(...); CHECK_EQ(got, want); }
 *
 * Each test runs in a process of its own (main.c): it may die, hang or exit as it likes. A check
 * that fails prints a diagnostic line and ends the test. Tests register themselves; the files of
 * the areas need no list.
 */
#ifndef USER_TESTS_ABITEST_H
#define USER_TESTS_ABITEST_H

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

#include "user/lib/freewalk.h"
#include "user/lib/rawsys.h"

struct abi_test {
	const char *area, *name;
	void (*run)(void);
};

#define TEST(area_, name_)                                                                         \
	static void area_##_##name_(void);                                                         \
	static const struct abi_test test_##area_##_##name_ = {#area_, #name_, area_##_##name_};   \
	static const struct abi_test *const entry_##area_##_##name_                                \
		__attribute__((used, section("abitests"))) = &test_##area_##_##name_;              \
	static void area_##_##name_(void)

#define TEST_PASSED  0
#define TEST_FAILED  41 /* exit codes of a test's process */
#define TEST_SKIPPED 42

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			say("# %s:%d: not true: %s", __FILE__, __LINE__, #condition);              \
			_exit(TEST_FAILED);                                                        \
		}                                                                                  \
	} while (0)

/* Integers of any size. */
#define CHECK_EQ(got, want)                                                                        \
	do {                                                                                       \
		long got_ = (long)(got), want_ = (long)(want);                                     \
		if (got_ != want_) {                                                               \
			say("# %s:%d: %s is %ld (%#lx), not %ld", __FILE__, __LINE__, #got, got_,  \
			    (unsigned long)got_, want_);                                           \
			_exit(TEST_FAILED);                                                        \
		}                                                                                  \
	} while (0)

#define SKIP(why)                                                                                  \
	do {                                                                                       \
		say("# skipped: %s", why);                                                         \
		_exit(TEST_SKIPPED);                                                               \
	} while (0)

/* From the command line. */
extern struct options {
	bool host;        /* this is Linux: where Freewalk promises more, accept what Linux does */
	bool pgctl;       /* the kernel was booted with pgctl=1 */
	const char *bad;  /* directory of malformed programs */
	const char *tiny; /* a program that exits with 0 */
	const char *skip; /* an area that is left out */
	unsigned long limit; /* how many seconds a test may take */
	const char *self;
} options;

/* Runs fn in a child; returns its wait status. */
int status_of(void (*fn)(void));
/* The same for a touch of one byte: it is read, or 99 is written to it. */
int status_of_read(volatile void *at);
int status_of_write(volatile void *at);

/* threads.c: a thread, or a failed test; two bodies that never return. */
pthread_t start_thread(void *(*fn)(void *), void *arg);
void *sleep_thread(void *unused);
void *spin_thread(void *unused);

#define EXITED(code) ((code) << 8)
#define KILLED(sig)  (sig) /* without a core dump: mask with NO_CORE first */
#define NO_CORE(st)  ((st) & ~0x80)

/* Every kind of address that a user must not hand in; see addresses.c. */
#define NR_WILD 9
extern const char *const wild_names[NR_WILD];
/* The address of kind i, freshly prepared. */
uintptr_t wild_address(unsigned int i);

/* The first page that no process can have: after 47 bits of address, or 56 with five levels. */
uintptr_t user_end(void);

/* handles.c: which of the descriptors 3, 4, 5 and 6 are open, as bits 0 to 3. */
int open_handles(void);

/* machine_ports.c: reads an I/O port that the program before it had enabled. */
int use_port_after_exec(void);

/* What `abitest helper ...` does after an exec: checks what it was given. Returns its exit code. */
int exec_helper(int argc, char **argv, char **envp);

#endif
