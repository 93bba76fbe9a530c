/* For the tests of process information: the right, and processes that stand still to be looked at. */
#ifndef USER_TESTS_PROCINFO_H
#define USER_TESTS_PROCINFO_H

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "user/lib/procinfo.h"
#include "user/tests/abitest.h"

/* A handle of the right; the test is skipped where there is none to be had. */
int need_procinfo(void);

/* A child that sleeps until it is killed; and its end. */
pid_t sleeping_child(void);
void end_child(pid_t pid);

/* A child that runs this program with these arguments and environment, and sleeps; it is there on return. */
pid_t sleeping_program(char *const *argv, char *const *envp);

/* All mappings of a process, at most `max`; how many. */
unsigned int all_maps(int right, pid_t pid, struct procinfo_map *maps, unsigned int max);

#endif
