/*
 * The crew: one process for each worker, thread worker, grower, auditor, pinner and plugger; starting,
 * watching, collecting.
 *
 * A role inherits its limit and its random stream by fork and answers by exit code. Rules: every
 * process that is started is waited for by who started it, so that at the end of crew_run() no task
 * of the run is left.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/pgstress/pgstress.h"

#define POLL_NS     50000000ull    /* between two looks at the crew */
#define GRACE_NS    60000000000ull /* after the deadline: who then still runs is stuck */
#define SPAWN_TRIES 200
#define MIN_OPS     4 /* of a role that has a share */
#define STOP_POLL   8 /* operations between two questions whether somebody found a missing slot */

struct role {
	const char *name;
	enum outcome (*run)(unsigned int index, struct rng *rng, const struct limit *limit);
	const unsigned int *count;
	unsigned int
		share; /* of cfg.ops: a growth with all its readers weighs as much as many forks */
};

static const struct role roles[] = {
	{"worker", worker_role, &cfg.workers, 1},
	{"thread worker", thread_role, &cfg.thread_workers, 2},
	{"grower", grower_role, &cfg.growers, 4},
	{"auditor", auditor_role, &cfg.auditors, 8},
	{"pinner", pinner_role, &cfg.pinners, 8},
	{"plugger", plugger_role, &cfg.pluggers, 1},
};

struct member {
	const struct role *role;
	unsigned int index;
	pid_t pid; /* 0: collected */
};

static bool somebody_found_missing(void)
{
	struct pgctl_stats stats;

	if (atomic_load(&board->stop))
		return true;
	return !cfg.dry && pgctl(PGCTL_STATS, 0, 0, &stats) == 0 && stats.missing > 0;
}

bool limit_reached(const struct limit *limit, unsigned int done)
{
	if (limit->ops ? done >= limit->ops : now_ns() >= limit->deadline_ns)
		return true;
	return done % STOP_POLL == STOP_POLL - 1 && somebody_found_missing();
}

pid_t spawn(const char *who)
{
	for (int i = 0; i < SPAWN_TRIES; i++) {
		pid_t pid = fork();

		if (pid > 0)
			atomic_fetch_add(&board->forks, 1);
		if (pid >= 0)
			return pid;
		if (errno != EAGAIN && errno != ENOMEM)
			break;
		nap_ns(5000000);
	}
	say("pgstress: %s (pid %d): fork: %s", who, (int)getpid(), strerror(errno));
	return -1;
}

enum outcome collect_status(pid_t pid, const char *what, int wanted)
{
	int status = -1;
	int ret = wait_child(pid, &status);

	if (ret == 0 && status == wanted)
		return OUTCOME_OK;
	if (ret == 0 && WIFEXITED(status) && WEXITSTATUS(status) == OUTCOME_MISSING)
		return OUTCOME_MISSING;
	if (ret == 0 && WIFEXITED(status) && WEXITSTATUS(status) == OUTCOME_ERROR)
		return OUTCOME_ERROR;
	if (ret < 0)
		say("pgstress: wait for %s %d: %s", what, (int)pid, strerror(-ret));
	else
		say("pgstress: %s %d ended with wait status %#x, not %#x", what, (int)pid, status,
		    wanted);
	return OUTCOME_ERROR;
}

enum outcome collect(pid_t pid, const char *what)
{
	return collect_status(pid, what, 0);
}

static pid_t start(const struct role *role, unsigned int index, const struct limit *limit,
		   uint64_t stream)
{
	struct limit own = *limit;
	pid_t pid = spawn(role->name);
	struct rng rng;

	if (pid != 0)
		return pid;
	if (own.ops && role->share > 1)
		own.ops = own.ops / role->share > MIN_OPS ? own.ops / role->share : MIN_OPS;
	rng_seed(&rng, cfg.seed, stream << 32 | (uint64_t)(role - roles) << 16 | index);
	_exit(role->run(index, &rng, &own));
}

static unsigned int start_all(struct member *crew, const struct limit *limit, uint64_t stream)
{
	unsigned int n = 0;

	for (unsigned int r = 0; r < ARRAY_SIZE(roles); r++) {
		for (unsigned int i = 0; i < *roles[r].count; i++) {
			crew[n] = (struct member){&roles[r], i, start(&roles[r], i, limit, stream)};
			if (crew[n].pid < 0)
				return n;
			n++;
		}
	}
	return n;
}

/* One ended member, whose wait status is in `status`. */
static enum outcome member_ended(struct member *m, int status)
{
	m->pid = 0;
	if (WIFEXITED(status)) {
		if (WEXITSTATUS(status) == OUTCOME_OK || WEXITSTATUS(status) == OUTCOME_MISSING)
			return WEXITSTATUS(status);
		say("pgstress: %s %u ended with exit code %d", m->role->name, m->index,
		    WEXITSTATUS(status));
	} else {
		say("pgstress: %s %u was killed by signal %d", m->role->name, m->index,
		    WTERMSIG(status));
	}
	return OUTCOME_ERROR;
}

static struct member *member_by_pid(struct member *crew, unsigned int n, pid_t pid)
{
	for (unsigned int i = 0; i < n; i++) {
		if (crew[i].pid == pid)
			return &crew[i];
	}
	return NULL;
}

static void give_up(struct member *crew, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (crew[i].pid == 0)
			continue;
		say("pgstress: %s %u (pid %d) is stuck, %u s after the end", crew[i].role->name,
		    crew[i].index, (int)crew[i].pid, (unsigned int)(GRACE_NS / 1000000000));
		kill(crew[i].pid, SIGKILL);
	}
}

enum outcome crew_run(const struct limit *limit, uint64_t stream, bool progress)
{
	unsigned int size = cfg.workers + cfg.thread_workers + cfg.growers + cfg.auditors +
			    cfg.pinners + cfg.pluggers;
	struct member *crew = calloc(size + 1, sizeof(*crew));
	unsigned int n = start_all(crew, limit, stream);
	enum outcome outcome = n == size ? OUTCOME_OK : OUTCOME_ERROR;
	bool given_up = false;
	unsigned int left = n;

	while (left > 0) {
		int status = 0;
		pid_t pid = waitpid(-1, &status, given_up ? 0 : WNOHANG);
		struct member *m = pid > 0 ? member_by_pid(crew, n, pid) : NULL;

		if (m) {
			outcome = worse(outcome, member_ended(m, status));
			if (outcome != OUTCOME_OK)
				atomic_store(&board->stop, true);
			left--;
			continue;
		}
		if (pid < 0) {
			say("pgstress: waitpid: %s", strerror(errno));
			outcome = OUTCOME_ERROR;
			break;
		}
		if (!limit->ops && now_ns() > limit->deadline_ns + GRACE_NS) {
			give_up(crew, n);
			outcome = OUTCOME_ERROR;
			given_up = true;
			continue;
		}
		if (progress)
			progress_tick();
		nap_ns(POLL_NS);
	}
	free(crew);
	return outcome;
}
