/* What a system call's handle names, as a port or a connection; NULL: it is none. Ended by handle_return(). */
#ifndef KERNEL_IPC_BORROW_H
#define KERNEL_IPC_BORROW_H

#include "kernel/ipc/handle.h"
#include "kernel/ipc/port.h"

static inline struct port *port_borrow(u64 fd, bool *counted)
{
	struct object *o = handle_borrow(fd, OBJECT_PORT, counted);

	return likely(o) ? container_of(o, struct port, object) : NULL;
}

/* The same while nothing but the running task can close it, and NULL too where that is not so. Nothing ends it. */
static inline struct port *port_borrow_own(const struct task_struct *me, u64 fd)
{
	struct object *o = handle_borrow_own(me->handles, fd, OBJECT_PORT);

	return likely(o) ? container_of(o, struct port, object) : NULL;
}

static inline struct connection *connection_borrow_own(const struct task_struct *me, u64 fd)
{
	struct object *o = handle_borrow_own(me->handles, fd, OBJECT_CONNECTION);

	return likely(o) ? container_of(o, struct connection, object) : NULL;
}

static inline struct connection *connection_borrow(u64 fd, bool *counted)
{
	struct object *o = handle_borrow(fd, OBJECT_CONNECTION, counted);

	return likely(o) ? container_of(o, struct connection, object) : NULL;
}

#endif
