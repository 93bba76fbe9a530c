/* One CPU, an instruction a tick: a root's life beside a whole fork, switches, memory. */
#include "user/lib/rawsys.h"
#include "user/pgbench/pgbench.h"

static int print_memory(void)
{
	struct pgctl_root_sizes sizes;
	struct pgctl_stats stats;
	long ret = pgctl(PGCTL_STATS, 0, 0, &stats);

	if (!ret)
		ret = pgctl(PGCTL_BENCH_SIZES, 0, 0, &sizes);
	if (ret)
		return fail("learn the sizes", ret);
	put("pgbench: memory");
	put_field("free_pages", stats.free_pages);
	put_field("table", sizes.table);
	put_field("object", sizes.object);
	put_field("generation", sizes.generation);
	put_field("list_node", sizes.list_node);
	put_line();
	return 0;
}

static int print_root(unsigned int n)
{
	struct pgctl_root_cost cost;
	long ret = pgctl(PGCTL_BENCH_ROOT, n / 10 + 1, 0, &cost); /* warm */

	if (!ret)
		ret = pgctl(PGCTL_BENCH_ROOT, n, 0, &cost);
	if (ret)
		return fail("measure a root", ret);
	put("pgbench: root");
	put_field("alloc", cost.alloc);
	put_field("late_copy", cost.late_copy);
	put_field("free", cost.free);
	put_field("mean", cost.mean);
	put_line();
	return 0;
}

int bench_costs(unsigned int n)
{
	int ret = print_memory();

	if (ret)
		return ret;
	if (!stay_here())
		return fail("bind to a CPU", 0);
	measure_init();
	ret = print_root(n);
	if (ret)
		return ret;
	ret = report("fork_exit_wait", fork_exit_wait, n, "instructions");
	return ret ? ret : report_yield(n);
}
