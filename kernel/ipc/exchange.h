/*
 * A server's turn: it replies to one client and waits for the next. In a header, for the two system calls that are one
 * function all the way to the switch.
 */
#ifndef KERNEL_IPC_EXCHANGE_H
#define KERNEL_IPC_EXCHANGE_H

#include "kernel/ipc/inherit.h"
#include "kernel/ipc/port.h"
#include "kernel/ipc/transfer.h"
#include "kernel/switch.h"

static __always_inline bool something_waits(const struct port *port)
{
	return !list_empty(&port->pulses) || !list_empty(&port->senders);
}

static __always_inline void put_reply(struct port *port, struct task_struct *client, u64 token,
				      u64 word0, u64 word1)
{
	struct syscall_args *args = thread_args(&client->thread);

	args->a1 = word0;
	args->a2 = word1;
	port->last.answered = token;
}

/*
 * The usual case: the client is the one received last and waits on this CPU, and nothing else is to be received.
 * port->lock held, interrupts off. False, and nothing has happened: it is not so.
 */
static __always_inline bool reply_directly(struct task_struct *me, struct port *port, u64 token,
					   long status, u64 word0, u64 word1, struct ipc_box *box)
{
	struct task_struct *client = port->latest;
	struct rq *rq;

	ASSERT(!DEBUG_KERNEL || port->pending || (!something_waits(port) && !port->closed));
	if (unlikely(!client || client->ipc.token != token || port->pending))
		return false;
	if (box && unlikely(!small_fits(client, box)))
		return false;
	rq = sched_handoff_begin(me, client);
	if (unlikely(!rq))
		return false;
	port->latest = NULL;
	if (box)
		small_put(client, box);
	put_reply(port, client, token, word0, word1);
	ipc_done_unlinked(client, status);
	receiver_add(port, me);
	sched_handoff(rq, me, client, &port->lock);
	return true;
}

/* Any other case, with a wake-up; token 0: nobody gets a reply. port->lock held, interrupts off: released and on. */
long ipc_reply_slowly(struct port *port, u64 token, long status, u64 word0, u64 word1,
		      struct ipc_box *box);

/*
 * As ipc_reply_receive() of port.h. With a box, what is in it goes along with the reply; -EAGAIN, and nothing has
 * happened: this client cannot take it so.
 */
static __always_inline long reply_and_wait(struct task_struct *me, struct port *port, u64 token,
					   long status, u64 word0, u64 word1, struct ipc_box *box)
{
	inherit_serve(me, port);
	port_lock_irq(port);
	if (unlikely(!reply_directly(me, port, token, status, word0, word1, box)))
		return ipc_reply_slowly(port, token, status, word0, word1, box);
	/* Asked for again, as in send.c. */
	me = current;
	if (likely(READ_ONCE(me->ipc.state) == IPC_DONE))
		return me->ipc.status;
	irq_enable();
	return ipc_sleep(me->ipc.port, 0);
}

#endif
