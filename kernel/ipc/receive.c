/* Receiving and replying: the server's side of a message. See port.h. */
#include "arch/timer.h"
#include "kernel/base/errno.h"
#include "kernel/base/racepoint.h"
#include "kernel/ipc/port.h"
#include "kernel/ipc/transfer.h"
#include "kernel/sched.h"

static bool something_waits(const struct port *port)
{
	return !list_empty(&port->pulses) || !list_empty(&port->senders);
}

/* The running task receives what waits, pulses first. *closed gets what pulse_received() wants. */
static long take(struct port *port, struct pulse **closed)
{
	struct task_struct *client;

	*closed = NULL;
	if (!list_empty(&port->pulses)) {
		struct pulse *pulse = list_first_entry(&port->pulses, struct pulse, node);

		list_del(&pulse->node);
		pulse_deliver(pulse, current);
		if (pulse->code == IPC_PULSE_CLOSED)
			*closed = pulse;
		return 0;
	}
	client = list_first_entry(&port->senders, struct task_struct, ipc.node);
	list_del(&client->ipc.node);
	return transfer(port, client, current);
}

/* The running task waits for something to receive. */
static void await(struct port *port)
{
	current->ipc.state = IPC_RECEIVE;
	list_add(&current->ipc.node, &port->receivers);
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
		ret = take(port, &closed);
	} else {
		await(port);
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
	port_lock_irq(port);
	return receive_locked(port, deadline);
}

/* The client of this token is done. NULL: there is none. The caller lets it run. port->lock held. */
static struct task_struct *reply_locked(struct port *port, u64 token, long status, u64 word0,
					u64 word1)
{
	struct task_struct *client = received_find(port, token);

	if (unlikely(!client))
		return NULL;
	*thread_arg(&client->thread, 1) = word0;
	*thread_arg(&client->thread, 2) = word1;
	ipc_done(client, status);
	return client;
}

long ipc_reply(struct port *port, u64 token, long status, u64 word0, u64 word1)
{
	struct task_struct *client;

	port_lock_irq(port);
	client = reply_locked(port, token, status, word0, word1);
	if (client)
		task_wake(client);
	port_unlock_irq(port);
	return client ? 0 : -ESRCH;
}

/* The client is awake or will be; port->lock held, interrupts off: released and on. */
static noinline long receive_after(struct port *port, struct task_struct *client)
{
	if (client)
		task_wake(client);
	return receive_locked(port, 0);
}

static noinline long no_client(struct port *port)
{
	port_unlock_irq(port);
	return -ESRCH;
}

long ipc_reply_receive(struct port *port, u64 token, long status, u64 word0, u64 word1)
{
	struct task_struct *client, *me = current;

	port_lock_irq(port);
	client = reply_locked(port, token, status, word0, word1);
	if (unlikely(!client))
		return no_client(port);
	if (unlikely(something_waits(port) || port->closed))
		return receive_after(port, client);
	await(port);
	if (unlikely(!sched_handoff(client, &port->lock))) {
		task_wake(client);
		port_unlock_irq(port);
		return ipc_sleep(port, 0);
	}
	if (unlikely(READ_ONCE(me->ipc.state) != IPC_DONE)) {
		irq_enable();
		return ipc_sleep(port, 0);
	}
	return me->ipc.status;
}
