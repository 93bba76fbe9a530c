/*
 * Reads grown ranges from every context that a kernel has: this task, threads and fresh children of
 * it on every CPU, exec'd children (child.c), kernel threads on whatever root their CPU has loaded.
 *
 * Roots that existed before the growth are read by the long-lived workers (touch_any); they share
 * no memory with the growers and find live ranges by trying: range numbers are small.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "user/pgstress/pgstress.h"

#define LIKELY_IDS 8 /* growers x ranges that each holds, about */

static enum outcome judge_touch(const char *what, long id, long unread)
{
	if (unread == 0 || unread == -ENOENT)
		return OUTCOME_OK;
	if (unread > 0)
		return OUTCOME_MISSING;
	say("pgstress: %s of range %ld: %s", what, id, strerror((int)-unread));
	return OUTCOME_ERROR;
}

enum outcome touch(long id)
{
	if (cfg.dry)
		return OUTCOME_OK;
	return judge_touch("touch", id, pgctl(PGCTL_TOUCH, id, 0, NULL));
}

enum outcome touch_any(struct rng *rng)
{
	unsigned int first = rng_below(rng, LIKELY_IDS);
	long unread = -ENOENT;
	long id = 0;

	if (cfg.dry)
		return OUTCOME_OK;
	for (unsigned int i = 0; i < LIKELY_IDS && unread == -ENOENT; i++) {
		id = (first + i) % LIKELY_IDS;
		unread = pgctl(PGCTL_TOUCH, id, 0, NULL);
	}
	return judge_touch("touch", id, unread);
}

enum outcome touch_kthreads(long id)
{
	if (cfg.dry)
		return OUTCOME_OK;
	return judge_touch("touch by kernel threads", id, pgctl(PGCTL_TOUCH_KTHREADS, id, 0, NULL));
}

struct visit {
	pthread_t thread;
	unsigned int cpu;
	long id;
};

static enum outcome visit(unsigned int cpu, long id)
{
	int ret = pin_to_cpu(cpu);

	if (ret < 0) {
		say("pgstress: cannot run on CPU %u: %s", cpu, strerror(-ret));
		return OUTCOME_ERROR;
	}
	return touch(id);
}

static void *visit_thread(void *arg)
{
	const struct visit *v = arg;

	return (void *)(uintptr_t)visit(v->cpu, v->id);
}

enum outcome tour_threads(long id)
{
	static struct visit visits[MAX_CPUS];
	enum outcome outcome = OUTCOME_OK;
	pthread_attr_t attr;
	unsigned int n;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 4 * PAGE_SIZE);
	for (n = 0; n < cfg.nr_cpus; n++) {
		int err;

		visits[n].cpu = cfg.cpus[n];
		visits[n].id = id;
		err = pthread_create(&visits[n].thread, &attr, visit_thread, &visits[n]);
		if (err == EAGAIN)
			break; /* memory is short: the rest of the CPUs have their turn another time
				*/
		if (err) {
			say("pgstress: tour: pthread_create: %s", strerror(err));
			outcome = OUTCOME_ERROR;
			break;
		}
		atomic_fetch_add(&board->threads, 1);
	}
	while (n-- > 0) {
		void *ret;

		pthread_join(visits[n].thread, &ret);
		outcome = worse(outcome, (enum outcome)(uintptr_t)ret);
	}
	pthread_attr_destroy(&attr);
	return outcome;
}

enum outcome tour_children(long id)
{
	static pid_t pids[MAX_CPUS];
	enum outcome outcome = OUTCOME_OK;
	unsigned int n;

	for (n = 0; n < cfg.nr_cpus; n++) {
		pids[n] = spawn("tour");
		if (pids[n] == 0)
			_exit(visit(cfg.cpus[n], id));
		if (pids[n] < 0) {
			outcome = OUTCOME_ERROR;
			break;
		}
	}
	while (n-- > 0)
		outcome = worse(outcome, collect(pids[n], "touring child"));
	return outcome;
}
