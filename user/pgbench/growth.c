/*
 * One growth beside a number of sleeping processes, each with an address space of its own.
 *
 * On several CPUs all others are halted meanwhile, with their timers stopped: virtual time advances
 * by what this CPU executes and by nothing else, so the ticks are the grower's instructions alone.
 * tools/tests/test_bench_pgsync.py compares them with a count of this CPU's instructions.
 */
#include "user/lib/rawsys.h"
#include "user/pgbench/pgbench.h"

#define SLEEP_SECONDS 1000000
#define SETTLE_NS     20000000 /* until what was started elsewhere is asleep, too */

static void sleep_for(uint64_t seconds, uint64_t ns)
{
	const uint64_t duration[2] = {seconds, ns};

	raw_syscall2(SYS_nanosleep, (uintptr_t)duration, 0);
}

long start_sleeper(void)
{
	long pid = raw_syscall0(SYS_fork);

	if (pid == 0) {
		sleep_for(SLEEP_SECONDS, 0);
		raw_exit(0);
	}
	return pid;
}

/* The fewest ticks of some growths, and what they visited. */
static int grow_beside(unsigned int tasks, unsigned int rounds)
{
	struct pgctl_growth_cost cost, least = {UINT64_MAX, 0};
	uint64_t sum = 0;
	unsigned int done = 0;

	for (; done < rounds; done++) {
		long slot = pgctl(PGCTL_BENCH_GROW, 0, 0, &cost);

		if (slot == -28 /* ENOSPC: nothing can grow, or no more */)
			break;
		if (slot < 0)
			return fail("grow", slot);
		sum += cost.ticks;
		if (cost.ticks < least.ticks)
			least = cost;
	}
	put("pgbench: growth");
	put_field("tasks", tasks);
	put_field("growths", done);
	put_field("ticks", done ? least.ticks : 0);
	put_field("mean", done ? sum / done : 0);
	put_field("visits", least.visits);
	put_line();
	return 0;
}

int bench_growth(const unsigned int *tasks, unsigned int rounds)
{
	unsigned int have = 0;

	for (; *tasks; tasks++) {
		int ret;

		for (; have < *tasks; have++) {
			long pid = start_sleeper();

			if (pid < 0)
				return fail("fork", pid);
		}
		sleep_for(0, SETTLE_NS);
		ret = grow_beside(*tasks, rounds);
		if (ret)
			return ret;
	}
	put("pgbench: audit");
	put_field("missing", pgctl(PGCTL_AUDIT, 0, 0, NULL));
	put_line();
	return 0;
}
