/*
 * What is in use: see inventory.h.
 *
 * A process's last pieces go when its CPU has switched away from it, which may be after it was waited for. So one look
 * is not enough, neither before nor after what is tested.
 */
#include "user/tests/inventory.h"

#include <string.h>

#define MS 1000000ul

static void look(struct inventory *all)
{
	struct pgctl_stats stats;
	long pages = pages_at_rest(&stats);

	CHECK(pages > 0);
	all->pages = pages + stats.slab_pages;
	for (all->caches = 0; all->caches < CACHES; all->caches++)
		if (pgctl(PGCTL_CACHE, all->caches, 0, (void *)&all->cache[all->caches]) < 0)
			break;
	CHECK(all->caches > 0 && all->caches < CACHES);
}

void inventory_take(struct inventory *all)
{
	static struct inventory again;

	look(all);
	for (int same = 0; same < 5; same++) {
		nap_ns(MS);
		look(&again);
		if (memcmp(all, &again, sizeof(again)) != 0)
			same = -1;
		*all = again;
	}
}

/* Says the first difference, if there is one. */
static bool same(const struct inventory *a, const struct inventory *b)
{
	for (unsigned int i = 0; i < a->caches; i++) {
		if (a->cache[i].objects == b->cache[i].objects)
			continue;
		say("# %s: %lu objects, then %lu", a->cache[i].name,
		    (unsigned long)a->cache[i].objects, (unsigned long)b->cache[i].objects);
		return false;
	}
	if (a->pages != b->pages)
		say("# %lu free pages, then %lu", (unsigned long)a->pages, (unsigned long)b->pages);
	return a->pages == b->pages;
}

bool inventory_comes_back(const struct inventory *before)
{
	static struct inventory after;

	for (int i = 0; i < 100; i++) {
		look(&after);
		if (memcmp(before, &after, sizeof(after)) == 0)
			return true;
		nap_ns(MS);
	}
	return same(before, &after);
}
