/* ioctl(2) on the terminal: modes, window size, job control. See console.h. Source: tty_ioctl(4). */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "user/console/console.h"

/* For the answer; handlers run one after the other. */
static union {
	struct tty_termios termios;
	struct tty_winsize winsize;
	int32_t number;
} answer;

static long give(struct fs_request *r, size_t bytes)
{
	struct ipc_info info;

	if (fs_client(r, &info) == 0 && info.in_bytes < bytes)
		return -EFAULT;
	r->reply = &answer;
	r->reply_bytes = bytes;
	return 0;
}

static long give_number(struct fs_request *r, long number)
{
	answer.number = (int32_t)number;
	return give(r, sizeof(answer.number));
}

/* What lies at the argument. 0 or -EFAULT. */
static long take(struct fs_request *r, void *value, size_t bytes)
{
	return fs_data(r, 0, value, bytes) == (long)bytes ? 0 : -EFAULT;
}

void console_drained(struct console *c, const struct waiter *w)
{
	if (fs_answer(&c->server, w->token, 0, 0, NULL, 0) || w->command == TCSBRK)
		return;
	if (w->command == TCSETSF)
		tty_flush_input(c->tty);
	tty_set_termios(c->tty, &w->termios);
}

static long set_termios(struct fs_request *r, unsigned long command)
{
	struct console *c = console_of(r);
	struct waiter w = {.token = r->token, .kind = WAIT_DRAIN, .command = command};
	long ret = take(r, &w.termios, sizeof(w.termios));

	if (ret)
		return ret;
	if (command != TCSETS)
		return waiter_add(c, &w);
	tty_set_termios(c->tty, &w.termios);
	return 0;
}

static long flush(struct console *c, uint64_t queue)
{
	if (queue > TCIOFLUSH)
		return -EINVAL;
	if (queue != TCOFLUSH)
		tty_flush_input(c->tty);
	if (queue != TCIFLUSH)
		tty_flush_output(c->tty);
	return 0;
}

/* What a process in the background may not do. */
static long change(struct fs_request *r, unsigned long command)
{
	struct console *c = console_of(r);
	const struct waiter drain = {.token = r->token, .kind = WAIT_DRAIN, .command = TCSBRK};
	long ret = jobs_check(c, r, SIGTTOU);

	if (ret)
		return ret;
	switch (command) {
	case TCSBRK:
	case TCSBRKP:
		/* A break is not sent: nobody would be told by it. */
		return waiter_add(c, &drain);
	case TCXONC:
		return tty_flow(c->tty, (int)r->arg[1]);
	case TCFLSH:
		return flush(c, r->arg[1]);
	default:
		return set_termios(r, command);
	}
}

/* Before a signal that may be for the caller too, and would call it away from here. Whether it has got the answer. */
static bool answer_first(struct fs_request *r)
{
	return fs_answer(r->server, r->token, 0, 0, NULL, 0) == 0;
}

static long set_winsize(struct fs_request *r)
{
	struct console *c = console_of(r);
	struct tty_winsize size;
	long ret = take(r, &size, sizeof(size));

	if (ret || memcmp(&size, &c->tty->winsize, sizeof(size)) == 0)
		return ret;
	c->tty->winsize = size;
	(void)answer_first(r);
	jobs_signal(c, SIGWINCH);
	return FS_DEFERRED;
}

static long set_foreground(struct fs_request *r, const struct client *client)
{
	struct console *c = console_of(r);
	int32_t group;
	long ret = jobs_check(c, r, SIGTTOU);

	if (ret)
		return ret == -EIO ? -ENOTTY : ret;
	ret = take(r, &group, sizeof(group));
	if (ret)
		return ret;
	if (group < 0)
		return -EINVAL;
	if (!jobs_controls(c, client))
		return -ENOTTY;
	return jobs_set_foreground(c, group);
}

static long set_controlling(struct fs_request *r, const struct client *client)
{
	struct console *c = console_of(r);

	jobs_hang_up_dead(c);
	if (jobs_controls(c, client) && client->sid == client->pid)
		return 0;
	/* 1: it may be taken away from another session, by who may do all: all may here. */
	if (client->sid == client->pid && r->arg[1] == 1)
		c->tty->session = c->tty->foreground = 0;
	return jobs_acquire(c, client) ? 0 : -EPERM;
}

static long give_up_controlling(struct fs_request *r, const struct client *client)
{
	if (!jobs_controls(console_of(r), client))
		return -ENOTTY;
	if (client->sid != client->pid)
		return 0;
	/* One that has left meanwhile is going to ask again. */
	if (answer_first(r))
		jobs_hang_up(console_of(r));
	return FS_DEFERRED;
}

/* About sessions and groups. */
static long job_control(struct fs_request *r, unsigned long command)
{
	struct console *c = console_of(r);
	struct client client;
	long ret = jobs_client(r, &client);

	if (ret)
		return ret;
	switch (command) {
	case TIOCGPGRP:
		return jobs_controls(c, &client) ? give_number(r, c->tty->foreground) : -ENOTTY;
	case TIOCGSID:
		return jobs_controls(c, &client) ? give_number(r, c->tty->session) : -ENOTTY;
	case TIOCSPGRP:
		return set_foreground(r, &client);
	case TIOCSCTTY:
		return set_controlling(r, &client);
	default:
		return give_up_controlling(r, &client);
	}
}

static long command(struct fs_request *r, unsigned long command)
{
	struct console *c = console_of(r);

	switch (command) {
	case TCGETS:
		answer.termios = c->tty->termios;
		return give(r, sizeof(answer.termios));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TCSBRK:
	case TCSBRKP:
	case TCXONC:
	case TCFLSH:
		return change(r, command);
	case TIOCGWINSZ:
		answer.winsize = c->tty->winsize;
		return give(r, sizeof(answer.winsize));
	case TIOCSWINSZ:
		return set_winsize(r);
	case FIONREAD:
		return give_number(r, (long)tty_readable(c->tty));
	case TIOCOUTQ:
		return give_number(r, (long)tty_pending(c->tty));
	case TIOCGPGRP:
	case TIOCSPGRP:
	case TIOCGSID:
	case TIOCSCTTY:
	case TIOCNOTTY:
		return job_control(r, command);
	case TIOCSTI:
		/* Nobody types for another: as in Linux, unless that is asked for at boot. */
		return -EIO;
	default:
		return -ENOTTY;
	}
}

long console_ioctl(struct fs_request *r)
{
	struct console *c = console_of(r);
	long ret;

	if (console_flags(c, r->cookie) & O_PATH)
		return -EBADF;
	ret = command(r, (uint32_t)r->arg[0]);
	console_settle(c);
	return ret;
}
