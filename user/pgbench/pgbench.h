/*
 * pgbench: what a strategy of mm/pgsync costs. tools/bench-pgsync boots it once and more for each
 * strategy and compares; the kernel's own part is kernel/pgbench.c.
 *
 *	start.c		entry without a library, arguments
 *	costs.c		one CPU: a root's life, fork, switches, memory
 *	growth.c	one growth beside any number of sleeping processes
 *	workload.c	late repairs of a fixed workload
 *	marked.c	windows for tools/count, on several CPUs at once
 *
 * A result is a line `pgbench: <name> [<key>=<number>]...`; `bench: ` lines are user/bench's.
 */
#ifndef USER_PGBENCH_PGBENCH_H
#define USER_PGBENCH_PGBENCH_H

#include <stdbool.h>

#include "kernel/abi/pgctl.h"
#include "user/bench/bench.h"

/* As kernel/abi/pgctl.h says; `out` of the operation's type. */
long pgctl(unsigned int op, unsigned long a, unsigned long b, void *out);

/* Prints ` key=number`. */
void put_field(const char *key, uint64_t n);
/* Prints why and that all failed; the exit code. */
int fail(const char *what, long ret);

/* A child process that sleeps for good, with an address space of its own. Its pid, or -errno. */
long start_sleeper(void);

/* --- each prints its lines; 0, or an exit code after it has said why --- */

int bench_costs(unsigned int n);
int bench_growth(const unsigned int *tasks, unsigned int rounds);
int bench_workload(void);
int bench_marked(unsigned int n);

#endif
