/*
 * Reading, writing and polling the terminal. See console.h.
 *
 * A read takes bytes away, and a write adds some, only if the caller has got the answer: it may have left on a
 * signal, and this server may be killed meanwhile.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "user/console/console.h"

static char buffer[TTY_INPUT];

/* What follows from an answer is written down before it is made: console_recover(). */
static void journal_begin(struct console *c, long token, uint64_t read)
{
	c->state->journal.read = read;
	c->state->journal.mark = tty_mark(c->tty);
	__atomic_store_n(&c->state->journal.token, token, __ATOMIC_RELEASE);
}

static void journal_end(struct console *c, bool got)
{
	if (got && c->state->journal.read)
		tty_consume(c->tty, c->state->journal.read);
	if (!got)
		tty_unwrite(c->tty, c->state->journal.mark);
	__atomic_store_n(&c->state->journal.token, 0, __ATOMIC_RELEASE);
}

void console_recover(struct console *c, uint64_t answered)
{
	if (c->state->journal.token)
		journal_end(c, (uint64_t)c->state->journal.token == answered);
}

/* An error, or a result that changes nothing. */
static void answer(struct console *c, long token, long status)
{
	(void)fs_answer(&c->server, token, status, 0, NULL, 0);
}

bool console_try_read(struct console *c, long token, uint64_t bytes, bool nonblock)
{
	size_t limit = bytes < sizeof(buffer) ? bytes : sizeof(buffer), n;
	long ret = tty_ready(c->tty, limit, c->expired && !nonblock);

	if (ret == -EAGAIN && !nonblock)
		return false;
	/* What is there, though it is less than VMIN; but nothing is not the end of the file. */
	if (ret == -EAGAIN)
		ret = tty_ready(c->tty, limit, true) ?: -EAGAIN;
	if (ret < 0) {
		answer(c, token, ret);
		return true;
	}
	n = tty_peek(c->tty, buffer, limit);
	journal_begin(c, token, limit);
	ret = fs_answer(&c->server, token, (long)n, 0, buffer, n);
	journal_end(c, ret == 0);
	if (ret && ret != -ESRCH)
		answer(c, token, ret);
	return true;
}

long console_read(struct fs_request *r)
{
	struct console *c = console_of(r);
	unsigned int flags = console_flags(c, r->cookie);
	const struct waiter w = {.token = r->token, .kind = WAIT_READ, .bytes = r->arg[0]};
	long ret;

	if (flags & (O_WRONLY | O_PATH))
		return -EBADF;
	ret = jobs_check(c, r, SIGTTIN);
	if (ret)
		return ret;
	if (flags & O_NONBLOCK || !w.bytes)
		(void)console_try_read(c, r->token, w.bytes, true);
	else
		ret = waiter_add(c, &w);
	console_settle(c);
	return ret ? ret : FS_DEFERRED;
}

bool console_try_write(struct console *c, long token, uint64_t bytes, bool nonblock)
{
	size_t room = tty_write_room(c->tty), taken = 0;
	long got;

	if (room > bytes)
		room = bytes;
	if (bytes && !room) {
		if (nonblock)
			answer(c, token, -EAGAIN);
		return nonblock;
	}
	if (room > sizeof(buffer))
		room = sizeof(buffer);
	got = room ? ipc_read(c->server.port, token, 0, buffer, room) : 0;
	if (got < 0) {
		answer(c, token, got);
		return true;
	}
	journal_begin(c, token, 0);
	taken = tty_write(c->tty, buffer, (size_t)got);
	journal_end(c, fs_answer(&c->server, token, (long)taken,
				 taken < bytes && !nonblock ? FS_REST : FS_DONE, NULL, 0) == 0);
	return true;
}

long console_write(struct fs_request *r)
{
	struct console *c = console_of(r);
	unsigned int flags = console_flags(c, r->cookie);
	const struct waiter w = {.token = r->token, .kind = WAIT_WRITE, .bytes = r->data_bytes};
	long ret = 0;

	if (!(flags & (O_WRONLY | O_RDWR)) || flags & O_PATH)
		return -EBADF;
	if (tty_stops_background(c->tty))
		ret = jobs_check(c, r, SIGTTOU);
	if (ret)
		return ret;
	/* Those who wait already come first. */
	if (flags & O_NONBLOCK)
		(void)console_try_write(c, r->token, w.bytes, true);
	else
		ret = waiter_add(c, &w);
	console_settle(c);
	return ret ? ret : FS_DEFERRED;
}

static uint32_t ready_events(const struct console *c, uint32_t events)
{
	uint32_t ready = 0;

	if (tty_poll_in(c->tty))
		ready |= POLLIN | POLLRDNORM;
	if (tty_poll_out(c->tty))
		ready |= POLLOUT | POLLWRNORM;
	return ready & events;
}

/* Where that poll is, or a new place; the oldest one is woken for it, and asks again, if there is none. */
static struct poll_wait *place_for(struct console *c, uint64_t cookie, uint64_t id)
{
	unsigned int i;

	for (i = 0; i < c->nr_polls; i++)
		if (c->polls[i].cookie == cookie && c->polls[i].id >> 32 == id >> 32)
			return &c->polls[i];
	if (i == CONSOLE_POLLS) {
		(void)fs_notify(&c->server, c->polls[0].id);
		return &c->polls[0];
	}
	c->nr_polls++;
	return &c->polls[i];
}

long console_poll(struct fs_request *r)
{
	struct console *c = console_of(r);
	uint32_t events = (uint32_t)r->arg[0], ready = ready_events(c, events);

	if (!ready && r->arg[1])
		*place_for(c, r->cookie, r->arg[1]) =
			(struct poll_wait){r->cookie, r->arg[1], events};
	return ready;
}

void console_notify(struct console *c)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < c->nr_polls; i++) {
		if (ready_events(c, c->polls[i].events))
			(void)fs_notify(&c->server, c->polls[i].id);
		else
			c->polls[kept++] = c->polls[i];
	}
	c->nr_polls = kept;
}
