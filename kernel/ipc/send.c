/*
 * Sending: the client's side of a message. See port.h.
 *
 * A receiver that waits on this CPU is switched to directly, with the port's lock handed over to the switch: no
 * run queue, no wake-up. Everything else is the same with a wake-up.
 */
#include "arch/timer.h"
#include "kernel/base/errno.h"
#include "kernel/base/racepoint.h"
#include "kernel/ipc/borrow.h"
#include "kernel/ipc/transfer.h"
#include "kernel/sched.h"
#include "kernel/switch.h"
#include "kernel/syscalls.h"

/* The one that waits on this CPU, or any. At least one waits. */
static struct task_struct *choose_receiver(struct port *port)
{
	struct task_struct *t;

	list_for_each_entry (t, &port->receivers, ipc.node)
		if (likely(READ_ONCE(t->cpu) == cpu_id()))
			return t;
	return list_first_entry(&port->receivers, struct task_struct, ipc.node);
}

/* The rest, without a direct switch. port->lock held, interrupts off. */
static noinline long send_slowly(struct port *port, struct task_struct *receiver, u64 timeout)
{
	u64 deadline = timeout ? time_ns() + timeout : 0;

	if (receiver)
		task_wake(receiver);
	port_unlock_irq(port);
	RACE_POINT(ipc_sent);
	return ipc_sleep(port, deadline);
}

static noinline long send_to_closed(struct port *port)
{
	port_unlock_irq(port);
	return -EPIPE;
}

static __always_inline long send_and_wait(struct connection *c, struct ipc_data *data, u64 timeout)
{
	struct port *port = c->port;
	struct task_struct *me = current, *receiver = NULL;

	me->ipc.connection = c;
	me->ipc.data = data;
	me->ipc.token = (u64)me->pid << 32 | ++me->ipc.seq;
	port_lock_irq(port);
	if (unlikely(port->closed))
		return send_to_closed(port);
	if (likely(!list_empty(&port->receivers))) {
		receiver = choose_receiver(port);
		ipc_done(port, receiver, transfer(port, me, receiver));
	} else {
		me->ipc.state = IPC_SEND;
		list_add_tail(&me->ipc.node, &port->senders);
	}
	if (unlikely(!receiver || timeout || !sched_handoff(me, receiver, &port->lock)))
		return send_slowly(port, receiver, timeout);
	if (unlikely(READ_ONCE(me->ipc.state) != IPC_DONE || me->ipc.pins)) {
		irq_enable();
		return ipc_sleep(port, 0);
	}
	return me->ipc.status;
}

long ipc_send(struct connection *c, struct ipc_data *data, u64 timeout)
{
	return send_and_wait(c, data, timeout);
}

/* The short call, here so that it is one function all the way to the switch. */
SYSCALL(ipc_call)
{
	struct connection *c;
	bool counted;
	long ret;

	UNUSED_ARGS(a1, a2, a3, a4); /* stay in the registers: thread_args() */
	c = connection_borrow(a0, &counted);
	if (unlikely(!c))
		return -EBADF;
	ret = send_and_wait(c, NULL, a5);
	handle_return(&c->object, counted);
	return ret;
}
