/*
 * Ports, connections, pulses: what messages go by. docs/ipc.md has the contract, kernel/abi/ipc.h the calls.
 *
 *	port_create(), port_close()		the receiver's end, and its end
 *	connection_create()			a sender's end, made by the receiver
 *	ipc_send(), ipc_receive(), ipc_reply()	messages (send.c, receive.c)
 *	ipc_pin(), ipc_unpin()			a client that must not leave while it is copied from (token.c)
 *	pulse_post()				an event, from any context
 *
 * Lock order: handle table, then port->lock, then run queue and wait queue locks. port->lock is taken with
 * interrupts off, and two of them are never held together. A blocked task is on one list of one port; who
 * takes it off that list under the lock, and sets IPC_DONE, has decided how the call ends.
 */
#ifndef KERNEL_IPC_PORT_H
#define KERNEL_IPC_PORT_H

#include "arch/cpu.h"
#include "kernel/abi/ipc.h"
#include "kernel/base/mutant.h"
#include "kernel/base/wait.h"
#include "kernel/ipc/object.h"
#include "kernel/task.h"

#define RECEIVED_BUCKETS 32

/* Letters: l lock; c constant; A atomic. */
struct port {
	struct object object; /* references: the handles, calls in progress, connections */
	u32 handles;          /* A */
	bool inherit;         /* c: fork gives a handle to the child */
	struct spinlock lock;
	bool closed;          /* l: no handle any more, whoever is blocked has been told */
	struct ipc_last last; /* l */
	/* l */
	/*
	 * Tasks in IPC_RECEIVE: the one that came last, which is mostly the only one, and the others, last
	 * one first.
	 */
	struct task_struct *waiting;
	struct list_head receivers;
	struct list_head senders; /* tasks in IPC_SEND, by what they lend, in their order */
	struct list_head
		servers; /* tasks that have received from it, and from no other port since */
	u32 lenders;     /* tasks in IPC_SEND and IPC_REPLY that lend something (inherit.h) */
	struct list_head pulses;
	/*
	 * There may be something on `senders` or `pulses`, or there are lenders, or the port is closed: set whenever
	 * that happens, and cleared by a receiver that has found nothing. A reply that finds it clear need not look.
	 */
	bool pending;
	/*
	 * Tasks in IPC_REPLY: the one received last, which is mostly the next to be answered, and the others by
	 * their pid.
	 */
	struct task_struct *latest;
	struct list_head received[RECEIVED_BUCKETS];
	struct list_head watches;   /* struct watch: who is told when the port closes */
	struct list_head pollers;   /* struct poll_link (notify.h) */
	struct wait_queue unpinned; /* tasks that leave, and have pins */
};

/*
 * An event. It lies in what it tells of, so that it cannot be lost for want of memory; posted again before it
 * was received it stays one, with the bits of both.
 */
struct pulse {
	struct list_head node; /* port->lock */
	u64 cookie;            /* c */
	u32 code;              /* c: enum ipc_pulse */
	bool queued;           /* port->lock */
	u64 value;             /* port->lock */
};

struct connection {
	struct object object;
	struct port *port; /* c; one reference */
	u64 cookie;        /* c */
	struct pulse closed, bits;
};

/* Boot. */
void port_init(void);

/* One reference and one handle, the caller's; NULL: no memory. */
struct port *port_create(bool inherit);
/* fork's: a reference and a handle more. False: it is not for children. */
bool port_inherit(struct port *port);
/* A handle is closed. */
void port_put_handle(struct port *port);
/*
 * Whoever is in IPC_REPLY is in IPC_SEND again, in front of others, with the same token. How many. No thread of who
 * received them may be left.
 */
unsigned int port_requeue(struct port *port);
/* Its last handle is gone: senders and clients get -EPIPE, receivers -EBADF, pulses are dropped. Process context. */
void port_close(struct port *port);
/* For object.c: the last reference is gone. */
void port_free(struct port *port);

/* One reference, the caller's; NULL: no memory. */
struct connection *connection_create(struct port *port, u64 cookie);
/* For object.c: the last reference is gone; the connection goes when its port's receiver has been told. */
void connection_closed(struct connection *c);

/*
 * Sends the running task's message and waits for the reply: words in thread_args a1 to a4, and data. The server's
 * status, or -EPIPE, -EINTR. Process context; interrupts may be off on return, since the way back to user mode
 * switches them off next.
 */
long ipc_send(struct connection *c, struct ipc_data *data);
/* The same for `timeout` ns at most, 0: without; then -ETIMEDOUT. data may be NULL. */
long ipc_send_timed(struct connection *c, struct ipc_data *data, u64 timeout);

/*
 * Waits for a message or a pulse; fills all thread_args of the running task. The token, 0 for a pulse, or
 * -EBADF: the port was closed, -ETIMEDOUT, -EINTR.
 */
long ipc_receive(struct port *port, u64 timeout);

/* The client's call ends with `status` and the two words. 0 or -ESRCH. */
long ipc_reply(struct port *port, u64 token, long status, u64 word0, u64 word1);
/*
 * ipc_reply() unless the token is 0 and, if that was right, ipc_receive() without a timeout; straight into
 * the client if it can be. Interrupts may be off on return.
 */
