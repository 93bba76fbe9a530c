/*
 * What happens at a race point: see racepoint.h.
 *
 * Passes are counted by each CPU for itself, without a LOCKed instruction: a race point that no
 * rule names must not be the barrier whose absence it is to show.
 *
 * Rules are put in force and dropped by one thread at a time; any CPU may come upon them meanwhile.
 * A rule's fields are written before its state says ARMED (release; partner: the acquire in
 * rule_applies()). A slot is cleared only when nobody is inside race_hit() any more.
 */
#include "arch/smp.h"
#include "arch/timer.h"
#include "kernel/base/atomic.h"
#include "kernel/base/barrier.h"
#include "kernel/base/contextcheck.h"
#include "kernel/base/mix.h"
#include "kernel/base/panic.h"
#include "kernel/base/preempt.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "kernel/base/trace.h"
#include "kernel/race_internal.h"
#include "kernel/sched.h"

#define MAX_POINTS 128

extern struct race_point __race_points_start[], __race_points_end[];

#define for_each_point(p) for ((p) = __race_points_start; (p) < __race_points_end; (p)++)

/* By id; 0 is what is passed before race_init(). */
static DEFINE_PER_CPU(u64, race_count[MAX_POINTS]);
static DEFINE_PER_CPU(u64, race_decisions);

struct rule race_rules[MAX_RULES];
u32 race_line_met;
u64 race_yield_seed;
u64 race_deadline_ms = 5000;

static u32 inside; /* atomic: CPUs in race_hit() */

/* --- points --- */

/* The first place that bears the same name. */
static const struct race_point *first_of(const struct race_point *point)
{
	const struct race_point *p = __race_points_start;

	while (strcmp(p->name, point->name))
		p++;
	return p;
}

void race_number_points(void)
{
	struct race_point *p;
	u16 ids = 0;

	for_each_point(p)
	{
		p->id = first_of(p) == p ? ++ids : first_of(p)->id;
		ASSERT_MSG(ids < MAX_POINTS, "more than %d race points", MAX_POINTS - 1);
	}
}

void race_print_points(void)
{
	struct race_point *p;

	printk("known race points:\n");
	for_each_point(p) if (first_of(p) == p) printk("\t%s (%s:%u)\n", p->name, p->file, p->line);
}

const struct race_point *race_find_point(const char *name, size_t len)
{
	struct race_point *p;

	for_each_point(p) if (strlen(p->name) == len && !strncmp(p->name, name, len)) return p;
	race_print_points();
	panic("there is no race point '%.*s'", (int)len, name);
}

u64 race_count_passed(const struct place *place)
{
	u16 id = place->point->id;
	unsigned int cpu;
	u64 n = 0;

	if (place->cpu != RACE_ANY_CPU)
		return READ_ONCE(per_cpu(race_count[id], (unsigned int)place->cpu));
	for_each_cpu (cpu)
		n += READ_ONCE(per_cpu(race_count[id], cpu));
	return n;
}

const char *race_place_text(const struct place *place, char *buf, size_t size)
{
	char cpu[16] = "", nth[24] = "";

	if (place->cpu != RACE_ANY_CPU)
		snprintf(cpu, sizeof(cpu), "@%d", place->cpu);
	if (place->nth != 1)
		snprintf(nth, sizeof(nth), "/%llu", (unsigned long long)place->nth);
	snprintf(buf, size, "%s%s%s", place->point->name, cpu, nth);
	return buf;
}

/* --- a wait that does not end --- */

static void print_parked(const struct rule *r)
{
	char at[80], until[80];

	printk("sched: CPU %u waits at %s (%s:%u), interrupts %s, preemption %s\n", r->cpu,
	       race_place_text(&r->at, at, sizeof(at)), r->at.point->file, r->at.point->line,
	       r->irqs ? "on" : "off", r->depth ? "off" : "on");
	if (r->until.point)
		printk("sched: ... for %s, and the point was passed %llu times there\n",
		       race_place_text(&r->until, until, sizeof(until)),
		       (unsigned long long)race_count_passed(&r->until));
	else
		printk("sched: ... for the test, whose thread must run on another CPU\n");
	if (cpus_online() == 1 && (r->depth || !r->irqs))
		printk("sched: ... but there is no other CPU, and no other task can run here "
		       "meanwhile: nobody can release it\n");
}

u64 race_deadline(void)
{
	return time_ns() + race_deadline_ms * 1000000;
}

__noreturn void race_deadline_over(const char *who, const struct place *place)
{
	char at[80];

	for (struct rule *r = race_rules; r < race_rules + MAX_RULES; r++) {
		u32 state = smp_load_acquire(&r->state);

		if (state == RULE_PARKED)
			print_parked(r);
		else if (state == RULE_ARMED)
			printk("sched: nobody has come to %s yet\n",
			       race_place_text(&r->at, at, sizeof(at)));
	}
	sched_print_cpus();
	panic("the schedule was not met within %llu ms: %s waits at %s",
	      (unsigned long long)race_deadline_ms, who, race_place_text(place, at, sizeof(at)));
}

