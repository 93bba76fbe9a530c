/*
 * Role plugger: brings CPUs online that were not started at boot (maxcpus=), one by one over the run.
 * Each then runs a child that was put there, which says so, forks, and reads what has grown; the
 * workers come by themselves. Says at its end how many there were.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "user/pgstress/pgstress.h"

#define TOUCHES 4

static enum outcome work_here(struct rng *rng)
{
	enum outcome outcome = OUTCOME_OK;
	pid_t pid = spawn("child on a new CPU");

	if (pid == 0)
		_exit(touch_any(rng));
	if (pid < 0)
		return OUTCOME_ERROR;
	for (unsigned int i = 0; i < TOUCHES; i++)
		outcome = worse(outcome, touch_any(rng));
	return worse(outcome, collect(pid, "child on a new CPU"));
}

static enum outcome visit_new(unsigned int cpu, struct rng *rng)
{
	int ret = pin_to_cpu(cpu);

	if (ret == 0 && sched_getcpu() == (int)cpu)
		return work_here(rng);
	say("pgstress: CPU %u is online, and runs no task: %s", cpu, strerror(-ret));
	return OUTCOME_ERROR;
}

static enum outcome plug(unsigned int cpu, struct rng *rng)
{
	pid_t pid = spawn("visitor of a new CPU");

	if (pid == 0)
		_exit(visit_new(cpu, rng));
	return pid < 0 ? OUTCOME_ERROR : collect(pid, "visitor of a new CPU");
}

/* So that the CPUs that are left come in equal steps until the deadline, the last one before it. */
static void wait_a_step(const struct limit *limit, unsigned int left)
{
	uint64_t now = now_ns();

	if (!limit->ops && now < limit->deadline_ns)
		nap_ns((limit->deadline_ns - now) / (left + 1));
}

enum outcome plugger_role(unsigned int index, struct rng *rng, const struct limit *limit)
{
	enum outcome outcome = OUTCOME_OK;
	unsigned int done = 0;

	for (unsigned int cpu = 0; cpu < cfg.plug_to && outcome == OUTCOME_OK; cpu++) {
		long ret;

		if (limit->ops && done == limit->ops)
			break;
		ret = cpu_online(cpu);
		if (ret == -EEXIST)
			continue;
		if (ret != 0) {
			say("pgstress: plugger %u: CPU %u: %s", index, cpu, strerror((int)-ret));
			return OUTCOME_ERROR;
		}
		done++;
		outcome = plug(cpu, rng);
		wait_a_step(limit, cfg.plug_to - cpu - 1);
	}
	say("pgstress: plugger %u: %u CPUs brought online", index, done);
	return outcome;
}
