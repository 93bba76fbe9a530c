/*
 * For the guard tests: each protection of the protocol has one that fails without it. They force
 * the schedule in which it matters (kernel/racepoint.h) and then look at the slots of the roots
 * themselves: whether somebody's access is repaired later is not their question.
 *
 *	if (!guard_begin(3))		the test's thread stays on CPU 0; 3 CPUs are needed;
 *		return;			and new roots are new pages
 *	...
 *	guard_end();			slots and schedule as before
 */
#ifndef MM_PGSYNC_TESTS_GUARD_H
#define MM_PGSYNC_TESTS_GUARD_H

#include "kernel/racepoint.h"
#include "kernel/tests/dummy.h"
#include "mm/pgsync/tests/support.h"

/* False, and the test is skipped: there are fewer CPUs. */
bool guard_begin(unsigned int cpus);
void guard_end(void);

/* The same for tests of the task walk itself: skipped where growth does not walk the tasks. */
bool guard_begin_walk(unsigned int cpus);

/* Grows TEST_SLOT; for an actor. */
void grow_test_slot(void *unused);

/*
 * Grows TEST_SLOT in the actor, and waits for its end, while a CPU is parked inside of a copy.
 * `list` copies under growth's lock: there it will end when the copy goes on, so wait again then.
 */
void grow_beside_a_copy(struct actor *grower);

/* How many processes a task walk meets until it is at `t`, itself included; 0: it never is. */
unsigned int walk_position(const struct task_struct *t);

/* The actor's task; it lives until actor_stop(). */
struct task_struct *actor_task(const struct actor *a);

/* Some time for another CPU to do what it must not. */
void give_time(void);

/* For an actor: does what fork does about the address space, with a task that will never run. */
struct newborn {
	struct mm_struct *mm;
	struct task_struct *task;
};
void be_born(void *newborn);
void pass_away(struct newborn *n);

#endif
