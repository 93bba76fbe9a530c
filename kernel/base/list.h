/*
 * Circular doubly linked lists with the node inside the object.
 *
 * The caller brings the lock. The _rcu calls let readers walk without one: an insertion publishes
 * a complete node with a release store, a removal keeps the node's own `next` so that a reader who
 * stands on it finds its way back to the list.
 */
#ifndef KERNEL_BASE_LIST_H
#define KERNEL_BASE_LIST_H

#include "kernel/base/barrier.h"
#include "kernel/base/contextcheck.h"
#include "kernel/base/types.h"

struct list_head {
	struct list_head *next, *prev;
};

/* clang-format off */
#define LIST_HEAD_INIT(name) {&(name), &(name)}
/* clang-format on */
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void list_init(struct list_head *h)
{
	h->next = h->prev = h;
}

static inline bool list_empty(const struct list_head *h)
{
	return READ_ONCE(h->next) == h;
}

static inline void list_insert_between(struct list_head *n, struct list_head *prev,
				       struct list_head *next)
{
	n->next = next;
	n->prev = prev;
	next->prev = n;
	/* Publishes the node: pairs with the dependent load in list_for_each_entry_rcu. */
	smp_store_release(&prev->next, n);
}

static inline void list_add(struct list_head *n, struct list_head *h)
{
	list_insert_between(n, h, h->next);
}

static inline void list_add_tail(struct list_head *n, struct list_head *h)
{
	list_insert_between(n, h->prev, h);
}

/* Leaves n->next as it was, for readers that stand on it. */
static inline void list_del_rcu(struct list_head *n)
{
	n->next->prev = n->prev;
	WRITE_ONCE(n->prev->next, n->next);
	n->prev = NULL;
}

static inline void list_del(struct list_head *n)
{
	struct list_head *next = n->next, *prev = n->prev;

	next->prev = prev;
	WRITE_ONCE(prev->next, next);
	n->next = n->prev = NULL;
}

static inline void list_del_init(struct list_head *n)
{
	n->next->prev = n->prev;
	WRITE_ONCE(n->prev->next, n->next);
	list_init(n);
}

/* Moves all of `from` to the tail of `to`; `from` is empty afterwards. */
static inline void list_splice_tail_init(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(ptr, type, member)     container_of(ptr, type, member)
#define list_first_entry(h, type, member) list_entry((h)->next, type, member)
#define list_last_entry(h, type, member)  list_entry((h)->prev, type, member)

/*
 * The node of `pos`. At the end of a walk that is the list's head, and `pos` no object: &pos->member
 * would claim that it is one, and aligned as such.
 */
#define list_node(pos, member)                                                                     \
	((struct list_head *)((char *)(pos) + __builtin_offsetof(__typeof__(*(pos)), member)))

#define list_for_each_entry(pos, h, member)                                                        \
	for (pos = list_entry((h)->next, __typeof__(*pos), member); list_node(pos, member) != (h); \
	     pos = list_entry(list_node(pos, member)->next, __typeof__(*pos), member))

/* `pos` may be removed in the body. */
#define list_for_each_entry_safe(pos, tmp, h, member)                                              \
	for (pos = list_entry((h)->next, __typeof__(*pos), member),                                \
	    tmp = list_entry(list_node(pos, member)->next, __typeof__(*pos), member);              \
	     list_node(pos, member) != (h);                                                        \
	     pos = tmp, tmp = list_entry(list_node(tmp, member)->next, __typeof__(*tmp), member))

/* Inside rcu_read_lock(). */
#define list_for_each_entry_rcu(pos, h, member)                                                    \
	for (context_check_reader(),                                                               \
	     pos = list_entry(READ_ONCE((h)->next), __typeof__(*pos), member);                     \
	     list_node(pos, member) != (h);                                                        \
	     pos = list_entry(READ_ONCE(list_node(pos, member)->next), __typeof__(*pos), member))

#endif
