/* Waiting for files: see poll.h. */
#include "kernel/file/poll.h"

#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/racepoint.h"
#include "kernel/file/call.h"
#include "kernel/sched.h"

#define POLL_ALWAYS (POLLERR | POLLHUP | POLLNVAL)
#define POLL_IN     (POLLIN | POLLRDNORM)
#define POLL_OUT    (POLLOUT | POLLWRNORM)

/* Servers know one name for each event. */
static u32 events_to_ask(u32 events)
{
	return (events & POLLPRI) | (events & POLL_IN ? POLLIN : 0) |
	       (events & POLL_OUT ? POLLOUT : 0);
}

static u32 events_said(long status)
{
	u32 said = (u32)status;

	/* A server that is gone, or has no answer. */
	if (status < 0)
		return POLLERR;
	return (said & (POLLPRI | POLLERR | POLLHUP)) | (said & POLLIN ? POLL_IN : 0) |
	       (said & POLLOUT ? POLL_OUT : 0);
}

/* id 0: the server need not remember. */
static u32 ask(struct object *o, u32 events, u64 id)
{
	struct fs_call call;

	fs_call_init(&call, FS_OP(FS_POLL, 0, 0), events_to_ask(events), id, 0);
	switch (o->type) {
	case OBJECT_CONNECTION:
		return events_said(fs_send(container_of(o, struct connection, object), &call));
	case OBJECT_LOG:
		return events_said(log_answer(&call));
	default:
		return POLLNVAL;
	}
}

/* Asks all. How many are ready. After the first of them nobody needs to notify us. */
static long ask_all(struct poll_entry *entries, unsigned int n, u64 id)
{
	long ready = 0;

	for (struct poll_entry *e = entries; e < entries + n; e++) {
		e->revents = 0;
		if (e->skip)
			continue;
		e->revents = POLLNVAL;
		if (e->object)
			e->revents = ask(e->object, e->events, ready ? 0 : id) &
				     (e->events | POLL_ALWAYS);
		ready += e->revents != 0;
	}
	return ready;
}

static struct port *port_of(const struct poll_entry *e)
{
	return e->object && e->object->type == OBJECT_CONNECTION
		       ? container_of(e->object, struct connection, object)->port
		       : NULL;
}

static void register_all(struct poll_entry *entries, unsigned int n, struct poller *p)
{
	for (struct poll_entry *e = entries; e < entries + n; e++)
		if (port_of(e))
			port_poll(port_of(e), &e->link, p);
}

static void unregister_all(struct poll_entry *entries, unsigned int n)
{
	for (struct poll_entry *e = entries; e < entries + n; e++)
		if (port_of(e))
			port_unpoll(port_of(e), &e->link);
}

static bool is_notified(void *poller)
{
	return READ_ONCE(((struct poller *)poller)->notified);
}

/* On the lists of all ports. */
static long ask_until(struct poll_entry *entries, unsigned int n, struct poller *p, u64 deadline)
{
	for (;;) {
		long ready;
		int ret;

		/* Before the question: see notify.h. */
		WRITE_ONCE(p->notified, false);
		ready = ask_all(entries, n, p->id);
		if (ready)
			return ready;
		RACE_POINT(poll_asked);
		if (MUTANT(poll_forgets_notice))
			WRITE_ONCE(p->notified, false);
		ret = wait_until_interruptible(&p->wq, is_notified, p, deadline);
		/* What came in the last moment counts. */
		if (ret == -ETIMEDOUT)
			return ask_all(entries, n, 0);
		if (ret)
			return ret;
	}
}

long poll_wait(struct poll_entry *entries, unsigned int n, u64 deadline)
{
	struct poller p;
	long ret = deadline == POLL_NOW ? ask_all(entries, n, 0) : 0;

	if (ret || deadline == POLL_NOW)
		return ret;
	poller_init(&p, (u64)current->pid << 32 | ++current->poll_seq);
	register_all(entries, n, &p);
	ret = ask_until(entries, n, &p, deadline);
	unregister_all(entries, n);
	return ret;
}
