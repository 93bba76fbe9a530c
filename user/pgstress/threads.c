/*
 * Role thread worker: threads that share one root, and processes of several threads that end in
 * every way a process of threads can: the leader first, one thread for all, exec by a thread that
 * is not the leader.
 *
 * Rule: what runs in a thread after a fork in this threaded process calls no malloc and no stdio.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/lib/rawsys.h"
#include "user/pgstress/pgstress.h"

#define TEAM       3
#define STACK_SIZE (8 * PAGE_SIZE)
#define EXIT_CODE  77

struct mate {
	pthread_t thread;
	struct rng rng;
	bool forks;
};

static __thread unsigned int own; /* each thread's: tells threads apart */

static enum outcome fork_from_thread(void)
{
	pid_t pid = spawn("thread");

	if (pid == 0)
		_exit(EXIT_CODE);
	return pid < 0 ? OUTCOME_ERROR : collect_status(pid, "child of a thread", EXIT_CODE << 8);
}

static void *mate_main(void *arg)
{
	struct mate *m = arg;
	unsigned int mine = rng_below(&m->rng, 1000000);
	enum outcome outcome;

	own = mine;
	if (rng_below(&m->rng, 2))
		pin_to_cpu(cfg.cpus[rng_below(&m->rng, cfg.nr_cpus)]);
	outcome = touch_any(&m->rng);
	if (m->forks)
		outcome = worse(outcome, fork_from_thread());
	if (own != mine) {
		say("pgstress: a thread's own variable changed from %u to %u", mine, own);
		outcome = OUTCOME_ERROR;
	}
	return (void *)(uintptr_t)outcome;
}

/* false when there is no memory for it; the caller goes on without. */
static bool thread_start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	err = pthread_create(thread, &attr, fn, arg);
	pthread_attr_destroy(&attr);
	if (err && err != EAGAIN)
		say("pgstress: pthread_create: %s", strerror(err));
	if (!err)
		atomic_fetch_add(&board->threads, 1);
	return !err;
}

static enum outcome team(struct rng *rng)
{
	static struct mate mates[TEAM];
	enum outcome outcome = OUTCOME_OK;
	int n;

	for (n = 0; n < TEAM; n++) {
		rng_seed(&mates[n].rng, rng_next(rng), n);
		mates[n].forks = rng_below(rng, 4) == 0;
		if (!thread_start(&mates[n].thread, mate_main, &mates[n]))
			break;
	}
	outcome = touch_any(rng);
	while (n-- > 0) {
		void *ret;

		pthread_join(mates[n].thread, &ret);
		outcome = worse(outcome, (enum outcome)(uintptr_t)ret);
	}
	return outcome;
}

static void *sleeper_main(void *arg)
{
	(void)arg;
	for (;;)
		nap_ns(1000000000);
	return NULL;
}

static void *exiting_main(void *arg)
{
	nap_ns((uintptr_t)arg);
	_exit(EXIT_CODE);
}

static void *exec_main(void *arg)
{
	static char *argv[] = {NULL, "child", "seed=1", NULL};
	static char *envp[] = {NULL};

	(void)arg;
	argv[0] = (char *)cfg.self;
	atomic_fetch_add(&board->execs, 1);
	execve(cfg.self, argv, envp);
	say("pgstress: exec from a thread: %s", strerror(errno));
	_exit(OUTCOME_ERROR);
}

/* A process whose other threads sleep when its leader ends all. */
static void leader_ends_all(void)
{
	pthread_t thread;

	thread_start(&thread, sleeper_main, NULL);
	thread_start(&thread, sleeper_main, NULL);
	_exit(EXIT_CODE);
}

/*
 * The leader leaves first; the process lives on in another thread, which then ends it. By the bare
 * system call: pthread_exit() of a main thread that was forked leaves musl 1.2.3's thread list
 * locked.
 */
static void leader_leaves(void)
{
	pthread_t thread;

	if (!thread_start(&thread, exiting_main, (void *)(uintptr_t)50000))
		_exit(EXIT_CODE);
	raw_syscall1(SYS_exit, 0);
}

static void thread_execs(void)
{
	pthread_t thread;

	thread_start(&thread, sleeper_main, NULL);
	if (!thread_start(&thread, exec_main, NULL))
		_exit(OUTCOME_OK);
	sleeper_main(NULL);
}

static enum outcome process_of_threads(const char *what, void (*fn)(void), int wanted)
{
	pid_t pid = spawn("thread worker");

	if (pid == 0) {
		fn();
		_exit(OUTCOME_ERROR);
	}
	return pid < 0 ? OUTCOME_ERROR : collect_status(pid, what, wanted);
}

static enum outcome one_operation(struct rng *rng)
{
	switch (rng_below(rng, 6)) {
	case 0:
		return process_of_threads("process whose leader ends all", leader_ends_all,
					  EXIT_CODE << 8);
	case 1:
		return process_of_threads("process whose leader leaves first", leader_leaves,
					  EXIT_CODE << 8);
	case 2:
		return process_of_threads("process whose thread execs", thread_execs, 0);
	default:
		return team(rng);
	}
}

enum outcome thread_role(unsigned int index, struct rng *rng, const struct limit *limit)
{
	enum outcome outcome = OUTCOME_OK;

	(void)index;
	for (unsigned int done = 0; !limit_reached(limit, done) && outcome == OUTCOME_OK; done++)
		outcome = one_operation(rng);
	return outcome;
}
