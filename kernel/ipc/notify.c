/* Who waits for a file to change: see notify.h. */
#include "kernel/ipc/notify.h"

#include "kernel/base/errno.h"
#include "kernel/ipc/borrow.h"
#include "kernel/syscalls.h"

void port_poll(struct port *port, struct poll_link *link, struct poller *p)
{
	unsigned long flags = port_lock(port);

	link->poller = p;
	list_add(&link->node, &port->pollers);
	port_unlock(port, flags);
}

void port_unpoll(struct port *port, struct poll_link *link)
{
	unsigned long flags = port_lock(port);

	list_del(&link->node);
	port_unlock(port, flags);
}

/* port->lock held. */
static void notify(struct poller *p)
{
	WRITE_ONCE(p->notified, true);
	wake_up(&p->wq);
}

bool port_notify(struct port *port, u64 id)
{
	unsigned long flags = port_lock(port);
	struct poll_link *link;
	bool found = false;

	list_for_each_entry (link, &port->pollers, node) {
		if (link->poller->id != id)
			continue;
		notify(link->poller);
		found = true;
		break;
	}
	port_unlock(port, flags);
	return found;
}

void port_notify_all(struct port *port)
{
	struct poll_link *link;

	list_for_each_entry (link, &port->pollers, node)
		notify(link->poller);
}

SYSCALL(fs_notify)
{
	struct port *port;
	bool counted, found;

	UNUSED_ARGS(a2, a3, a4, a5);
	port = port_borrow(a0, &counted);
	if (!port)
		return -EBADF;
	found = port_notify(port, a1);
	handle_return(&port->object, counted);
	return found ? 0 : -ESRCH;
}
