/*
 * Role worker: a process that makes processes. Each operation is one small scenario, chosen by
 * weight.
 *
 * A worker's own root is old, its children's are fresh: between scenarios and in the children a
 * grown range is read through both. Odd workers stay on one CPU, the others go where the scheduler
 * puts them, or move on purpose.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/lib/rawsys.h"
#include "user/pgstress/pgstress.h"

#define BURST 3

static char me[32]; /* for messages */
static volatile char page[2 * PAGE_SIZE];

static enum outcome fork_exit(struct rng *rng)
{
	int code = 16 + rng_below(rng, 200);
	pid_t pid = spawn(me);

	if (pid == 0)
		_exit(code);
	return pid < 0 ? OUTCOME_ERROR : collect_status(pid, "forked child", code << 8);
}

static enum outcome fork_touch(struct rng *rng)
{
	pid_t pid = spawn(me);

	if (pid == 0)
		_exit(touch_any(rng));
	return pid < 0 ? OUTCOME_ERROR : collect(pid, "touching child");
}

/* argv of an exec'd child; the buffers are static: the child of a vfork uses them too. */
static char **child_argv(struct rng *rng)
{
	static char seed[32];
	static char *argv[] = {NULL, "child", seed, NULL};

	snprintf(seed, sizeof(seed), "seed=%u", rng_below(rng, 1000000));
	argv[0] = (char *)cfg.self;
	return argv;
}

static enum outcome fork_exec(struct rng *rng)
{
	static char *envp[] = {"PATH=/bin", NULL};
	char **argv = child_argv(rng);
	pid_t pid = spawn(me);

	if (pid == 0) {
		execve(cfg.self, argv, envp);
		say("pgstress: %s: exec %s: %s", me, cfg.self, strerror(errno));
		_exit(OUTCOME_ERROR);
	}
	atomic_fetch_add(&board->execs, 1);
	return pid < 0 ? OUTCOME_ERROR : collect(pid, "exec'd child");
}

static enum outcome vfork_exec(struct rng *rng)
{
	static char *envp[] = {NULL};
	char **argv = child_argv(rng);
	pid_t pid = vfork();

	if (pid == 0) {
		raw_syscall3(SYS_execve, (uintptr_t)cfg.self, (uintptr_t)argv, (uintptr_t)envp);
		_exit(OUTCOME_ERROR);
	}
	if (pid < 0) {
		if (errno == EAGAIN || errno == ENOMEM)
			return OUTCOME_OK;
		say("pgstress: %s: vfork: %s", me, strerror(errno));
		return OUTCOME_ERROR;
	}
	atomic_fetch_add(&board->forks, 1);
	atomic_fetch_add(&board->execs, 1);
	return collect(pid, "vforked child");
}

/* Several children alive at once, all reading. */
static enum outcome burst(struct rng *rng)
{
	enum outcome outcome = OUTCOME_OK;
	pid_t pids[BURST];
	int n;

	for (n = 0; n < BURST; n++) {
		pids[n] = spawn(me);
		if (pids[n] == 0) {
			rng_seed(rng, rng_next(rng), n);
			_exit(touch_any(rng));
		}
		if (pids[n] < 0) {
			outcome = OUTCOME_ERROR;
			break;
		}
	}
	while (n-- > 0)
		outcome = worse(outcome, collect(pids[n], "child of a burst"));
	return outcome;
}

static enum outcome grandchild(struct rng *rng)
{
	pid_t pid = spawn(me);

	if (pid == 0)
		_exit(worse(fork_touch(rng), touch_any(rng)));
	return pid < 0 ? OUTCOME_ERROR : collect(pid, "child with a child");
}

/* The child's writes must not be seen here, nor ours there. */
static enum outcome copy_on_write(struct rng *rng)
{
	char mine = 1 + rng_below(rng, 100);
	enum outcome outcome;
	pid_t pid;

	page[0] = mine;
	page[PAGE_SIZE] = mine;
	pid = spawn(me);
	if (pid == 0) {
		bool same = page[0] == mine && page[PAGE_SIZE] == mine;

		page[0] = 101;
		_exit(same && page[0] == 101 && page[PAGE_SIZE] == mine ? OUTCOME_OK : 5);
	}
	if (pid < 0)
		return OUTCOME_ERROR;
	page[PAGE_SIZE] = 102;
	outcome = collect(pid, "child that writes");
	if (page[0] == mine && page[PAGE_SIZE] == 102)
		return outcome;
	say("pgstress: %s: a child's write is seen by its parent", me);
	return OUTCOME_ERROR;
}

static enum outcome kill_child(struct rng *rng)
{
	pid_t pid = spawn(me);

	if (pid == 0) {
		for (;;)
			nap_ns(1000000000);
	}
	if (pid < 0)
		return OUTCOME_ERROR;
	if (rng_below(rng, 2))
		nap_ns(rng_below(rng, 100000));
	if (kill(pid, SIGKILL) != 0) {
		say("pgstress: %s: kill: %s", me, strerror(errno));
		return OUTCOME_ERROR;
	}
	return collect_status(pid, "killed child", SIGKILL);
}

static enum outcome migrate(struct rng *rng)
{
	int ret = pin_to_cpu(cfg.cpus[rng_below(rng, cfg.nr_cpus)]);

	if (ret < 0) {
		say("pgstress: %s: sched_setaffinity: %s", me, strerror(-ret));
		return OUTCOME_ERROR;
	}
	return touch_any(rng);
}

static const struct scenario {
	enum outcome (*run)(struct rng *rng);
	unsigned int weight;
} scenarios[] = {
	{fork_exit, 5},  {fork_touch, 4},    {fork_exec, 3},  {vfork_exec, 3}, {burst, 2},
	{grandchild, 1}, {copy_on_write, 2}, {kill_child, 1}, {touch_any, 4},
};

static enum outcome one_operation(struct rng *rng)
{
	unsigned int total = 0;
	unsigned int pick;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scenarios); i++)
		total += scenarios[i].weight;
	pick = rng_below(rng, total);
	for (i = 0; pick >= scenarios[i].weight; i++)
		pick -= scenarios[i].weight;
	return scenarios[i].run(rng);
}

enum outcome worker_role(unsigned int index, struct rng *rng, const struct limit *limit)
{
	bool pinned = (index + cfg.seed) % 2;
	enum outcome outcome = OUTCOME_OK;

	snprintf(me, sizeof(me), "worker %u", index);
	if (pinned && pin_to_cpu(cfg.cpus[index % cfg.nr_cpus]) < 0) {
		say("pgstress: %s: cannot run on CPU %u", me, cfg.cpus[index % cfg.nr_cpus]);
		return OUTCOME_ERROR;
	}
	for (unsigned int done = 0; !limit_reached(limit, done) && outcome == OUTCOME_OK; done++) {
		outcome = one_operation(rng);
		if (!pinned && done % 16 == 15)
			outcome = worse(outcome, migrate(rng));
	}
	return outcome;
}
