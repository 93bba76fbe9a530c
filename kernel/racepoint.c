/*
 * Race points: see racepoint.h.
 *
 * Passes are counted by each CPU for itself, without a LOCKed instruction: a race point must not
 * be the barrier whose absence it is to show.
 */
#include "kernel/racepoint.h"

#include "arch/smp.h"
#include "kernel/base/panic.h"
#include "kernel/base/percpu.h"
#include "kernel/base/racepoint.h"
#include "kernel/base/string.h"

#define MAX_POINTS 128

extern struct race_point __race_points_start[], __race_points_end[];

/* By id; 0 is what is passed before race_init(). */
static DEFINE_PER_CPU(u64, race_count[MAX_POINTS]);

void race_init(void)
{
	struct race_point *p, *first;
	u16 ids = 0;

	for (p = __race_points_start; p < __race_points_end; p++) {
		for (first = __race_points_start; strcmp(first->name, p->name); first++)
			;
		p->id = first == p ? ++ids : first->id;
		ASSERT_MSG(ids < MAX_POINTS, "more than %d race points", MAX_POINTS - 1);
	}
}

static const struct race_point *find_point(const char *name)
{
	for (struct race_point *p = __race_points_start; p < __race_points_end; p++)
		if (!strcmp(p->name, name))
			return p;
	panic("there is no race point '%s'", name);
}

u64 race_passed(const char *name, int cpu)
{
	const struct race_point *p = find_point(name);
	unsigned int c;
	u64 n = 0;

	if (cpu != RACE_ANY_CPU)
		return READ_ONCE(per_cpu(race_count[p->id], (unsigned int)cpu));
	for_each_cpu (c)
		n += READ_ONCE(per_cpu(race_count[p->id], c));
	return n;
}

void race_point(struct race_point *p)
{
	this_cpu_inc(race_count[p->id]);
}
