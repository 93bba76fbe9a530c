/*
 * What tasks have used: time of a CPU, page faults.
 *
 * Time is counted in ticks of the time-stamp counter: at each switch, and at each timer interrupt, what has
 * gone by since the one before is charged to the task that ran. An interrupt's own time is the
 * interrupted task's. A direct switch (sched_handoff) charges nobody: it hands a slice on, and who is called
 * works on the caller's time, as a system call does. If the slice ends there, the called one is charged for
 * what came before, too. So the sum is exact, and the shares of a client and its server are right in the
 * long run.
 *
 * How much was in user mode is an estimate, because a system call is not timed: it would cost as much as a
 * short one takes. A timer interrupt samples the mode, and time is charged to the mode of the task's last
 * sample; a task that never had one counts as in user mode. While others wait a CPU takes a sample each slice
 * (10 ms), otherwise each 100 ms, and when it is idle none. In the long run the shares are right; of what
 * takes less than a few samples they say little. Neither share ever goes down.
 *
 * What a thread computes after usage_exit(), its last few hundred instructions, nobody is charged for.
 */
#ifndef KERNEL_USAGE_H
#define KERNEL_USAGE_H

#include "kernel/base/types.h"

struct mm_struct;
struct task_struct;
struct thread_group;

enum usage_mode { USAGE_USER, USAGE_SYSTEM };

struct usage {
	u64 ticks[2]; /* of the TSC, by enum usage_mode */
	u64 faults;   /* page faults that were served; none of them waits for a device */
};

/* Of a thread group: letters as in kernel/task.h. */
struct group_usage {
	struct usage exited;   /* g: threads that are gone */
	struct usage children; /* g: children that were waited for, and what these had waited for */
	u64 peak, children_peak; /* g: the most pages of an address space that is gone */
};

/* `t` may run at this moment. The caller keeps it from being freed. */
struct usage usage_of_thread(struct task_struct *t);
/* All its threads, the exited ones as well; without the children. No lock of g held. */
struct usage usage_of_group(struct thread_group *g);
/* The same, for who holds g->lock. */
struct usage usage_of_group_locked(struct thread_group *g);
/* What tasks have used of a CPU; *idle: the ticks that nobody did. */
struct usage usage_of_cpu(unsigned int cpu, u64 *idle);
/* The most pages that an address space, or none, has had in memory at a time. */
u64 usage_peak(const struct mm_struct *mm);

/* The running thread leaves its group, having had `peak` pages. Group lock held. */
void usage_exit(u64 peak);
/* The running task's address space goes for another one: its peak stays. Before it is emptied. */
void usage_exec(void);
/* A child has been waited for. Lock of `parent` held; nobody changes the child's any more. */
void usage_reap(struct thread_group *parent, const struct thread_group *child);

void usage_add(struct usage *to, const struct usage *from);
/* Nanoseconds, in one mode and in both. */
u64 usage_mode_ns(const struct usage *u, enum usage_mode mode);
u64 usage_ns(const struct usage *u);

#endif
