/* Role auditor: compares every root table with the reference, now and then, until the limit. */
#include <string.h>

#include "user/pgstress/pgstress.h"

#define BETWEEN_NS 50000000ull

enum outcome auditor_role(unsigned int index, struct rng *rng, const struct limit *limit)
{
	enum outcome outcome = OUTCOME_OK;

	for (unsigned int done = 0; !limit_reached(limit, done) && outcome == OUTCOME_OK; done++) {
		long missing = cfg.dry ? 0 : pgctl(PGCTL_AUDIT, 0, 0, NULL);

		if (missing < 0) {
			say("pgstress: auditor %u: %s", index, strerror((int)-missing));
			return OUTCOME_ERROR;
		}
		if (missing > 0)
			outcome = OUTCOME_MISSING;
		nap_ns(BETWEEN_NS / 2 + rng_below(rng, BETWEEN_NS));
	}
	return outcome;
}
