/*
 * Role grower: makes the kernel half grow, in a fresh root slot and across the boundary of two in
 * turn, has the new range read from everywhere, holds a few ranges for the workers to read, and
 * frees the oldest.
 *
 * Fresh slots are finite and slots are never given back, so at -ENOSPC a grower frees what it holds
 * and asks for the test-only reset. Another grower may hold ranges still: the reset is then
 * refused, and tried again. Whoever waits holds nothing, so somebody always gets on.
 */
#include <errno.h>
#include <string.h>

#include "user/pgstress/pgstress.h"

#define HOLD        3    /* ranges held by one grower */
#define MAX_PAGES   16   /* of one range */
#define TOUR_EVERY  4    /* rounds */
#define MAX_REFUSED 4000 /* in a row */
#define NAP_NS      2000000ull

struct held {
	long id[HOLD];
	unsigned int n;
};

static enum outcome release_oldest(struct held *h)
{
	long id = h->id[0];
	long ret = pgctl(PGCTL_FREE, id, 0, NULL);

	h->n--;
	memmove(h->id, h->id + 1, h->n * sizeof(h->id[0]));
	if (ret == 0)
		return OUTCOME_OK;
	say("pgstress: free of range %ld: %s", id, strerror((int)-ret));
	return OUTCOME_ERROR;
}

static enum outcome release_all(struct held *h)
{
	enum outcome outcome = OUTCOME_OK;

	while (h->n > 0)
		outcome = worse(outcome, release_oldest(h));
	return outcome;
}

/* Returns a range number, or -errno when it stays refused. Ranges held may have been freed. */
static long grow(struct held *h, struct rng *rng, unsigned int round)
{
	unsigned long bytes = (2 + rng_below(rng, MAX_PAGES - 1)) * PAGE_SIZE;
	unsigned long kind = 1 + round % 2;
	long id = -ENOSPC;

	for (unsigned int refused = 0; refused < MAX_REFUSED; refused++) {
		long reset = 0;

		id = pgctl(PGCTL_GROW, bytes, kind, NULL);
		if (id >= 0 || (id != -ENOSPC && id != -ENOMEM))
			return id;
		if (release_all(h) != OUTCOME_OK)
			return -EINVAL;
		if (id == -ENOSPC)
			reset = pgctl(PGCTL_RESET, 0, 0, NULL);
		if (reset < 0 && reset != -EBUSY)
			return reset;
		if (id == -ENOMEM || reset == -EBUSY)
			nap_ns(NAP_NS + rng_below(rng, NAP_NS));
	}
	return id;
}

static enum outcome read_everywhere(long id, bool tour)
{
	enum outcome outcome = worse(touch(id), touch_kthreads(id));

	if (tour && look_at_cpus() == 0) {
		outcome = worse(outcome, tour_threads(id));
		outcome = worse(outcome, tour_children(id));
	}
	return outcome;
}

static enum outcome one_round(struct held *h, struct rng *rng, unsigned int round)
{
	bool tour = (round + cfg.seed) % TOUR_EVERY == 0;
	enum outcome outcome;
	long id = 0;

	if (!cfg.dry)
		id = grow(h, rng, round);
	if (id < 0) {
		say("pgstress: growth: %s", strerror((int)-id));
		return OUTCOME_ERROR;
	}
	outcome = read_everywhere(id, tour);
	if (cfg.dry) {
		nap_ns(NAP_NS);
		return outcome;
	}
	h->id[h->n++] = id;
	if (h->n == HOLD)
		outcome = worse(outcome, release_oldest(h));
	return outcome;
}

enum outcome grower_role(unsigned int index, struct rng *rng, const struct limit *limit)
{
	struct held h = {.n = 0};
	enum outcome outcome = OUTCOME_OK;
	unsigned int done = 0;

	while (!limit_reached(limit, done) && outcome == OUTCOME_OK)
		outcome = one_round(&h, rng, index + done++);
	if (!cfg.dry)
		outcome = worse(outcome, release_all(&h));
	return outcome;
}