/* --- what a CPU does at a point --- */

static bool may_go_on(const struct rule *r)
{
	return READ_ONCE(r->released) ||
	       (r->until.point && race_count_passed(&r->until) >= r->until.nth);
}

static void park(struct rule *r, unsigned int cpu)
{
	u64 deadline = race_deadline();
	char who[16];

	r->cpu = cpu;
	r->depth = preempt_depth();
	r->irqs = irqs_enabled();
	TRACE(race_wait, r->at.point->name, r - race_rules);
	smp_store_release(&r->state, RULE_PARKED);
	while (!may_go_on(r)) {
		cpu_relax();
		if (time_ns() > deadline) {
			snprintf(who, sizeof(who), "CPU %u", cpu);
			race_deadline_over(who, &r->at);
		}
	}
	TRACE(race_go, r->at.point->name, r - race_rules);
	smp_store_release(&r->state, RULE_DONE);
}

static bool rule_applies(struct rule *r, const struct race_point *p, unsigned int cpu)
{
	return smp_load_acquire(&r->state) == RULE_ARMED && r->at.point->id == p->id &&
	       (r->at.cpu == RACE_ANY_CPU || r->at.cpu == (int)cpu) &&
	       atomic_add_return(&r->seen, 1) == r->at.nth;
}

static noinline void race_hit(const struct race_point *p)
{
	unsigned int cpu = cpu_id();

	(void)atomic_add_return(&inside, 1); /* full barrier; partner: race_drop_rules() */
	for (struct rule *r = race_rules; r < race_rules + MAX_RULES; r++) {
		if (!rule_applies(r, p, cpu))
			continue;
		if (r->line)
			(void)atomic_fetch_or(&race_line_met, 1u << (r->line - 1));
		if (r->fn) {
			struct context_frame frame = context_enter_aside();

			smp_store_release(&r->state, RULE_DONE);
			r->fn(r->arg);
			context_leave_aside(&frame);
		} else {
			park(r, cpu);
		}
	}
	(void)atomic_add_return(&inside, -1);
}

/* Mostly nothing, one time in four a short wait, one time in 16 another task, if there is one. */
static noinline void yield_by_seed(void)
{
	u64 random = mix64(mix64(race_yield_seed + cpu_id()) +
			   this_cpu_read(race_decisions) * MIX64_STEP);

	this_cpu_inc(race_decisions);
	if (random % 4 == 0)
		for (u64 n = random >> 8 & 15; n; n--)
			cpu_relax();
	if ((random >> 32) % 16 == 0 && preempt_depth() == 0)
		preempt_schedule(); /* returns at once where interrupts are off */
}

void race_point(struct race_point *p)
{
	if (race_yield_seed)
		yield_by_seed();
	if (unlikely(READ_ONCE(p->armed)))
		race_hit(p);
	this_cpu_inc(race_count[p->id]);
}

/* --- rules --- */

void race_arm(const struct rule *rule)
{
	struct race_point *p;

	for (struct rule *r = race_rules; r < race_rules + MAX_RULES; r++) {
		if (r->state != RULE_FREE)
			continue;
		*r = *rule;
		smp_store_release(&r->state, RULE_ARMED);
		for_each_point(p) if (p->id == r->at.point->id) WRITE_ONCE(p->armed, true);
		return;
	}
	panic("more than %d rules at race points at a time", MAX_RULES);
}

static void clear_counts(void)
{
	unsigned int cpu;

	for_each_cpu (cpu) {
		memset(per_cpu_ptr(&race_count[0], cpu), 0, sizeof(race_count));
		WRITE_ONCE(per_cpu(race_decisions, cpu), 0);
	}
}

void race_drop_rules(void)
{
	u64 deadline = race_deadline();
	struct race_point *p;

	for_each_point(p) WRITE_ONCE(p->armed, false);
	for (struct rule *r = race_rules; r < race_rules + MAX_RULES; r++) {
		WRITE_ONCE(r->released, true);
		WRITE_ONCE(r->state, RULE_DONE);
	}
	smp_mb(); /* a CPU counts in `inside`, or sees DONE; partner: race_hit() */
	while (READ_ONCE(inside)) {
		sched_yield_cpu();
		cpu_relax();
		ASSERT_MSG(time_ns() <= deadline, "%u tasks do not leave their race points",
			   READ_ONCE(inside));
	}
	for (struct rule *r = race_rules; r < race_rules + MAX_RULES; r++)
		*r = (struct rule){0};
	clear_counts();
}
