/*
 * The text form of a forced schedule: rules separated by commas,
 *
 *	point[@cpu][/n]:point[@cpu][/n]
 *
 * "the nth time that this CPU comes to the first point, it waits there until that CPU has passed
 * the second one n times". Without @cpu: any CPU, all together. Without /n: once. Nothing is known
 * here about which points and CPUs there are.
 */
#ifndef KERNEL_RACERULES_H
#define KERNEL_RACERULES_H

#include "kernel/base/types.h"

#define RACE_ANY_CPU (-1)

/* A pass of a race point. The name is a piece of the text. */
struct race_place {
	const char *name;
	size_t len;
	int cpu; /* or RACE_ANY_CPU */
	u64 nth; /* from 1 */
};

/*
 * Reads the rule at the start of `text`. Returns what follows it and its comma, or NULL with a
 * sentence in *complaint.
 */
const char *race_parse_rule(const char *text, struct race_place *at, struct race_place *until,
			    const char **complaint);

#endif
