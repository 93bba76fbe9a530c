/* Deliberate crashes, for the tests of what is printed then, and of the checkers that must find them. */
#ifndef KERNEL_SELFTEST_H
#define KERNEL_SELFTEST_H

#include "kernel/base/debug.h"
#include "kernel/base/types.h"

struct selftest {
	const char *name;
	void (*crash)(void);
	bool later; /* returns: it shows when programs run */
};

/*
 * `selftest=NAME`: does that; without the option returns. An unknown name panics with the known ones. Process 1, before
 * it has a program.
 */
void selftest_run(void);

/* The faults that the sanitizer of this build must find. Only in its builds (SAN_ADDRESS, SAN_UNDEFINED). */
const struct selftest *sanitizer_selftests(unsigned int *n);

#if DEBUG_KERNEL

/* Those that only a debug build finds. */
const struct selftest *checker_selftests(unsigned int *n);

#else

static inline const struct selftest *checker_selftests(unsigned int *n)
{
	*n = 0;
	return NULL;
}

#endif

#endif
