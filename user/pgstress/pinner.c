/*
 * Role pinner: stops everybody else, has every root made read-only and back, now and then, until the
 * limit. Says at its end how often, and how many roots the largest of these moments had.
 */
#include <string.h>

#include "user/pgstress/pgstress.h"

#define BETWEEN_NS 100000000ull

enum outcome pinner_role(unsigned int index, struct rng *rng, const struct limit *limit)
{
	unsigned int done = 0;
	long most = 0;

	for (; !limit_reached(limit, done); done++) {
		long roots = cfg.dry ? 0 : pgctl(PGCTL_PIN, 0, 0, NULL);

		if (roots < 0) {
			say("pgstress: pinner %u: %s", index, strerror((int)-roots));
			return OUTCOME_ERROR;
		}
		most = roots > most ? roots : most;
		nap_ns(BETWEEN_NS / 2 + rng_below(rng, BETWEEN_NS));
	}
	say("pgstress: pinner %u: %u times, up to %ld roots", index, done, most);
	return OUTCOME_OK;
}
