/*
 * Tokens: who waits for a reply, and how it is kept while it is copied from; see port.h.
 *
 * A token is the client's pid and the number of its message: it names that client in that call and nobody
 * ever after. It is looked for on the one port whose handle the caller has shown, so a guessed token reaches
 * only clients of the caller's own.
 *
 * A client may want to leave at any time: it dies, or its time is over. While a receiver copies from or to it,
 * it is pinned, and waits until that copy is over; the copy looks at `leaving` before each page.
 */
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/racepoint.h"
#include "kernel/ipc/inherit.h"
#include "kernel/ipc/port.h"
#include "kernel/sched.h"
#include "kernel/timer.h"
#include "arch/timer.h"

struct task_struct *received_find_listed(struct port *port, u64 token)
{
	struct list_head *bucket = received_bucket(port, token);
	struct task_struct *t;

	list_for_each_entry (t, bucket, ipc.node)
		if (t->ipc.token == token)
			return t;
	return NULL;
}

struct task_struct *ipc_pin(struct port *port, u64 token)
{
	unsigned long flags = port_lock(port);
	struct task_struct *client = received_find(port, token);

	if (client)
		client->ipc.pins++;
	port_unlock(port, flags);
	return client;
}

struct task_struct *ipc_claim(struct port *port, u64 token)
{
	unsigned long flags = port_lock(port);
	struct task_struct *client = received_find(port, token);

	if (client) {
		client->ipc.pins++;
		/* On a list of its own: who leaves takes itself off whatever list it is on. */
		ipc_unlink(port, client);
		list_init(&client->ipc.node);
	}
	port_unlock(port, flags);
	return client;
}

/* port->lock held. */
static void unpin(struct port *port, struct task_struct *client)
{
	ASSERT(client->ipc.pins > 0);
	if (--client->ipc.pins == 0)
		wake_up_all(&port->unpinned);
}

void ipc_unpin(struct port *port, struct task_struct *client)
{
	unsigned long flags = port_lock(port);

	unpin(port, client);
	port_unlock(port, flags);
}

void ipc_unclaim(struct port *port, struct task_struct *client)
{
	unsigned long flags = port_lock(port);

	if (client->ipc.state != IPC_DONE && !port->closed) {
		list_add(&client->ipc.node, received_bucket(port, client->ipc.token));
	} else if (client->ipc.state != IPC_DONE) {
		/* port_close() has not found it. */
		ipc_done(port, client, -EPIPE);
		task_wake(client);
	}
	unpin(port, client);
	port_unlock(port, flags);
}

bool ipc_complete(struct port *port, struct task_struct *client, long status, u64 word0, u64 word1)
{
	unsigned long flags = port_lock(port);
	bool waits = client->ipc.state != IPC_DONE;

	/* If it has left, its words are its own. */
	if (waits) {
		thread_args(&client->thread)->a1 = word0;
		thread_args(&client->thread)->a2 = word1;
		port->last.answered = client->ipc.token;
		ipc_done(port, client, status);
		task_wake(client);
	}
	unpin(port, client);
	port_unlock(port, flags);
	return waits;
}

/* --- the blocked task's side --- */

static bool is_unpinned(const struct task_struct *t)
{
	return READ_ONCE(t->ipc.pins) == 0;
}

void ipc_wait_unpinned(struct port *port)
{
	if (likely(is_unpinned(current)) || MUTANT(leaves_pinned))
		return;
	wait_event(&port->unpinned, is_unpinned(current));
}

/* Not waiting any more, if nobody was faster: then the call ends as they said. */
static void leave(struct port *port, long why)
{
	unsigned long flags;

	RACE_POINT(ipc_leaving);
	flags = port_lock(port);
	if (current->ipc.state != IPC_DONE) {
		WRITE_ONCE(current->ipc.leaving, true);
		ipc_done(port, current, why);
	} else if (MUTANT(leave_not_asked)) {
		current->ipc.status = why;
	}
	port_unlock(port, flags);
}

struct ipc_timer {
	struct ktimer timer;
	struct task_struct *task;
	bool fired;
};

static void time_is_over(struct ktimer *timer)
{
	struct ipc_timer *t = container_of(timer, struct ipc_timer, timer);

	WRITE_ONCE(t->fired, true);
	task_wake(t->task);
}

/* A signal that a handler takes, or a stop, ends most waits; one that has been told so, only its death. */
static bool has_signal(void)
{
	return current->ipc.patient ? task_must_die() : task_interrupted();
}

/* Until it is IPC_DONE: 0; or why it is not. */
static long wait_done(struct port *port, const struct ipc_timer *t)
{
	for (;;) {
		/* Full barrier: the state before the conditions. Partners: their changes come before task_wake(). */
		task_set_state(TASK_KILLABLE);
		if (smp_load_acquire(&current->ipc.state) == IPC_DONE)
			return 0;
		if (has_signal())
			return -EINTR;
		if (READ_ONCE(t->fired))
			return -ETIMEDOUT;
		if (unlikely(READ_ONCE(current->work) & WORK_PRIO))
			inherit_anew(port);
		else
			schedule();
	}
}

long ipc_sleep(struct port *port, u64 deadline)
{
	struct ipc_timer t = {.task = current};
	long why;

	if (deadline)
		ktimer_start(&t.timer, deadline, time_is_over);
	why = wait_done(port, &t);
	task_set_state(TASK_RUNNING);
	if (deadline)
		ktimer_cancel(&t.timer);
	if (why)
		leave(port, why);
	ipc_wait_unpinned(port);
	current->ipc.leaving = false;
	return current->ipc.status;
}
