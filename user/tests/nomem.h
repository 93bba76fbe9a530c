/* For the tests of failing allocations: what is tried (nomem.c), and how (nomem_try.c). */
#ifndef USER_TESTS_NOMEM_H
#define USER_TESTS_NOMEM_H

#include "user/tests/abitest.h"

struct attempt {
	const char *name;
	void (*prepare)(void); /* or NULL */
	long (*call)(void);    /* 0 or more, or -errno */
	void (*undo)(void);    /* or NULL: whether the call succeeded or not */
	unsigned int least;    /* so many allocations it makes at least */
	long refusal;          /* what it says for want of memory; 0: -ENOMEM */
	bool kills;            /* it touches user memory: the failure may be the process's end */
	bool bears;            /* it can do with what it gets, and says nothing */
	bool once;             /* it cannot be tried twice by one process */
};

/* Tries each of them with each of its allocations failing. Skips the test without pgctl=1. */
void fail_all(const struct attempt *table, unsigned int n);

#endif
