/*
 * pgstress: processes and threads that come and go while the kernel half of the page tables grows.
 *
 *	main.c		arguments, warm-up, the run, the end
 *	crew.c		starts and collects the role processes
 *	worker.c	role: fork, exec, vfork, kill, copy-on-write
 *	threads.c	role: threads, and processes of threads
 *	grower.c	role: PGCTL_GROW, FREE, RESET
 *	auditor.c	role: PGCTL_AUDIT
 *	pinner.c	role: PGCTL_PIN
 *	plugger.c	role: cpu_online
 *	toucher.c	reads of grown ranges from every context
 *	child.c		what an exec'd child does
 *	report.c	progress lines, the table, the verdict
 *
 * The processes share nothing: a role gets its task by fork and answers by its exit code (enum
 * outcome); the counts come from the kernel (PGCTL_STATS). Where pgctl is missing (`--dry` on
 * Linux) the process part runs alone and the counts come from `board`, a shared page.
 */
#ifndef USER_PGSTRESS_H
#define USER_PGSTRESS_H

#include <stdatomic.h>

#include "user/lib/freewalk.h"

/* How a role process ends. 0 to 2 are left to exec failures and plain exits. */
enum outcome {
	OUTCOME_OK = 0,
	OUTCOME_MISSING =
		3, /* read a range through a root that lacks its slot, or the audit found one */
	OUTCOME_ERROR = 4, /* something else went wrong; the process has said what */
};

struct config {
	unsigned int workers, thread_workers, growers, auditors, pinners, pluggers;
	unsigned int plug_to;      /* the plugger brings CPUs below this online */
	unsigned int duration;     /* seconds; used when ops is 0 */
	unsigned int ops;          /* operations of each worker; 0: run for `duration` */
	unsigned int allowed_leak; /* pages */
	uint64_t seed;
	bool dry; /* no pgctl: processes and threads only */
	unsigned int nr_cpus;
	unsigned int cpus[MAX_CPUS]; /* those to run on: look_at_cpus() */
	const char *self;            /* path to execute */
};

/* Constant once the first role starts, but for what look_at_cpus() finds. */
extern struct config cfg;

/* Which CPUs there are by now. Returns 0 or -errno. */
int look_at_cpus(void);

/* Counts where the kernel has none for us. Shared by the processes when dry; else only the
 * starter's own copy. */
struct board {
	atomic_ulong forks, execs, threads;
	atomic_bool stop;
};

extern struct board *board;

/* When a role stops: at a moment, or after a number of operations when `ops` is not 0. */
struct limit {
	uint64_t deadline_ns;
	unsigned int ops;
};

/* Also true once anybody has found a missing slot: the run then ends soon, not at once. */
bool limit_reached(const struct limit *limit, unsigned int done);

/* The worse of two outcomes. */
static inline enum outcome worse(enum outcome a, enum outcome b)
{
	return a > b ? a : b;
}

/* --- roles: each is the whole life of one process --- */

enum outcome worker_role(unsigned int index, struct rng *rng, const struct limit *limit);
enum outcome thread_role(unsigned int index, struct rng *rng, const struct limit *limit);
enum outcome grower_role(unsigned int index, struct rng *rng, const struct limit *limit);
enum outcome auditor_role(unsigned int index, struct rng *rng, const struct limit *limit);
enum outcome pinner_role(unsigned int index, struct rng *rng, const struct limit *limit);
enum outcome plugger_role(unsigned int index, struct rng *rng, const struct limit *limit);

/* `pgstress child <seed>`: what exec starts. */
enum outcome child_main(uint64_t seed);

/* --- crew --- */

/* Forks every role of the configuration, prints progress each second when asked to, waits for all.
 */
enum outcome crew_run(const struct limit *limit, uint64_t stream, bool progress);

/*
 * fork(), tried again for a while when memory is short. `who` is for the message of a failure.
 * Returns as fork does.
 */
pid_t spawn(const char *who);

/* Waits for a child that shall exit with OK, MISSING or ERROR, and says it when it ended otherwise.
 */
enum outcome collect(pid_t pid, const char *what);

/* The same for a child that shall have exactly this wait status. */
enum outcome collect_status(pid_t pid, const char *what, int wanted);

/* --- touching; all are no-ops when dry --- */

/* Reads range `id` from here. A range that is gone meanwhile is no error. */
enum outcome touch(long id);
/* Finds some live range, if there is one, and reads it. */
enum outcome touch_any(struct rng *rng);
/* Reads range `id` from a kernel thread on every CPU. */
enum outcome touch_kthreads(long id);
/* Reads range `id` on every CPU at the same time: by threads of this process, or by new children of
 * it. */
enum outcome tour_threads(long id);
enum outcome tour_children(long id);

/* --- report --- */

struct result {
	enum outcome outcome;
	uint64_t used_before, used_after; /* pages */
	uint64_t begin_ns, end_ns;
	struct pgctl_stats start; /* when the measured run began */
};

void progress_begin(const struct pgctl_stats *start);
/* At most one line a second. */
void progress_tick(void);
/* Prints table and verdict line; returns the exit code. */
int report(const struct result *r);

#endif
