/*
 * The lowest keys of a set that is walked in any order: how a list that has none is told in chunks, in
 * ascending order and from a given key on, although it changes between two of them.
 *
 * What is there during all chunks has one key, which lies in one chunk's range: it is told once.
 */
#ifndef KERNEL_PROCINFO_LOWEST_H
#define KERNEL_PROCINFO_LOWEST_H

#include "kernel/base/types.h"

#define LOWEST_MAX 64

struct lowest {
	u64 first;         /* the lowest key that is wanted */
	unsigned int room; /* 1 to LOWEST_MAX */
	unsigned int n;    /* that there are, ascending */
	u64 keys[LOWEST_MAX];
	void *what[LOWEST_MAX];
};

static inline void lowest_init(struct lowest *l, u64 first, u64 room)
{
	l->first = first;
	l->room = (unsigned int)MIN(room, (u64)LOWEST_MAX);
	l->n = 0;
}

/* One more of the set. Of equal keys the first one counts. */
void lowest_add(struct lowest *l, u64 key, void *what);

#endif
