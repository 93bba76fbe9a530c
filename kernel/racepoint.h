/*
 * Directing the schedule at race points (kernel/base/racepoint.h). Debug builds only, but for
 * race_init(), race_reset() and race_unmet().
 *
 * From the command line: `sched=` holds rules (racerules.h), and every CPU gives way at race points
 * by `seed=` (1; 0: nobody does). From a test, which is one thread:
 *
 *	stay_on_cpu(0);					(kernel/tests/actor.h)
 *	race_park("copy_loaded", 1, 1);			the first time that CPU 1 comes there
 *	actor_post(&forker, do_fork, NULL);		on CPU 1
 *	race_wait_parked("copy_loaded");		it is there
 *	grow();
 *	race_release("copy_loaded");
 *	actor_wait(&forker);
 *	race_reset();
 *
 * A parked CPU spins with cpu_relax(), interrupts and preemption as the surrounding code has them:
 * where preemption is on, it is a task that waits, and others run meanwhile; where it is off, nobody
 * does, so the test must be bound to another CPU. A point counts as passed when it is left. Whoever
 * waits too long, in time_ns() (`sched_deadline=` milliseconds, 5000), ends in a panic that says
 * which CPU waits where and for what.
 */
#ifndef KERNEL_RACEPOINT_H
#define KERNEL_RACEPOINT_H

#include "kernel/base/types.h"
#include "kernel/racerules.h"

/*
 * Boot CPU, once, when nr_cpus is fixed: reads the options. Panics on a rule that is malformed or
 * names a point or CPU that there is not, after a list of the known points; in a release build on
 * any `sched=`.
 */
void race_init(void);

/*
 * Who waits goes on, all counts are zero, and the rules in force are those of the command line, as
 * at the start. Done before each in-kernel test. Process context, not in race_on()'s fn.
 */
void race_reset(void);

/* How many rules of the command line nobody ever came to; prints each. */
unsigned int race_unmet(void);

/* --- for tests: an unknown point is a panic --- */

/*
 * CPU `cpu` (or RACE_ANY_CPU) waits when it comes to the point for the nth time from now on, until
 * race_release().
 */
void race_park(const char *point, int cpu, u64 nth);

/* Waits until a CPU is parked there by race_park(); which one. May sleep. */
unsigned int race_wait_parked(const char *point);

/* Who is parked there by race_park() may go on; who is not there yet will not wait. */
void race_release(const char *point);

/*
 * The CPU that comes to the point (as above) calls fn(arg) there, once, in its context: no
 * preemption, no interrupts if the surrounding code has none.
 */
void race_on(const char *point, int cpu, u64 nth, void (*fn)(void *arg), void *arg);

/* Puts rules in force, in the form of `sched=`. The text is not kept. */
void race_sched(const char *rules);

/* How often CPU `cpu` has passed the point since the reset, or all together (RACE_ANY_CPU). */
u64 race_passed(const char *point, int cpu);

#endif
