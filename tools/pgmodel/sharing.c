/*
 * Which steps have to be choice points, and which may simply be done at once.
 *
 * A step conflicts when another CPU may, now or later, access the same location and one of the two
 * writes. A step that conflicts with nothing commutes with everything the others can do, so one
 * order stands for all. Reasons not to conflict:
 *
 *	private		no other CPU that still runs ever uses the location so;
 *	locks		the others who do, always hold a lock there that is held now: they have to
 *			wait for its release, which is a step of its own;
 *	fresh		the object was allocated by this CPU, and no pointer to it has been stored
 *			where others look (pool.c).
 *
 * The first two are not declared but learned: the search begins with the belief that nothing is
 * shared, and begins again whenever an access is not as believed. What it believes at its end held
 * for every access in every interleaving that it explored, and by induction over the first access
 * that would not, in every interleaving there is. A location is an aligned 8-byte word.
 */
#include "tools/pgmodel/engine.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LOCKS 32

struct location {
	u16 readers, writers; /* bits of actors, and of CHECKER */
	/* Held at every such access of the actor. */
	u32 read_locks[MAX_ACTORS], write_locks[MAX_ACTORS];
};

bool reduce_private = true, reduce_locks = true, reduce_fresh = true;

static struct location *locations;
static const void *locks[MAX_LOCKS];
static unsigned int nr_locks;

static size_t nr_locations(void)
{
	return (size_t)(__stop_world - __start_world) / 8 + 1;
}

static struct location *location_of(const void *addr)
{
	return &locations[((const u8 *)addr - __start_world) / 8];
}

static bool writes(enum op_kind kind)
{
	return kind == OP_STORE || kind == OP_RMW || kind == OP_LOCK || kind == OP_FREE ||
	       kind == OP_NOW;
}

void sharing_init(void)
{
	locations = malloc(nr_locations() * sizeof(*locations));
	if (!locations)
		abort();
}

void sharing_reset(void)
{
	memset(locations, 0, nr_locations() * sizeof(*locations));
	nr_locks = 0;
}

u32 sharing_lock_bit(const void *word)
{
	for (unsigned int i = 0; i < nr_locks; i++)
		if (locks[i] == word)
			return 1U << i;
	/* More locks than bits: the others reduce nothing. */
	if (nr_locks == MAX_LOCKS)
		return 0;
	locks[nr_locks] = word;
	return 1U << nr_locks++;
}

static bool is_shared(const struct location *l)
{
	u16 all = l->readers | l->writers;

	return l->writers && (all & (all - 1));
}

static void learn_use(u16 *users, u32 *locks_held, unsigned int who, u32 held)
{
	if (who < MAX_ACTORS)
		locks_held[who] = *users & (1U << who) ? locks_held[who] & held : held;
	*users |= (u16)(1U << who);
}

static bool learn_location(struct location *l, unsigned int who, bool write, u32 held)
{
	struct location old = *l;

	if (write)
		learn_use(&l->writers, l->write_locks, who, held);
	else
		learn_use(&l->readers, l->read_locks, who, held);
	return is_shared(l) && memcmp(&old, l, sizeof(old)) != 0;
}

bool sharing_learn(unsigned int who, const struct op *op, u32 held)
{
	bool news = false;

	for (struct location *l = location_of(op->addr);
	     l <= location_of((u8 *)op->addr + op->size - 1); l++)
		news |= learn_location(l, who, writes(op->kind), held);
	return news;
}

static bool may_come(const struct location *l, unsigned int rival, const u32 *locks_held, u32 held)
{
	const struct actor *a = &actors[rival];

	if (rival == CHECKER)
		return true;
	if (a->finished)
		return memory_buffered(a, __start_world + (l - locations) * 8, 8);
	return !(reduce_locks && (locks_held[rival] & held));
}

static bool some_may_come(const struct location *l, u16 rivals, const u32 *locks_held, u32 held)
{
	for (; rivals; rivals &= rivals - 1)
		if (may_come(l, (unsigned int)__builtin_ctz(rivals), locks_held, held))
			return true;
	return false;
}

bool sharing_conflicts(unsigned int who, const struct op *op, u32 held)
{
	u16 others = (u16) ~(1U << who);

	if (!reduce_private)
		return true;
	for (struct location *l = location_of(op->addr);
	     l <= location_of((u8 *)op->addr + op->size - 1); l++) {
		if (some_may_come(l, l->writers & others, l->write_locks, held))
			return true;
		if (writes(op->kind) && some_may_come(l, l->readers & others, l->read_locks, held))
			return true;
	}
	return false;
}

bool sharing_of_interest(unsigned int who, const struct op *op)
{
	const struct location *l = location_of(op->addr);
	u16 rivals = l->writers | (writes(op->kind) ? l->readers : 0);

	return rivals & ~(1U << who);
}

unsigned int sharing_locations(void)
{
	unsigned int n = 0;

	for (size_t i = 0; i < nr_locations(); i++)
		n += is_shared(&locations[i]);
	return n;
}
