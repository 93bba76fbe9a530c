/*
 * Who waits until a file of a port's may have changed: poll(2), by kernel/file/poll.c.
 *
 *	port_poll(), port_unpoll()	the poller, on the port's list while it asks and waits
 *	port_notify()			fs_notify: its files are to be asked again
 *
 * A port that closes, and one whose messages go on to another server (port_requeue()), notifies all: the one will
 * not do so any more, the other does not know whom.
 *
 * No notification is lost. A poller is on the list, then it clears `notified`, then it asks by a message, in
 * which the server learns its id, then it announces that it sleeps, then it looks at `notified`. Whoever was told
 * the id and notifies afterwards finds it on the list, sets `notified`, then wakes who has announced itself: both
 * in the lock of wq, which is the full barrier on either side (kernel/base/wait.h). One that comes between the
 * clearing and the question costs a question more.
 */
#ifndef KERNEL_IPC_NOTIFY_H
#define KERNEL_IPC_NOTIFY_H

#include "kernel/ipc/port.h"

/* Letter c: constant while it is on a list. */
struct poller {
	u64 id; /* c: what the servers know it by */
	bool notified;
	struct wait_queue wq;
};

/* For each port of each polled file. */
struct poll_link {
	struct list_head node; /* port->lock */
	struct poller *poller; /* c */
};

static inline void poller_init(struct poller *p, u64 id)
{
	p->id = id;
	p->notified = false;
	wait_queue_init(&p->wq);
}

void port_poll(struct port *port, struct poll_link *link, struct poller *p);
/* Afterwards nobody touches the poller by way of this link any more. */
void port_unpoll(struct port *port, struct poll_link *link);

/* False: nobody with that id polls a file of this port. */
bool port_notify(struct port *port, u64 id);
/* port->lock held. */
void port_notify_all(struct port *port);

#endif
