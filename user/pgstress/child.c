/*
 * What an exec'd child does: `pgstress child seed=N`. It starts on a root that was made for exec,
 * reads a grown range through it, dirties a little memory, exits.
 */
#include <stdlib.h>
#include <string.h>

#include "user/pgstress/pgstress.h"

#define SCRATCH (8 * PAGE_SIZE)

enum outcome child_main(uint64_t seed)
{
	volatile char *scratch;
	struct pgctl_stats stats;
	struct rng rng;

	rng_seed(&rng, seed, 3);
	cfg.dry = pgctl(PGCTL_STATS, 0, 0, &stats) != 0;
	scratch = malloc(SCRATCH);
	if (!scratch) {
		say("pgstress: exec'd child: no memory");
		return OUTCOME_ERROR;
	}
	for (size_t at = rng_below(&rng, PAGE_SIZE); at < SCRATCH; at += PAGE_SIZE)
		scratch[at] = 1;
	return touch_any(&rng);
}
