/* For in-kernel tests of priorities: setting those of actors, and hogs. */
#ifndef KERNEL_TESTS_PRIORITY_H
#define KERNEL_TESTS_PRIORITY_H

#include "kernel/tests/actor.h"

/* SCHED_FIFO with that priority, 0: SCHED_OTHER. Until the actor ends. */
void actor_set_prio(const struct actor *a, unsigned int rt_prio);
/* The same for the running thread. */
void set_own_prio(unsigned int rt_prio);

/* Computes without giving way, until it is stopped; or, if it is not, for so long that all else has gone wrong. */
struct hog {
	u32 started, stopped; /* release */
	bool gave_up;
};

/* What an actor is told with. */
void do_hog(void *hog);
void do_stop_hog(void *hog);

#endif
