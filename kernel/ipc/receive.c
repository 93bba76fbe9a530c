/* Receiving and replying: the server's side of a message. See port.h. */
#include "arch/timer.h"
#include "kernel/base/errno.h"
#include "kernel/base/racepoint.h"
#include "kernel/ipc/borrow.h"
#include "kernel/ipc/buffer.h"
#include "kernel/ipc/exchange.h"
#include "kernel/ipc/transfer.h"
#include "kernel/sched.h"
#include "kernel/syscalls.h"

/* The running task receives what waits, pulses first. *closed gets what pulse_received() wants. */
static long take(struct port *port, struct pulse **closed)
{
	struct task_struct *client;

	*closed = NULL;
	if (!list_empty(&port->pulses)) {
		struct pulse *pulse = list_first_entry(&port->pulses, struct pulse, node);

		list_del(&pulse->node);
		pulse_deliver(port, pulse, current);
		if (pulse->code == IPC_PULSE_CLOSED)
			*closed = pulse;
		return 0;
	}
	client = list_first_entry(&port->senders, struct task_struct, ipc.node);
	list_del(&client->ipc.node);
	inherit_begin(port, client, current);
	return transfer(port, client, client->ipc.connection, ipc_words_of(client),
			client->ipc.data, current);
}

/* port->lock held, interrupts off: released and on. */
static long receive_locked(struct port *port, u64 deadline)
{
	struct pulse *closed = NULL;
	bool sleep = false;
	long ret;

	if (port->closed) {
		ret = -EBADF;
	} else if (something_waits(port)) {
		inherit_stop(port, current);
		ret = take(port, &closed);
	} else {
		inherit_stop(port, current);
		port->pending = port->lenders != 0;
		receiver_add(port, current);
		sleep = true;
	}
	port_unlock_irq(port);
	if (sleep)
		ret = ipc_sleep(port, deadline);
	pulse_received(closed);
	return ret;
}

long ipc_receive(struct port *port, u64 timeout)
{
	u64 deadline = timeout ? time_ns() + timeout : 0;

	RACE_POINT(ipc_receiving);
	inherit_serve(current, port);
	port_lock_irq(port);
	return receive_locked(port, deadline);
}

/*
 * The client of this token is done and will run. 0; -ESRCH: there is none, -EAGAIN: it cannot take what is in the
 * box. port->lock held.
 */
static int reply_locked(struct port *port, u64 token, long status, u64 word0, u64 word1,
			struct ipc_box *box)
{
	struct task_struct *client = received_find(port, token);

	if (unlikely(!client))
		return -ESRCH;
	if (box && !small_fits(client, box))
		return -EAGAIN;
	if (box)
		small_put(client, box);
	put_reply(port, client, token, word0, word1);
	ipc_done(port, client, status);
	task_wake(client);
	return 0;
}

long ipc_reply_small(struct port *port, u64 token, long status, u64 word0, u64 word1,
		     struct ipc_box *box)
{
	long ret;

	port_lock_irq(port);
	ret = reply_locked(port, token, status, word0, word1, box);
	port_unlock_irq(port);
	return ret;
}

long ipc_reply(struct port *port, u64 token, long status, u64 word0, u64 word1)
{
	return ipc_reply_small(port, token, status, word0, word1, NULL);
}

long ipc_reply_slowly(struct port *port, u64 token, long status, u64 word0, u64 word1,
		      struct ipc_box *box)
{
	int ret = token ? reply_locked(port, token, status, word0, word1, box) : 0;

	if (!ret)
		return receive_locked(port, 0);
	port_unlock_irq(port);
	return ret;
}

long ipc_reply_receive(struct port *port, u64 token, long status, u64 word0, u64 word1)
{
	return reply_and_wait(current, port, token, status, word0, word1, NULL);
}

/* With a buffer, or by a handle that others can close meanwhile. */
static noinline long reply_receive_counted(u64 fd, u64 token, long status, u64 word0, u64 word1,
					   u64 buffer)
{
	struct port *port;
	bool counted;
	long ret;

	port = port_borrow(fd, &counted);
	if (unlikely(!port))
		return -EBADF;
	if (!buffer)
		ret = ipc_reply_receive(port, token, status, word0, word1);
	else
		ret = reply_receive_buffer(port, token, status, word0, word1, buffer);
	handle_return(&port->object, counted);
	return ret;
}

/* The short one is one function all the way to the switch. */
SYSCALL(ipc_reply_receive)
{
	struct task_struct *me = current;
	struct port *port = port_borrow_own(me, a0);

	if (likely(port && !a5))
		return reply_and_wait(me, port, a1, (long)a2, a3, a4, NULL);
	return reply_receive_counted(a0, a1, (long)a2, a3, a4, a5);
}
