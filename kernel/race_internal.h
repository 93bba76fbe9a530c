/*
 * Between racepoint.c (what happens at a point) and racedirect.c (who is to wait where, and until
 * when).
 */
#ifndef KERNEL_RACE_INTERNAL_H
#define KERNEL_RACE_INTERNAL_H

#include "kernel/base/racepoint.h"
#include "kernel/racepoint.h"

#define MAX_RULES 16

enum rule_state { RULE_FREE, RULE_ARMED, RULE_PARKED, RULE_DONE };

struct place {
	const struct race_point *point;
	int cpu; /* or RACE_ANY_CPU */
	u64 nth; /* from 1 */
};

/* Wait until `until` is passed (point not NULL), or call fn (not NULL), or wait for a release. */
struct rule {
	struct place at, until;
	void (*fn)(void *arg);
	void *arg;
	unsigned int line; /* of the command line: its number there, from 1 */
	u64 seen;          /* atomic: matching arrivals */
	u32 state;         /* enum rule_state; after ARMED by the CPU that came */
	bool released;     /* go on, whatever the rule says */
	/* where it is PARKED: the CPU, for reports */
	unsigned int cpu;
	u32 depth;
	bool irqs;
};

extern struct rule race_rules[MAX_RULES];

/* Bit per rule of the command line: somebody came there. Atomic. */
extern u32 race_line_met;

/* Constant after race_init(). */
extern u64 race_yield_seed; /* `seed=`; 0: nobody yields */
extern u64 race_deadline_ms;

/* Boot: gives equal names equal numbers. */
void race_number_points(void);
void race_print_points(void);

/* Panics after print_points() when there is none. */
const struct race_point *race_find_point(const char *name, size_t len);

/* Any context. */
u64 race_count_passed(const struct place *place);
const char *race_place_text(const struct place *place, char *buf, size_t size);

/* Puts a rule in force: panics when MAX_RULES are. One caller at a time, also for the next. */
void race_arm(const struct rule *rule);

/* All rules gone, who waited goes on, and all counts are 0. Process context. */
void race_drop_rules(void);

u64 race_deadline(void);
__noreturn void race_deadline_over(const char *who, const struct place *place);

#endif
