/*
 * Resource limits of a process: getrlimit, setrlimit, prlimit64.
 *
 * A process that has never set one has none of its own, but the defaults; the first one that it sets gives
 * it a table, which its children get a copy of, and which exec keeps. Kept to are those of descriptors,
 * waiting signals, the address space, private writable memory and the stack. Those that Linux does not hold
 * root to may be set and are told, no more: processes, locked memory, niceness. What nobody here keeps to, a
 * finite RLIMIT_FSIZE or RLIMIT_CPU, is refused.
 */
#ifndef KERNEL_RLIMIT_H
#define KERNEL_RLIMIT_H

#include "kernel/base/types.h"

#define RLIMIT_CPU        0
#define RLIMIT_FSIZE      1
#define RLIMIT_DATA       2
#define RLIMIT_STACK      3
#define RLIMIT_NOFILE     7
#define RLIMIT_AS         9
#define RLIMIT_SIGPENDING 11
#define NR_RLIMITS        16

#define RLIM_INFINITY (~0UL)

struct rlimit {
	u64 soft, hard;
};

struct rlimits;
struct thread_group;

/* What the process is held to. Any context; the group may be a kernel thread's. */
u64 rlimit_of(const struct thread_group *g, unsigned int which);
/* fork: a copy of the running process's. `g` is not visible yet. 0 or -ENOMEM. */
int rlimits_fork(struct thread_group *g);
/* The group is nobody's any more. */
void rlimits_free(struct thread_group *g);

#endif
