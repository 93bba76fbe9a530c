/* Priority inheritance through servers: see inherit.h. */
#include "kernel/ipc/inherit.h"

#include "kernel/base/mutant.h"
#include "kernel/base/racepoint.h"
#include "kernel/sched.h"

/* --- port->lock held --- */

/* What the first in SEND lends, which is the most. */
static u8 first_lends(const struct port *port)
{
	if (list_empty(&port->senders))
		return 0;
	return list_first_entry(&port->senders, struct task_struct, ipc.node)->ipc.lends;
}

/* In RECEIVE nobody is in SEND, so that is no case of its own. */
static void settle(const struct port *port, struct task_struct *server)
{
	u8 inherits = MAX(server->ipc.borrows, first_lends(port));

	if (server->inherited != inherits && !MUTANT(inherit_never))
		sched_inherit(server, inherits);
}

static void settle_all(const struct port *port)
{
	struct task_struct *server;

	list_for_each_entry (server, &port->servers, server_node)
		settle(port, server);
}

/* The client's part of it. */
static void set_lends(struct port *port, struct task_struct *client, u8 lends)
{
	port->lenders += !!lends - !!client->ipc.lends;
	port->pending |= lends;
	client->ipc.lends = lends;
}

/* Whoever serves `client` has `lends` of it. In RECEIVE nobody does: that message was put aside. */
static void lend(struct port *port, const struct task_struct *client, u8 lends)
{
	struct task_struct *server;

	list_for_each_entry (server, &port->servers, server_node)
		if (server->ipc.serving == client->ipc.token && server->ipc.state != IPC_RECEIVE)
			server->ipc.borrows = lends;
}

void inherit_offer_slow(struct port *port, struct task_struct *me)
{
	set_lends(port, me, (u8)READ_ONCE(me->prio));
}

void inherit_begin_slow(struct port *port, struct task_struct *client, struct task_struct *server)
{
	server->ipc.borrows = client->ipc.lends;
	/* It is the first in SEND no more: that concerns all. */
	settle_all(port);
}

void inherit_stop_slow(struct port *port, struct task_struct *server)
{
	server->ipc.borrows = 0;
	settle(port, server);
}

/* Before the first that lends less, and if `first`, than who lends as much, too. */
static void insert(struct port *port, struct task_struct *client, bool first)
{
	u8 least = client->ipc.lends + first;
	struct task_struct *t;

	if (MUTANT(send_queue_fifo))
		least = 0;
	list_for_each_entry (t, &port->senders, ipc.node)
		if (t->ipc.lends < least)
			break;
	list_add_tail(&client->ipc.node, list_node(t, ipc.node));
}

void inherit_send_slow(struct port *port, struct task_struct *client)
{
	insert(port, client, false);
	settle_all(port);
}

void inherit_requeue(struct port *port, struct task_struct *client)
{
	lend(port, client, 0);
	client->ipc.state = IPC_SEND;
	port->pending = true;
	insert(port, client, true);
	settle_all(port);
}

void inherit_end(struct port *port, struct task_struct *client)
{
	if (!MUTANT(inherit_for_ever))
		lend(port, client, 0);
	set_lends(port, client, 0);
	settle_all(port);
}

/* --- the running task --- */

void inherit_leave(void)
{
	struct task_struct *me = current;
	struct port *port = me->ipc.serves;

	port_lock_irq(port);
	list_del(&me->server_node);
	me->ipc.borrows = 0;
	if (me->inherited)
		sched_inherit(me, 0);
	port_unlock_irq(port);
	me->ipc.serves = NULL;
	object_put(&port->object);
}

void inherit_serve_slow(struct port *port)
{
	struct task_struct *me = current;

	if (me->ipc.serves)
		inherit_leave();
	object_get(&port->object);
	me->ipc.serves = port;
	me->ipc.serving = 0;
	port_lock_irq(port);
	list_add_tail(&me->server_node, &port->servers);
	settle(port, me);
	port_unlock_irq(port);
}

void ipc_prio_changed(struct task_struct *t)
{
	u32 state;

	if (MUTANT(chain_not_followed))
		return;
	/* Full barrier: see inherit.h. */
	if (!MUTANT(prio_change_unmarked))
		(void)atomic_fetch_or(&t->work, WORK_PRIO);
	state = READ_ONCE(t->ipc.state);
	if (state == IPC_SEND || state == IPC_REPLY)
		(void)task_wake_killable(t);
}

void inherit_anew(struct port *port)
{
	struct task_struct *me = current;
	unsigned long flags;
	u8 lends;

	/* Full barrier: the bit before the priority. Partner: ipc_prio_changed(). */
	(void)atomic_fetch_and(&me->work, ~WORK_PRIO);
	RACE_POINT(inherit_telling);
	flags = port_lock(port);
	lends = (u8)READ_ONCE(me->prio);
	if (me->ipc.lends == lends) {
		/* It keeps its place. */
	} else if (me->ipc.state == IPC_SEND) {
		list_del(&me->ipc.node);
		set_lends(port, me, lends);
		insert(port, me, false);
	} else if (me->ipc.state == IPC_REPLY) {
		set_lends(port, me, lends);
		lend(port, me, lends);
	}
	settle_all(port);
	port_unlock(port, flags);
}
