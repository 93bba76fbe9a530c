/*
 * pgbench: what the kernel half of a root costs, measured where it is spent. The operations
 * PGCTL_BENCH_* of kernel/abi/pgctl.h.
 *
 * Costs are TSC ticks around the call, what reading the TSC twice costs taken off: guest
 * instructions under `-icount shift=0`. The caller is bound to its CPU, or a figure may span two.
 */
#include "kernel/pgbench.h"

#include "arch/cpu.h"
#include "arch/page.h"
#include "arch/uaccess.h"
#include "kernel/abi/marker.h"
#include "kernel/abi/pgctl.h"
#include "kernel/base/errno.h"
#include "mm/mm.h"
#include "mm/pgsync/pgsync.h"

#define VMALLOC_FIRST root_slot(VMALLOC_START)
#define ROUNDS_MAX    1000000

/*
 * What reading the TSC twice costs. A figure from which it is taken off is two instructions too
 * high, for the store of the time that was read; a WINDOW_ROOT_LIFE is exact.
 */
static u64 reading_cost(void)
{
	u64 least = ~0UL;

	for (unsigned int i = 0; i < 16; i++) {
		u64 begin = cpu_cycles();
		u64 took = cpu_cycles() - begin;

		least = MIN(least, took);
	}
	return least;
}

/* One life with the TSC read between its parts. -ENOMEM. */
static int timed_life(u64 at[4])
{
	struct mm_root *root;

	at[0] = cpu_cycles();
	root = pgd_alloc();
	at[1] = cpu_cycles();
	if (!root)
		return -ENOMEM;
	arch_pgd_init_late(root);
	at[2] = cpu_cycles();
	pgd_free(root);
	at[3] = cpu_cycles();
	return 0;
}

long pgbench_root(unsigned long rounds, void __user *out)
{
	struct pgctl_root_cost cost = {.alloc = ~0UL, .late_copy = ~0UL, .free = ~0UL};
	u64 reading = reading_cost(), sum = 0, at[4];

	if (!rounds || rounds > ROUNDS_MAX)
		return -EINVAL;
	for (unsigned long i = 0; i < rounds; i++) {
		if (timed_life(at))
			return -ENOMEM;
		cost.alloc = MIN(cost.alloc, at[1] - at[0] - reading);
		cost.late_copy = MIN(cost.late_copy, at[2] - at[1] - reading);
		cost.free = MIN(cost.free, at[3] - at[2] - reading);
		sum += at[3] - at[0] - 3 * reading;
	}
	cost.mean = sum / rounds;
	return copy_to_user(out, &cost, sizeof(cost));
}

long pgbench_root_marked(unsigned long rounds)
{
	if (!rounds || rounds > ROUNDS_MAX)
		return -EINVAL;
	for (unsigned long i = 0; i < rounds; i++) {
		struct mm_root *root;

		marker_begin(WINDOW_ROOT_LIFE);
		root = pgd_alloc();
		if (root) {
			arch_pgd_init_late(root);
			pgd_free(root);
		}
		marker_end(WINDOW_ROOT_LIFE);
		if (!root)
			return -ENOMEM;
	}
	return 0;
}

static unsigned int first_fresh_slot(void)
{
	for (unsigned int slot = VMALLOC_FIRST; slot < VMALLOC_FIRST + VMALLOC_SLOTS; slot++)
		if (!kroot_ready(slot))
			return slot;
	return 0;
}

long pgbench_grow(void __user *out)
{
	unsigned int slot = first_fresh_slot();
	struct pgsync_stats before, after;
	struct pgctl_growth_cost cost;
	u64 reading = reading_cost(), begin;
	int ret;

	if (!slot)
		return -ENOSPC;
	pgsync_get_stats(&before);
	marker_begin(WINDOW_GROWTH);
	begin = cpu_cycles();
	ret = kroot_populate(root_slot_va(slot), root_slot_va(slot) + PAGE_SIZE);
	cost.ticks = cpu_cycles() - begin - reading;
	marker_end(WINDOW_GROWTH);
	if (ret)
		return ret;
	pgsync_get_stats(&after);
	cost.visits = after.walk_visits - before.walk_visits;
	ret = copy_to_user(out, &cost, sizeof(cost));
	return ret ? ret : (long)slot;
}

long pgbench_sizes(void __user *out)
{
	const struct pgctl_root_sizes sizes = {
		.table = PAGE_SIZE,
		.object = sizeof(struct mm_root),
		.generation = sizeof(((struct mm_root *)NULL)->gen),
		.list_node = sizeof(((struct mm_root *)NULL)->pgd_list),
	};

	return copy_to_user(out, &sizes, sizeof(sizes));
}
