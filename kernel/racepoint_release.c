/* The release build's side of racepoint.h: it has no race points, so nothing can be scheduled. */
#include "boot/bootinfo.h"
#include "kernel/base/panic.h"
#include "kernel/racepoint.h"

void race_init(void)
{
	static char rules[16];

	if (boot_option("sched", rules, sizeof(rules)))
		panic("sched=%s: a release build has no race points; build with DEBUG=1", rules);
}