long ipc_reply_receive(struct port *port, u64 token, long status, u64 word0, u64 word1);

/*
 * ipc_reply() with few bytes: those in the box go along. -EAGAIN, and nothing has happened: this client cannot take
 * them so. Then the box is empty.
 */
long ipc_reply_small(struct port *port, u64 token, long status, u64 word0, u64 word1,
		     struct ipc_box *box);

/*
 * The client that waits with `token`, or NULL. It stays, although it may want to leave, until ipc_unpin().
 * Only briefly: a dying client waits.
 */
struct task_struct *ipc_pin(struct port *port, u64 token);
/* The same for who will end its wait: nobody else finds it any more. */
struct task_struct *ipc_claim(struct port *port, u64 token);
void ipc_unpin(struct port *port, struct task_struct *client);
/* Unpins a claimed client that goes on waiting. */
void ipc_unclaim(struct port *port, struct task_struct *client);
/* Unpins a claimed client and ends its wait. False: it has left already, by a time-out or a signal. */
bool ipc_complete(struct port *port, struct task_struct *client, long status, u64 word0, u64 word1);

/* Sets `bits` in the pulse's value and has it received. Any context. False: the port is closed. */
bool pulse_post(struct port *port, struct pulse *pulse, u64 bits);

/* Takes back what nobody has received. The pulse is not posted meanwhile. */
void pulse_cancel(struct port *port, struct pulse *pulse);

/* --- between the files of kernel/ipc; port->lock held --- */

static inline unsigned long port_lock(struct port *port)
{
	return spin_lock_irqsave(&port->lock);
}

static inline void port_unlock(struct port *port, unsigned long flags)
{
	spin_unlock_irqrestore(&port->lock, flags);
}

/* For who has interrupts on before and after. */
static inline void port_lock_irq(struct port *port)
{
	irq_disable();
	spin_lock(&port->lock);
}

static inline void port_unlock_irq(struct port *port)
{
	spin_unlock_no_resched(&port->lock);
	irq_enable();
}

static inline struct list_head *received_bucket(struct port *port, u64 token)
{
	return &port->received[(token >> 32) % RECEIVED_BUCKETS];
}

/* received[] has it, or NULL. */
struct task_struct *received_find_listed(struct port *port, u64 token);

/* The client in IPC_REPLY that has this token, or NULL. */
static inline struct task_struct *received_find(struct port *port, u64 token)
{
	struct task_struct *latest = port->latest;

	if (likely(latest && latest->ipc.token == token))
		return latest;
	return received_find_listed(port, token);
}

/* `client`, on no list, is in IPC_REPLY. */
static inline void received_add(struct port *port, struct task_struct *client)
{
	struct task_struct *before = port->latest;

	client->ipc.state = IPC_REPLY;
	port->latest = client;
	if (unlikely(before))
		list_add(&before->ipc.node, received_bucket(port, before->ipc.token));
}

/* `receiver`, on no list, is in IPC_RECEIVE. */
static inline void receiver_add(struct port *port, struct task_struct *receiver)
{
	struct task_struct *before = port->waiting;

	receiver->ipc.state = IPC_RECEIVE;
	receiver->ipc.port = port;
	port->waiting = receiver;
	if (unlikely(before))
		list_add(&before->ipc.node, &port->receivers);
}

/* Who receives next; NULL: nobody waits. */
static inline struct task_struct *receiver_first(struct port *port)
{
	if (likely(port->waiting))
		return port->waiting;
	if (list_empty(&port->receivers))
		return NULL;
	return list_first_entry(&port->receivers, struct task_struct, ipc.node);
}

/* Takes a blocked task off where it is. */
static inline void ipc_unlink(struct port *port, struct task_struct *t)
{
	if (port->latest == t)
		port->latest = NULL;
	else if (port->waiting == t)
		port->waiting = NULL;
	else
		list_del(&t->ipc.node);
}

/* The call of a task on no list is over, with `status`. The caller wakes it. */
static inline void ipc_done_unlinked(struct task_struct *t, long status)
{
	t->ipc.status = status;
	/* Partner: wait_done(). */
	smp_store_release(&t->ipc.state, IPC_DONE);
}

/* inherit.h */
void inherit_end(struct port *port, struct task_struct *client);

/* The same for one that is on its list, and may lend something. */
static inline void ipc_done(struct port *port, struct task_struct *t, long status)
{
	ipc_unlink(port, t);
	if (unlikely(t->ipc.lends))
		inherit_end(port, t);
	ipc_done_unlinked(t, status);
}

/* `pulse` becomes what `receiver`, on no list, has received. */
void pulse_deliver(struct port *port, struct pulse *pulse, struct task_struct *receiver);

/* What a received pulse leaves to be freed; no lock held. NULL is allowed. */
void pulse_received(struct pulse *closed);

/*
 * Sleeps until the running task, which is on a list of the port, is IPC_DONE; without a lock. deadline in
 * time_ns(), 0: none. Returns ipc.status, which is -EINTR or -ETIMEDOUT when it took itself off. When it
 * returns nobody has it pinned.
 */
long ipc_sleep(struct port *port, u64 deadline);
/* The rest of that for who is IPC_DONE already: waits until nobody has it pinned. */
void ipc_wait_unpinned(struct port *port);

#endif
