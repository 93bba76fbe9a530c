/*
 * What Freewalk's own user programs share: the pgctl call, printing, arguments, random numbers,
 * CPUs, waiting.
 *
 * For programs that are linked with musl; those without a library use rawsys.h alone. Everything
 * here works on Linux as well, where pgctl() returns -ENOSYS. Functions return -errno and never
 * touch errno, unless they say so.
 */
#ifndef USER_LIB_FREEWALK_H
#define USER_LIB_FREEWALK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/abi/cpu.h"
#include "kernel/abi/pgctl.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_CPUS      1024
#define PAGE_SIZE     4096UL

/* See kernel/abi/pgctl.h for operations and results. */
long pgctl(unsigned int op, unsigned long a, unsigned long b, struct pgctl_stats *out);

/*
 * For leak checks: has the kernel give back what it keeps for speed, fills *stats, and returns the
 * pages that are free then, or -errno. The page tables of kernel stacks count as free: as many stay
 * as the most stacks at a time have needed, and that differs from one run to the next.
 */
long pages_at_rest(struct pgctl_stats *stats);

/*
 * Prints one line, newline added, with one write: lines of several CPUs do not mix. Cut at 1000
 * characters. Needs neither malloc nor stdio's locks: allowed in the child of a fork in a threaded
 * process.
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- arguments of the form key=value --- */

/* The value of the last `key=` in argv[1..], or `fallback`. */
const char *arg_string(int argc, char **argv, const char *key, const char *fallback);

/* The same as an unsigned number (0x allowed). What is not a number ends the program with a
 * message, exit code 2. */
unsigned long arg_number(int argc, char **argv, const char *key, unsigned long fallback);

/* The first argument that is none of `keys` (a list ended by NULL), or NULL. A key without '=' is a
 * bare word. */
const char *arg_unknown(int argc, char **argv, const char *const *keys);

/* --- random numbers: xorshift64*, the same on every machine for the same seed --- */

struct rng {
	uint64_t state;
};

/* `stream` separates the sequences that are made from one seed. */
void rng_seed(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *r);
/* In [0, bound); bound > 0. */
unsigned int rng_below(struct rng *r, unsigned int bound);

/* --- time, CPUs, children --- */

/* CLOCK_MONOTONIC. */
uint64_t now_ns(void);
/* Sleeps at least `ns`. */
void nap_ns(uint64_t ns);

/* Fills cpus[] with the CPUs that this task may run on, lowest first; returns how many (>= 1), or
 * -errno. */
int cpus_allowed(unsigned int *cpus, unsigned int max);
/* Brings a CPU online: see kernel/abi/cpu.h. */
long cpu_online(unsigned int cpu);
/* Binds the calling thread to one CPU. */
int pin_to_cpu(unsigned int cpu);

/* Waits for one child. Returns 0 with *status as wait4 gives it, or -errno. */
int wait_child(pid_t pid, int *status);

#endif
