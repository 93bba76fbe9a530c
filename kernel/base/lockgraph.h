/*
 * What has been learned of the classes of locks: which was taken while which was held, and in which context.
 *
 * An edge a -> b says that some CPU, once, took a lock of class b while it held one of class a. As long as the edges
 * have no cycle, no set of CPUs can wait for each other in one. Classes with a rank (lock_classes.h) may only have
 * edges to higher ranks, so a mistake between those is found at the first half of the cycle already.
 *
 * The common case, an edge or a use that is known, is one look at a word, without a lock. For lockdep.c alone.
 */
#ifndef KERNEL_BASE_LOCKGRAPH_H
#define KERNEL_BASE_LOCKGRAPH_H

#include "kernel/base/bitops.h"
#include "kernel/base/lockdep.h"

/* How a class is taken. Two that must never meet: IN_IRQ and IRQS_ON; OVER_CALL and IRQS_OFF. */
enum lock_use {
	USE_IN_IRQ,    /* in an interrupt handler */
	USE_IRQS_ON,   /* held with interrupts on: such a handler may come on top */
	USE_OVER_CALL, /* held while other CPUs are waited for, which must take an interrupt */
	USE_IRQS_OFF,  /* waited for with interrupts off: such a CPU takes none */
	NR_LOCK_USES
};

_Static_assert(NR_LOCK_CLASSES <= BITS_PER_LONG, "a set of classes is one word");

extern u64 lock_edges[NR_LOCK_CLASSES];
extern u64 lock_uses[NR_LOCK_USES];

static inline bool lock_edge_known(enum lock_class outer, enum lock_class inner)
{
	return READ_ONCE(lock_edges[outer]) & BIT(inner);
}

static inline bool lock_use_known(enum lock_class class, enum lock_use use)
{
	return READ_ONCE(lock_uses[use]) & BIT(class);
}

/* Learns something new, or panics: it can deadlock. Any context but an NMI. */
void lock_edge_add(const struct held_lock *outer, const struct held_lock *inner);
void lock_use_add(enum lock_class class, enum lock_use use, unsigned long site);

/* All edges and uses, a line for each class. */
void lockgraph_print(void);

/* The lines that belong to the panic of this checker, if there was one. */
void lockgraph_print_report(void);

#endif
