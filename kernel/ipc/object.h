/*
 * What a handle can name, with a count of references.
 *
 *	object_get(), object_put()	the last put frees; process context
 *
 * A handle holds one reference, a call that uses the object may hold one, a message in transit one for
 * each handle that it carries. The kernel's log is one for all and is not counted: its counter would be a
 * line that each fork on each CPU writes.
 */
#ifndef KERNEL_IPC_OBJECT_H
#define KERNEL_IPC_OBJECT_H

#include "kernel/base/atomic.h"

enum object_type {
	OBJECT_LOG,        /* descriptors 0 to 2 until there is a console server */
	OBJECT_PORT,       /* struct port: the right to receive */
	OBJECT_CONNECTION, /* struct connection: the right to send */
	OBJECT_MEMORY,     /* struct memory_handle */
	OBJECT_TIMER,      /* struct timer_handle */
	OBJECT_WATCH,      /* struct watch */
	OBJECT_MACHINE,    /* kernel/machine/machine.h: one for ever */
	OBJECT_IOPORTS,    /* struct ioports_right */
	OBJECT_IRQ,        /* struct irq_handle */
	OBJECT_PROCINFO,   /* the process-information right (kernel/procinfo/right.h) */
};

struct object {
	u32 type; /* constant: enum object_type */
	u32 refs; /* atomic */
};

static inline void object_init(struct object *o, enum object_type type)
{
	o->type = type;
	o->refs = 1;
}

static inline void object_get(struct object *o)
{
	if (o->type != OBJECT_LOG)
		atomic_inc(&o->refs);
}

/* For who finds it on a list, under the lock that its end takes: false when it is being freed. */
static inline bool object_tryget(struct object *o)
{
	u32 refs = READ_ONCE(o->refs);

	while (refs) {
		u32 seen = atomic_cmpxchg(&o->refs, refs, refs + 1);

		if (seen == refs)
			return true;
		refs = seen;
	}
	return false;
}

void object_put(struct object *o);

/* Whether a second handle may name it: by dup, in a message. A port has one receiver, its process. */
static inline bool object_can_dup(const struct object *o)
{
	return o->type != OBJECT_PORT;
}

/* fork's: a reference for the child's handle. False: the child gets none. */
bool object_inherit(struct object *o);

void object_close_counted(struct object *o);

/* A handle that named it is closed: its reference is given up, a port ends. Process context, no locks. */
static inline void object_close(struct object *o)
{
	if (o->type != OBJECT_LOG)
		object_close_counted(o);
}

#endif
