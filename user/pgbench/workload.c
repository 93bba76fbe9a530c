/*
 * Late repairs: processes that are older than some growths, and touch all that has grown.
 *
 * OLD children are asleep, on roots of their own, while the parent grows SLOTS slots; then each
 * touches a page in each of them. What a root lacks when its process runs again is filled when it
 * is loaded, or at the fault, or is missing: OLD * SLOTS at most of each.
 */
#include "user/lib/rawsys.h"
#include "user/pgbench/pgbench.h"

#define OLD        8
#define SLOTS      8
#define PAGE_BYTES 4096
#define NAP_NS     50000000 /* the parent has grown all by then */

static __attribute__((noreturn)) void touch_all(void)
{
	static const uint64_t nap[2] = {0, NAP_NS};
	unsigned int missing = 0;

	raw_syscall2(SYS_nanosleep, (uintptr_t)nap, 0);
	for (unsigned int range = 0; range < SLOTS; range++)
		missing += pgctl(PGCTL_TOUCH, range, 0, NULL) != 0;
	raw_exit(missing);
}

static long grow_all(void)
{
	for (unsigned int range = 0; range < SLOTS; range++) {
		long ret = pgctl(PGCTL_GROW, PAGE_BYTES, 1, NULL);

		if (ret != range) /* the children touch by number */
			return ret < 0 ? ret : -17;
	}
	return 0;
}

static long free_all(void)
{
	for (unsigned int range = 0; range < SLOTS; range++) {
		long ret = pgctl(PGCTL_FREE, range, 0, NULL);

		if (ret)
			return ret;
	}
	return pgctl(PGCTL_RESET, 0, 0, NULL);
}

int bench_workload(void)
{
	struct pgctl_stats before, after;
	unsigned int missing = 0;
	long ret;

	pgctl(PGCTL_STATS, 0, 0, &before);
	for (unsigned int i = 0; i < OLD; i++) {
		ret = raw_syscall0(SYS_fork);
		if (ret == 0)
			touch_all();
		if (ret < 0)
			return fail("fork", ret);
	}
	raw_syscall0(
		SYS_sched_yield); /* the children go to sleep, on roots that have been loaded */
	ret = grow_all();
	if (ret)
		return fail("grow", ret);
	for (unsigned int i = 0; i < OLD; i++) {
		int status = 0;

		raw_syscall4(SYS_wait4, -1, (uintptr_t)&status, 0, 0);
		missing += status >> 8;
	}
	pgctl(PGCTL_STATS, 0, 0, &after);
	put("pgbench: workload");
	put_field("touches", OLD * SLOTS);
	put_field("late_syncs", after.late_syncs - before.late_syncs);
	put_field("fault_syncs", after.fault_syncs - before.fault_syncs);
	put_field("missing", missing);
	put_line();
	ret = free_all();
	return ret < 0 ? fail("reset the slots", ret) : 0;
}
