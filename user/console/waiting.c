/* Whoever has to wait for input, for room in the output, or until all of it has gone out. See console.h. */
#include <errno.h>

#include "user/console/console.h"
#include "user/lib/freewalk.h"

static bool has_left(const struct console *c, long token)
{
	struct ipc_info info;

	return ipc_info(c->server.port, token, &info) != 0;
}

static void forget_who_left(struct console *c)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < c->nr_waiters; i++)
		if (!has_left(c, c->waiters[i].token))
			c->waiters[kept++] = c->waiters[i];
	c->nr_waiters = kept;
}

static bool reader_waits(const struct console *c)
{
	for (unsigned int i = 0; i < c->nr_waiters; i++)
		if (c->waiters[i].kind == WAIT_READ)
			return true;
	return false;
}

void waiters_restart_timer(struct console *c)
{
	uint64_t ns = reader_waits(c) ? tty_timeout(c->tty) : 0;

	c->expired = false;
	if (!ns && !c->read_deadline)
		return;
	c->read_deadline = ns ? now_ns() + ns : 0;
	(void)ipc_timer_set(c->read_timer, ns);
}

void waiters_timer(struct console *c)
{
	if (c->read_deadline && now_ns() >= c->read_deadline)
		c->expired = true;
}

long waiter_add(struct console *c, const struct waiter *w)
{
	bool first = w->kind == WAIT_READ && !reader_waits(c);

	if (c->nr_waiters == CONSOLE_WAITERS)
		forget_who_left(c);
	if (c->nr_waiters == CONSOLE_WAITERS)
		return -ENOMEM;
	c->waiters[c->nr_waiters++] = *w;
	if (first)
		waiters_restart_timer(c);
	return FS_DEFERRED;
}

static bool try_one(struct console *c, const struct waiter *w)
{
	switch (w->kind) {
	case WAIT_READ:
		return console_try_read(c, w->token, w->bytes, false);
	case WAIT_WRITE:
		return console_try_write(c, w->token, w->bytes, false);
	case WAIT_DRAIN:
		if (tty_pending(c->tty))
			return false;
		console_drained(c, w);
		return true;
	}
	return true;
}

/* One who cannot go on holds up those of its kind behind it. */
bool waiters_run(struct console *c)
{
	unsigned int kept = 0, before = c->nr_waiters;
	bool blocked[WAIT_DRAIN + 1] = {false};
	bool read = false;

	for (unsigned int i = 0; i < before; i++) {
		struct waiter w = c->waiters[i];

		if (!blocked[w.kind] && try_one(c, &w)) {
			read |= w.kind == WAIT_READ;
			continue;
		}
		blocked[w.kind] = true;
		c->waiters[kept++] = w;
	}
	c->nr_waiters = kept;
	/* The time of the next one begins. */
	if (read)
		waiters_restart_timer(c);
	return kept != before;
}
