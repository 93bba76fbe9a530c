/*
 * The release build's side of racepoint.h: it has no race points, so there is nothing to direct,
 * and a `sched=` that could not be obeyed is refused.
 */
#include "kernel/racepoint.h"

#include "boot/bootinfo.h"
#include "kernel/base/panic.h"

void race_init(void)
{
	static char rules[64];

	if (boot_option("sched", rules, sizeof(rules)))
		panic("sched=%s: a release build has no race points, build with DEBUG=1", rules);
}

void race_reset(void)
{
}

unsigned int race_unmet(void)
{
	return 0;
}
