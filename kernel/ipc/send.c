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
#include "kernel/ipc/inherit.h"
#include "kernel/ipc/transfer.h"
#include "kernel/sched.h"
#include "kernel/switch.h"
#include "kernel/syscalls.h"

/* The one that waits on this CPU, or any; NULL: nobody waits. */
static struct task_struct *choose_receiver(struct port *port)
{
	struct task_struct *t = port->waiting;

	if (t && READ_ONCE(t->cpu) == cpu_id())
		return t;
	list_for_each_entry (t, &port->receivers, ipc.node)
		if (READ_ONCE(t->cpu) == cpu_id())
			return t;
	return receiver_first(port);
}

static __always_inline void fill(struct task_struct *me, struct connection *c,
				 struct ipc_data *data)
{
	me->ipc.connection = c;
	me->ipc.data = data;
	me->ipc.pid = (u32)me->pid;
	me->ipc.seq++;
}

/* After a direct switch: most often the reply came by one too. */
static __always_inline long after_handoff(void)
{
	/* Asked for again: a value that is needed on both sides of a switch is saved for it. */
	struct task_struct *me = current;

	if (likely(!READ_ONCE(me->ipc.busy)))
		return me->ipc.status;
	irq_enable();
	return ipc_sleep(me->ipc.connection->port, 0);
}

/*
 * The usual case: the receiver that came last waits on this CPU. The message is filled in. port->lock held, interrupts
 * off. False, and nothing has happened: it is not so.
 */
static __always_inline bool send_directly(struct task_struct *me, struct connection *c,
					  struct port *port, struct ipc_words words,
					  struct ipc_data *data)
{
	struct task_struct *receiver = port->waiting;
	struct rq *rq;

	if (unlikely(!receiver))
		return false;
	rq = sched_handoff_begin(me, receiver);
	if (unlikely(!rq))
		return false;
	port->waiting = NULL;
	ipc_done_unlinked(receiver, transfer(port, me, c, words, data, receiver));
	sched_handoff(rq, me, receiver, &port->lock);
	return true;
}

/* Any other case, with a wake-up. */
static noinline long send_slowly(struct task_struct *me, struct connection *c, struct port *port,
				 struct ipc_data *data, u64 timeout)
{
	u64 deadline = timeout ? time_ns() + timeout : 0;
	struct task_struct *receiver;

	if (port->closed) {
		port_unlock_irq(port);
		return -EPIPE;
	}
	inherit_offer(port, me);
	receiver = choose_receiver(port);
	if (receiver) {
		ipc_done(port, receiver, transfer(port, me, c, ipc_words_of(me), data, receiver));
		inherit_begin(port, me, receiver);
		task_wake(receiver);
	} else {
		inherit_send(port, me);
	}
	port_unlock_irq(port);
	RACE_POINT(ipc_sent);
	return ipc_sleep(port, deadline);
}

static __always_inline long send_any(struct connection *c, struct ipc_data *data, u64 timeout)
{
	struct task_struct *me = current;
	struct port *port = c->port;

	fill(me, c, data);
	port_lock_irq(port);
	if (timeout || !send_directly(me, c, port, ipc_words_of(me), data))
		return send_slowly(me, c, port, data, timeout);
	return after_handoff();
}

/* The call is over. Brings home what the reply has left in the box. */
static __always_inline long send_end(struct ipc_data *data, long status)
{
	if (!data->answered)
		return status;
	irq_enable();
	return ipc_small_end(data) ? -EFAULT : status;
}

long ipc_send(struct connection *c, struct ipc_data *data)
{
	ipc_small_begin(data);
	return send_end(data, send_any(c, data, 0));
}

long ipc_send_timed(struct connection *c, struct ipc_data *data, u64 timeout)
{
	if (!data)
		return send_any(c, NULL, timeout);
	ipc_small_begin(data);
	return send_end(data, send_any(c, data, timeout));
}

/* With a time-out, or by a handle that others can close meanwhile. */
static noinline long call_slowly(u64 fd, u64 timeout)
{
	struct connection *c;
	bool counted;
	long ret;

	c = connection_borrow(fd, &counted);
	if (unlikely(!c))
		return -EBADF;
	ret = ipc_send_timed(c, NULL, timeout);
	handle_return(&c->object, counted);
	return ret;
}

/* The short call, in one function all the way to the switch. */
SYSCALL(ipc_call)
{
	struct task_struct *me = current;
	struct connection *c = connection_borrow_own(me, a0);
	struct port *port;

	if (unlikely(!c || a5))
		return call_slowly(a0, a5);
	port = c->port;
	fill(me, c, NULL);
	port_lock_irq(port);
	if (unlikely(!send_directly(me, c, port, (struct ipc_words){{a1, a2, a3, a4}}, NULL)))
		return send_slowly(me, c, port, NULL, 0);
	return after_handoff();
}
