/*
 * What is in use in the whole machine, for tests that require that nothing is left: pages, and the objects
 * of each cache of the kernel. They need pgctl=1.
 *
 * Pages that slabs hold do not count as in use: how many slabs the same objects are spread over is chance, as
 * it depends on which others were there when each was allocated. The objects are counted themselves.
 */
#ifndef USER_TESTS_INVENTORY_H
#define USER_TESTS_INVENTORY_H

#include "user/tests/abitest.h"

#define CACHES 64

struct inventory {
	uint64_t pages; /* not in use */
	unsigned int caches;
	struct pgctl_cache cache[CACHES];
};

/* When all that is kept for speed has gone back, and nothing has changed for a while. */
void inventory_take(struct inventory *all);

/* Whether all is as it was, within a tenth of a second. Says the first difference, if there is one. */
bool inventory_comes_back(const struct inventory *before);

#endif
