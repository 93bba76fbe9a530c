/* Receiving and replying: the server's side of a message. See port.h. */
#include "arch/timer.h"
#include "kernel/base/errno.h"
#include "kernel/base/racepoint.h"
#include "kernel/ipc/borrow.h"
#include "kernel/ipc/buffer.h"
#include "kernel/ipc/transfer.h"
#include "kernel/sched.h"
#include "kernel/switch.h"
#include "kernel/syscalls.h"

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
		pulse_deliver(port, pulse, current);
		if (pulse->code == IPC_PULSE_CLOSED)
			*closed = pulse;
		return 0;
	}
	client = list_first_entry(&port->senders, struct task_struct, ipc.node);
	list_del(&client->ipc.node);
	return transfer(port, client, current);
}

/* `me`, which runs, waits for something to receive. */
static void await(struct port *port, struct task_struct *me)
{
	me->ipc.state = IPC_RECEIVE;
	list_add(&me->ipc.node, &port->receivers);
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
		await(port, current);
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
static __always_inline struct task_struct *reply_locked(struct port *port, u64 token, long status,
							u64 word0, u64 word1)
{
	struct task_struct *client = received_find(port, token);
	struct syscall_args *args;

	if (unlikely(!client))
		return NULL;
	args = thread_args(&client->thread);
	args->a1 = word0;
	args->a2 = word1;
	port->last.answered = token;
	ipc_done(port, client, status);
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
	task_wake(client);
	return receive_locked(port, 0);
}

/* The same when the running task waits already. */
static noinline long sleep_after(struct port *port, struct task_struct *client)
{
	task_wake(client);
	port_unlock_irq(port);
	return ipc_sleep(port, 0);
}

static noinline long no_client(struct port *port)
{
	port_unlock_irq(port);
	return -ESRCH;
}

static __always_inline long reply_and_wait(struct port *port, u64 token, long status, u64 word0,
					   u64 word1)
{
	struct task_struct *client, *me = current;

	port_lock_irq(port);
	client = reply_locked(port, token, status, word0, word1);
	if (unlikely(!client))
		return no_client(port);
	if (unlikely(something_waits(port) || port->closed))
		return receive_after(port, client);
	await(port, me);
	if (unlikely(!sched_handoff(me, client, &port->lock)))
		return sleep_after(port, client);
	if (unlikely(READ_ONCE(me->ipc.state) != IPC_DONE)) {
		irq_enable();
		return ipc_sleep(port, 0);
	}
	return me->ipc.status;
}

long ipc_reply_receive(struct port *port, u64 token, long status, u64 word0, u64 word1)
{
	return reply_and_wait(port, token, status, word0, word1);
}

/* Here so that the short one is one function all the way to the switch. */
SYSCALL(ipc_reply_receive)
{
	struct port *port;
	bool counted;
	long ret;

	port = port_borrow(a0, &counted);
	if (unlikely(!port))
		return -EBADF;
	if (likely(a1 && !a5))
		ret = reply_and_wait(port, a1, (long)a2, a3, a4);
	else
		ret = reply_receive_buffer(port, a1, (long)a2, a3, a4, a5);
	handle_return(&port->object, counted);
	return ret;
}
