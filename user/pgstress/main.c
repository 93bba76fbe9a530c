/*
 * pgstress: arguments, warm-up, the measured run, the end.
 *
 *	pgstress [workers=N] [threads=N] [growers=N] [auditors=N] [pinners=N]
 *		 [plug=CPUs] [duration=seconds] [ops=N] [seed=N] [leak=pages] [--dry]
 *
 * With plug=N a plugger brings the CPUs below N online that boot has left out.
 *
 * Pages in use are compared between two quiet moments: after a warm-up round of the same crew, which
 * fills every cache to its working size, and after the run. At both the range slots are reset and
 * cached memory is given back. A few pages may differ by chance: leak= says how many; a leak of an
 * operation shows as thousands.
 * The machine is not ended here: that is init's.
 */
#include <string.h>
#include <sys/mman.h>

#include "user/pgstress/pgstress.h"

#define WARM_UP_OPS 4

struct config cfg;
struct board *board;

static const char *const keys[] = {"workers", "threads",  "growers", "auditors",
				   "pinners", "duration", "ops",     "seed",
				   "leak",    "plug",     "--dry",   NULL};

static bool has_word(int argc, char **argv, const char *word)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], word) == 0)
			return true;
	}
	return false;
}

int look_at_cpus(void)
{
	int cpus = cpus_allowed(cfg.cpus, MAX_CPUS);

	if (cpus < 0)
		return cpus;
	cfg.nr_cpus = cpus;
	return 0;
}

static int configure(int argc, char **argv)
{
	const char *odd = arg_unknown(argc, argv, keys);
	int err = look_at_cpus();
	unsigned int cpus = cfg.nr_cpus;

	if (odd) {
		say("pgstress: unknown argument %s", odd);
		return -1;
	}
	if (err) {
		say("pgstress: sched_getaffinity: %s", strerror(-err));
		return -1;
	}
	cfg.self = argv[0];
	cfg.plug_to = arg_number(argc, argv, "plug", 0);
	cfg.pluggers = cfg.plug_to > 0;
	cfg.workers = arg_number(argc, argv, "workers", cpus);
	cfg.thread_workers = arg_number(argc, argv, "threads", (cpus + 7) / 8);
	cfg.growers = arg_number(argc, argv, "growers", cpus < 8 ? 1 : 2);
	cfg.auditors = arg_number(argc, argv, "auditors", 1);
	cfg.pinners = arg_number(argc, argv, "pinners", 0);
	cfg.duration = arg_number(argc, argv, "duration", 10);
	cfg.ops = arg_number(argc, argv, "ops", 0);
	cfg.seed = arg_number(argc, argv, "seed", 1);
	cfg.allowed_leak = arg_number(argc, argv, "leak", 32 + cpus);
	cfg.dry = has_word(argc, argv, "--dry");
	return 0;
}

/* Whether the kernel lets us; says so when not. */
static bool pgctl_works(struct pgctl_stats *stats)
{
	long ret = pgctl(PGCTL_STATS, 0, 0, stats);

	if (ret == 0)
		return true;
	say("pgstress: pgctl is refused: %s", strerror((int)-ret));
	return false;
}

static struct board *board_create(void)
{
	static struct board private_board;
	void *shared;

	if (!cfg.dry)
		return &private_board;
	shared = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return shared == MAP_FAILED ? &private_board : shared;
}

/*
 * Quiet moment: all children are gone. Empties the grown slots, gives caches back, and returns the
 * pages in use once two readings agree: the last task of a process may still be on its way off its
 * CPU. In use, and not free: memory may be added during the run.
 */
static uint64_t quiet_used_pages(void)
{
	struct pgctl_stats stats;
	uint64_t last = 0, used;

	pgctl(PGCTL_RESET, 0, 0, NULL);
	for (int i = 0; i < 40; i++) {
		long pages = pages_at_rest(&stats);

		if (pages < 0)
			return 0;
		used = stats.total_pages - pages;
		if (used == last)
			break;
		last = used;
		nap_ns(20000000);
	}
	return last;
}

static void banner(const struct pgctl_stats *stats)
{
	say("pgstress: %u CPUs, strategy %s, seed %lu, %u %s", cfg.nr_cpus,
	    cfg.dry ? "(dry)" : stats->strategy, (unsigned long)cfg.seed,
	    cfg.ops ? cfg.ops : cfg.duration, cfg.ops ? "operations a worker" : "seconds");
	say("pgstress: %u workers, %u thread workers, %u growers, %u auditors, %u pinners, %u "
	    "pluggers",
	    cfg.workers, cfg.thread_workers, cfg.growers, cfg.auditors, cfg.pinners, cfg.pluggers);
}

static void run(struct result *r)
{
	struct limit warm = {.ops = WARM_UP_OPS};
	struct limit limit = {.ops = cfg.ops};

	if (!cfg.dry)
		pgctl(PGCTL_STATS, 0, 0, &r->start);
	r->begin_ns = now_ns();
	r->outcome = crew_run(&warm, 1, false);
	if (!cfg.dry)
		r->used_before = quiet_used_pages();
	/* A warm-up that fails is the run: its counts are the ones to report. */
	if (r->outcome == OUTCOME_OK) {
		if (!cfg.dry)
			pgctl(PGCTL_STATS, 0, 0, &r->start);
		r->begin_ns = now_ns();
		progress_begin(&r->start);
		limit.deadline_ns = r->begin_ns + cfg.duration * 1000000000ull;
		r->outcome = crew_run(&limit, 2, true);
	}
	r->end_ns = now_ns();
	if (cfg.dry)
		return;
	(void)look_at_cpus();
	if (pgctl(PGCTL_AUDIT, 0, 0, NULL) > 0)
		r->outcome = worse(r->outcome, OUTCOME_MISSING);
	r->used_after = quiet_used_pages();
}

int main(int argc, char **argv)
{
	struct pgctl_stats stats;
	struct result result;

	if (argc == 3 && strcmp(argv[1], "child") == 0)
		return child_main(arg_number(argc, argv, "seed", 0));
	if (configure(argc, argv) != 0)
		return 2;
	memset(&stats, 0, sizeof(stats));
	memset(&result, 0, sizeof(result));
	if (!cfg.dry && !pgctl_works(&stats)) {
		say("PGSTRESS: FAIL: no pgctl (boot with pgctl=1; --dry runs without it)");
		return 1;
	}
	board = board_create();
	banner(&stats);
	run(&result);
	return report(&result);
}
