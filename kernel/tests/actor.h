/*
 * For in-kernel tests: a kernel thread that does what it is told, one thing after the other, and
 * sleeps in between.
 *
 *	actor_start(&a, cpu)		bound to cpu, -1: free to move
 *	actor_run(&a, fn, arg)		fn(arg) in the actor's context; waits for its end
 *	actor_post(), actor_wait()	the same in two steps
 *	actor_stop(&a)			ends the thread; its exit is over on return
 *
 * The object must live until actor_stop(). One caller at a time.
 */
#ifndef KERNEL_TESTS_ACTOR_H
#define KERNEL_TESTS_ACTOR_H

#include "kernel/task.h"

struct actor {
	int pid;
	void (*fn)(void *arg); /* NULL: end */
	void *arg;
	u64 posted, done; /* release by the caller, by the actor */
	struct wait_queue wq;
};

void actor_start(struct actor *a, int cpu);
void actor_post(struct actor *a, void (*fn)(void *), void *arg);
void actor_wait(struct actor *a);
void actor_run(struct actor *a, void (*fn)(void *), void *arg);
/* Until it sleeps, and its CPU has gone on to something else. */
void actor_wait_asleep(const struct actor *a);
void actor_stop(struct actor *a);

/* Binds the running thread to a CPU, -1: to none. For a test that must not be where it parks others. */
void stay_on_cpu(int cpu);

/* In a loop that waits for another thread: lets those of this CPU run, and other CPUs. */
void yield_and_relax(void);

/* Starts fn(number) n times, on CPU number % CPUs, and waits until all have ended. n <= 512. */
void run_crowd(unsigned int n, int (*fn)(void *number));

#endif
