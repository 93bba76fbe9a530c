/*
 * Priority inheritance through servers, as in QNX Neutrino: who is served decides how urgent the service is.
 *
 * A thread *serves* the port that it has received from last. While it is not in RECEIVE it runs at the highest of
 *
 *	its own priority,
 *	that of the client whose message it received last, until that client's call ends (`borrows`),
 *	that of the first in SEND: nobody can take that message before one of the servers is free.
 *
 * An earlier client that it has not answered counts no more: it is being served by whoever comes to it. Nobody is
 * lowered by a client, and pulses have no priority.
 *
 * All of it is decided under port->lock, by what each client *lends*: its priority when it began to wait, or when it
 * last said that it has changed. The result is the server's task_struct.inherited, set under its run queue's lock:
 *
 *	port->lock > run queue lock
 *
 * A server may itself wait for another. Then its priority has changed as a client's, by somebody who holds another
 * port's lock: he sets WORK_PRIO in it and wakes it, and it tells its own server itself (inherit_anew()). So a chain is
 * followed link by link, each in the context of the client that waits there, and none holds two locks. Everybody
 * tells only what is new, so a circle of clients, which is a deadlock, ends after one round; it keeps what it was lent
 * until it is broken. None of it is lost: the teller sets the priority, then WORK_PRIO (LOCKed), then looks whether
 * the task is in SEND or REPLY, and wakes it. The task goes into that state, then (LOCKed) to sleep, then looks at
 * WORK_PRIO, in wait_done() or in sched_handoff(): one of the two sees the other.
 *
 * The common case, level 0 everywhere, costs a compare at each step.
 */
#ifndef KERNEL_IPC_INHERIT_H
#define KERNEL_IPC_INHERIT_H

#include "kernel/ipc/port.h"

/* The running task receives from `port` from now on. No locks. */
void inherit_serve_slow(struct port *port);

static __always_inline void inherit_serve(const struct task_struct *me, struct port *port)
{
	if (unlikely(me->ipc.serves != port))
		inherit_serve_slow(port);
}

/* The running task, which serves a port, does so no more. */
void inherit_leave(void);

/* The running task ends. */
static inline void inherit_exit(void)
{
	if (unlikely(current->ipc.serves))
		inherit_leave();
}

/* Its priority has changed, under its run queue's lock, which is released. A reference or rcu_read_lock(). */
void ipc_prio_changed(struct task_struct *t);

/* The running task, on a list of `port` or not any more, has WORK_PRIO. */
void inherit_anew(struct port *port);

/* --- port->lock held --- */

void inherit_offer_slow(struct port *port, struct task_struct *me);
void inherit_begin_slow(struct port *port, struct task_struct *client, struct task_struct *server);
void inherit_stop_slow(struct port *port, struct task_struct *server);
void inherit_send_slow(struct port *port, struct task_struct *client);

/* The running task begins a call. One that is switched from directly has nothing to lend. */
static inline void inherit_offer(struct port *port, struct task_struct *me)
{
	if (unlikely(READ_ONCE(me->prio)))
		inherit_offer_slow(port, me);
}

/* `server` has received the message of `client`, which is not in SEND any more. */
static inline void inherit_begin(struct port *port, struct task_struct *client,
				 struct task_struct *server)
{
	if (unlikely(client->ipc.lends))
		inherit_begin_slow(port, client, server);
}

/* `server` is about to receive: what it received before is not what it works on. */
static inline void inherit_stop(struct port *port, struct task_struct *server)
{
	if (unlikely(server->ipc.borrows))
		inherit_stop_slow(port, server);
}

/* `client` is in SEND: behind all that lend as much. */
static inline void inherit_send(struct port *port, struct task_struct *client)
{
	client->ipc.state = IPC_SEND;
	if (!MUTANT(sender_not_pending))
		port->pending = true;
	if (unlikely(client->ipc.lends))
		inherit_send_slow(port, client);
	else
		list_add_tail(&client->ipc.node, &port->senders);
}

/* `client`, on no list, whose server has gone, is in SEND again: before all that lend as much. */
void inherit_requeue(struct port *port, struct task_struct *client);

#endif
