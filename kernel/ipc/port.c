/* The life of ports and connections: see port.h. */
#include "kernel/ipc/event.h"
#include "kernel/ipc/notify.h"

#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/racepoint.h"
#include "kernel/ipc/inherit.h"
#include "kernel/machine/irq.h"
#include "mm/slab.h"

static struct kmem_cache *port_cache, *connection_cache;

void port_init(void)
{
	port_cache = kmem_cache_create("port", sizeof(struct port), 64, SLAB_PANIC);
	connection_cache =
		kmem_cache_create("connection", sizeof(struct connection), 0, SLAB_PANIC);
}

struct port *port_create(bool inherit)
{
	struct port *port = kmem_cache_alloc(port_cache, GFP_ZERO);

	if (!port)
		return NULL;
	object_init(&port->object, OBJECT_PORT);
	port->handles = 1;
	port->inherit = inherit;
	spin_lock_set_class(&port->lock, LOCK_port);
	list_init(&port->receivers);
	list_init(&port->senders);
	list_init(&port->servers);
	list_init(&port->pulses);
	list_init(&port->watches);
	list_init(&port->pollers);
	for (unsigned int i = 0; i < RECEIVED_BUCKETS; i++)
		list_init(&port->received[i]);
	wait_queue_init(&port->unpinned);
	return port;
}

void port_free(struct port *port)
{
	ASSERT(port->closed && list_empty(&port->pulses));
	kmem_cache_free(port_cache, port);
}

static void end_one(struct port *port, struct task_struct *t, long status)
{
	ipc_done(port, t, status);
	task_wake(t);
}

/* Ends the call of everybody on `tasks`. */
static void end_all(struct port *port, struct list_head *tasks, long status)
{
	while (!list_empty(tasks))
		end_one(port, list_first_entry(tasks, struct task_struct, ipc.node), status);
}

static void end_received(struct port *port)
{
	if (port->latest)
		end_one(port, port->latest, -EPIPE);
	for (unsigned int i = 0; i < RECEIVED_BUCKETS; i++)
		end_all(port, &port->received[i], -EPIPE);
}

/* Nobody receives them any more. Those of closed connections, which are to be freed, go to *closed. */
static void drop_pulses(struct port *port, struct list_head *closed)
{
	while (!list_empty(&port->pulses)) {
		struct pulse *pulse = list_first_entry(&port->pulses, struct pulse, node);

		list_del(&pulse->node);
		pulse->queued = false;
		if (pulse->code == IPC_PULSE_CLOSED)
			list_add_tail(&pulse->node, closed);
	}
}

void port_close(struct port *port)
{
	LIST_HEAD(closed);
	unsigned long flags;

	RACE_POINT(port_closing);
	flags = port_lock(port);
	port->closed = port->pending = true;
	if (port->waiting)
		end_one(port, port->waiting, -EBADF);
	end_all(port, &port->receivers, -EBADF);
	if (!MUTANT(close_forgets_senders))
		end_all(port, &port->senders, -EPIPE);
	if (!MUTANT(close_forgets_received))
		end_received(port);
	drop_pulses(port, &closed);
	port_notify_all(port);
	port_unlock(port, flags);
	while (!list_empty(&closed)) {
		struct pulse *pulse = list_first_entry(&closed, struct pulse, node);

		list_del(&pulse->node);
		pulse_received(pulse);
	}
	irq_port_closed(port);
	watches_fire(port);
}

bool port_inherit(struct port *port)
{
	if (!port->inherit)
		return false;
	/* The parent's own handle is there meanwhile: the count is not 0. */
	object_get(&port->object);
	atomic_inc(&port->handles);
	return true;
}

void port_put_handle(struct port *port)
{
	if (atomic_dec_and_test(&port->handles))
		port_close(port);
}

/* `t` is in IPC_REPLY. */
static void requeue(struct port *port, struct task_struct *t)
{
	ipc_unlink(port, t);
	inherit_requeue(port, t);
}

unsigned int port_requeue(struct port *port)
{
	unsigned long flags = port_lock(port);
	unsigned int n = 0;

	if (port->latest) {
		requeue(port, port->latest);
		n++;
	}
	for (unsigned int i = 0; i < RECEIVED_BUCKETS; i++) {
		for (struct list_head *bucket = &port->received[i]; !list_empty(bucket); n++)
			requeue(port, list_first_entry(bucket, struct task_struct, ipc.node));
	}
	port_notify_all(port);
	port_unlock(port, flags);
	return n;
}

/* --- connections --- */

struct connection *connection_create(struct port *port, u64 cookie)
{
	struct connection *c = kmem_cache_alloc(connection_cache, GFP_ZERO);

	if (!c)
		return NULL;
	object_init(&c->object, OBJECT_CONNECTION);
	object_get(&port->object);
	c->port = port;
	c->cookie = c->closed.cookie = c->bits.cookie = cookie;
	c->closed.code = IPC_PULSE_CLOSED;
	c->bits.code = IPC_PULSE_BITS;
	return c;
}

static void connection_free(struct connection *c)
{
	object_put(&c->port->object);
	kmem_cache_free(connection_cache, c);
}

/* Nobody waits for it: it waits. port->lock held. */
static void pulse_queue(struct port *port, struct pulse *pulse)
{
	pulse->queued = port->pending = true;
	list_add_tail(&pulse->node, &port->pulses);
}

void connection_closed(struct connection *c)
{
	struct port *port = c->port;
	unsigned long flags = port_lock(port);
	struct task_struct *receiver = receiver_first(port);
	bool queued = false;

	/* Bits that were set before come first: the list keeps their order. */
	if (port->closed) {
		queued = false;
	} else if (receiver) {
		ipc_done(port, receiver, 0);
		pulse_deliver(port, &c->closed, receiver);
		task_wake(receiver);
	} else {
		pulse_queue(port, &c->closed);
		queued = true;
	}
	port_unlock(port, flags);
	/* A queued one goes when it has been received, or when the port closes. */
	if (!queued)
		connection_free(c);
}

/* --- pulses --- */

void pulse_deliver(struct port *port, struct pulse *pulse, struct task_struct *receiver)
{
	if (pulse->code == IPC_PULSE_CLOSED)
		port->last.closed = pulse->cookie;
	receiver->ipc.serving = 0;
	thread_args(&receiver->thread)->a0 = pulse->cookie;
	thread_args(&receiver->thread)->a1 = pulse->code;
	thread_args(&receiver->thread)->a2 = pulse->value;
	pulse->value = 0;
	pulse->queued = false;
}

void pulse_received(struct pulse *closed)
{
	if (closed)
		connection_free(container_of(closed, struct connection, closed));
}

bool pulse_post(struct port *port, struct pulse *pulse, u64 bits)
{
	unsigned long flags = port_lock(port);
	struct task_struct *receiver = receiver_first(port);
	bool open = !port->closed;

	pulse->value |= bits;
	if (!open || pulse->queued) {
		/* Nobody will know, or it is received together with what came before. */
	} else if (receiver) {
		ipc_done(port, receiver, 0);
		pulse_deliver(port, pulse, receiver);
		task_wake(receiver);
	} else {
		pulse_queue(port, pulse);
	}
	port_unlock(port, flags);
	return open;
}

void pulse_cancel(struct port *port, struct pulse *pulse)
{
	unsigned long flags = port_lock(port);

	if (pulse->queued)
		list_del(&pulse->node);
	pulse->queued = false;
	port_unlock(port, flags);
}
