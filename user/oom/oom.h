/* What the ways to ask for too much share: see oom.c. */
#ifndef USER_OOM_OOM_H
#define USER_OOM_OOM_H

#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>

#include "user/lib/freewalk.h"

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			say("OOM: FAIL: %s:%d: not true: %s", __FILE__, __LINE__, #condition);     \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

extern unsigned long total_pages; /* of the machine, since free_pages() */
/* What is free when all that is kept for speed has gone back: pages_at_rest(). */
unsigned long free_pages(void);

/* A child that runs fn, and its wait status. */
pid_t start(void (*fn)(void));
int end_of(pid_t pid);
bool killed(int status);

/* Touches twice as much as there is. */
void take_private(void);

/* files.c: the exit code. */
int oom_files(void);

#endif
