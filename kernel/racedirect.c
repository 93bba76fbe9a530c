/* Who waits at which race point, and until when: the command line and the tests. See racepoint.h. */
#include "arch/smp.h"
#include "arch/timer.h"
#include "boot/bootinfo.h"
#include "kernel/base/barrier.h"
#include "kernel/base/panic.h"
#include "kernel/base/preempt.h"
#include "kernel/base/printk.h"
#include "kernel/base/string.h"
#include "kernel/race_internal.h"
#include "kernel/sched.h"

/* `sched=`; "" without one. Constant after race_init(). */
static char line_rules[256];

static struct place make_place(const char *name, size_t len, int cpu, u64 nth)
{
	const struct place place = {race_find_point(name, len), cpu, nth};

	if (cpu != RACE_ANY_CPU && (cpu < 0 || (unsigned int)cpu >= nr_cpus)) {
		race_print_points();
		panic("race point %s@%d: there is no CPU %d, they are 0 to %u", place.point->name,
		      cpu, cpu, nr_cpus - 1);
	}
	ASSERT_MSG(nth > 0, "race point %s: times are counted from 1", place.point->name);
	return place;
}

/* --- rules as text --- */

/* Calls fn with each rule of the text, numbered from 1; panics where it is none. Returns how many. */
static unsigned int for_each_rule(const char *text, void (*fn)(struct rule *, unsigned int number))
{
	unsigned int number = 0;
	const char *rest = text;

	do {
		struct race_place at, until;
		const char *complaint;
		struct rule rule = {0};

		number++;
		rest = race_parse_rule(rest, &at, &until, &complaint);
		if (!rest) {
			race_print_points();
			panic("sched=%s: rule %u: %s; a rule is point[@cpu][/n]:point[@cpu][/n]",
			      text, number, complaint);
		}
		rule.at = make_place(at.name, at.len, at.cpu, at.nth);
		rule.until = make_place(until.name, until.len, until.cpu, until.nth);
		fn(&rule, number);
	} while (*rest);
	return number;
}

static void check_rule(struct rule *rule, unsigned int number)
{
	(void)rule;
	if (number > MAX_RULES)
		panic("sched=%s: more than %d rules", line_rules, MAX_RULES);
}

static void arm_line_rule(struct rule *rule, unsigned int number)
{
	rule->line = number;
	race_arm(rule);
}

static void arm_rule(struct rule *rule, unsigned int number)
{
	(void)number;
	race_arm(rule);
}

/* --- the command line --- */

void race_init(void)
{
	race_number_points();
	race_yield_seed = boot_option_u64("seed", 1);
	race_deadline_ms = boot_option_u64("sched_deadline", race_deadline_ms);
	if (!boot_option("sched", line_rules, sizeof(line_rules)))
		return;
	if (strlen(line_rules) == sizeof(line_rules) - 1)
		panic("sched= is longer than %zu characters", sizeof(line_rules) - 2);
	for_each_rule(line_rules, check_rule);
}

void race_reset(void)
{
	race_drop_rules();
	if (*line_rules)
		for_each_rule(line_rules, arm_line_rule);
}

static unsigned int unmet;

static void count_unmet(struct rule *rule, unsigned int number)
{
	char at[80];

	if (READ_ONCE(race_line_met) & 1u << (number - 1))
		return;
	unmet++;
	printk("# sched: rule %u was never met: nobody came to %s\n", number,
	       race_place_text(&rule->at, at, sizeof(at)));
}

unsigned int race_unmet(void)
{
	unmet = 0;
	if (*line_rules)
		for_each_rule(line_rules, count_unmet);
	return unmet;
}

/* --- tests --- */

void race_sched(const char *text)
{
	for_each_rule(text, arm_rule);
}

void race_park(const char *point, int cpu, u64 nth)
{
	const struct rule rule = {.at = make_place(point, strlen(point), cpu, nth)};

	race_arm(&rule);
}

void race_on(const char *point, int cpu, u64 nth, void (*fn)(void *arg), void *arg)
{
	const struct rule rule = {
		.at = make_place(point, strlen(point), cpu, nth), .fn = fn, .arg = arg};

	race_arm(&rule);
}

/* Whether the rule is one of race_park() at this point, whatever its state. */
static bool is_hold(const struct rule *r, const struct race_point *p)
{
	return smp_load_acquire(&r->state) != RULE_FREE && r->at.point->id == p->id && !r->fn &&
	       !r->until.point;
}

unsigned int race_wait_parked(const char *point)
{
	const struct place place = make_place(point, strlen(point), RACE_ANY_CPU, 1);
	u64 deadline = race_deadline();

	ASSERT(preempt_depth() == 0);
	for (;;) {
		for (struct rule *r = race_rules; r < race_rules + MAX_RULES; r++)
			if (is_hold(r, place.point) && READ_ONCE(r->state) == RULE_PARKED)
				return r->cpu;
		if (time_ns() > deadline)
			race_deadline_over("the test", &place);
		sched_yield_cpu();
		cpu_relax();
	}
}

void race_release(const char *point)
{
	const struct race_point *p = race_find_point(point, strlen(point));
	unsigned int n = 0;

	for (struct rule *r = race_rules; r < race_rules + MAX_RULES; r++) {
		if (!is_hold(r, p))
			continue;
		WRITE_ONCE(r->released, true);
		n++;
	}
	ASSERT_MSG(n, "nobody was asked to wait at %s", point);
}

u64 race_passed(const char *point, int cpu)
{
	const struct place place = make_place(point, strlen(point), cpu, 1);

	return race_count_passed(&place);
}
