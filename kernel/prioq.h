/*
 * A queue by priority: a list for each level, and which of them have anybody.
 *
 *	prioq_add(q, node, level)	behind the others of its level
 *	prioq_add_first(q, node, level)	before them
 *	prioq_del(q, node, level)	from anywhere
 *	prioq_top(q)			the highest level that has anybody; 0 for an empty queue, too
 *	prioq_first(q)			the first of that level, or NULL
 *
 * All take constant time. Level 0 is where nearly everybody is nearly always, so it has no bit: it costs a list
 * and one look whether the others have anybody. The caller brings the lock; prioq_top() may be asked without it, and is
 * then of some moment ago. A node that was removed has next == NULL.
 */
#ifndef KERNEL_PRIOQ_H
#define KERNEL_PRIOQ_H

#include "kernel/base/bitops.h"
#include "kernel/base/compiler.h"
#include "kernel/base/list.h"

#define PRIOQ_LEVELS 100

struct prio_queue {
	u32 nr_above;                        /* nodes on levels from 1 on */
	DECLARE_BITMAP(above, PRIOQ_LEVELS); /* those of these levels that have any */
	struct list_head level[PRIOQ_LEVELS];
};

static inline void prioq_init(struct prio_queue *q)
{
	q->nr_above = 0;
	q->above[0] = q->above[1] = 0;
	for (unsigned int i = 0; i < PRIOQ_LEVELS; i++)
		list_init(&q->level[i]);
}

static inline unsigned int prioq_top(const struct prio_queue *q)
{
	unsigned long low, high;

	if (likely(!READ_ONCE(q->nr_above)))
		return 0;
	low = READ_ONCE(q->above[0]);
	high = READ_ONCE(q->above[1]);
	if (high)
		return 2 * BITS_PER_LONG - 1 - (unsigned int)__builtin_clzl(high);
	return low ? BITS_PER_LONG - 1 - (unsigned int)__builtin_clzl(low) : 0;
}

static inline void prioq_mark(struct prio_queue *q, unsigned int level)
{
	WRITE_ONCE(q->nr_above, q->nr_above + 1);
	__set_bit(level, q->above);
}

static inline void prioq_add(struct prio_queue *q, struct list_head *node, unsigned int level)
{
	list_add_tail(node, &q->level[level]);
	if (unlikely(level))
		prioq_mark(q, level);
}

static inline void prioq_add_first(struct prio_queue *q, struct list_head *node, unsigned int level)
{
	list_add(node, &q->level[level]);
	if (unlikely(level))
		prioq_mark(q, level);
}

static inline void prioq_del(struct prio_queue *q, struct list_head *node, unsigned int level)
{
	list_del(node);
	if (likely(!level))
		return;
	WRITE_ONCE(q->nr_above, q->nr_above - 1);
	if (list_empty(&q->level[level]))
		__clear_bit(level, q->above);
}

static inline struct list_head *prioq_first(const struct prio_queue *q)
{
	const struct list_head *level = &q->level[prioq_top(q)];

	return list_empty(level) ? NULL : level->next;
}

#endif
