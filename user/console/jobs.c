/* Whose terminal it is: sessions, the foreground group, and what the background may not do. See console.h. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "user/console/console.h"

long jobs_client(const struct fs_request *r, struct client *client)
{
	struct ipc_info info;

	if (fs_client(r, &info))
		return -ESRCH;
	*client = (struct client){info.pid, info.tid, info.pgid, info.sid};
	return 0;
}

bool jobs_controls(const struct console *c, const struct client *client)
{
	return c->tty->session && c->tty->session == client->sid;
}

long jobs_check(struct console *c, const struct fs_request *r, int signal)
{
	struct client client;
	long ret = jobs_client(r, &client);

	if (ret)
		return ret;
	if (!jobs_controls(c, &client) || !c->tty->foreground || c->tty->foreground == client.pgid)
		return 0;
	/* Whether SIGTTOU is ignored is not known; who changes modes in the background is a shell, which does that. */
	if (signal == SIGTTOU)
		return 0;
	(void)kill(-client.pgid, signal);
	return FS_RESTART;
}

bool jobs_acquire(struct console *c, const struct client *client)
{
	if (client->sid != client->pid || c->tty->session)
		return false;
	c->tty->session = client->sid;
	c->tty->foreground = client->pgid;
	return true;
}

long jobs_set_foreground(struct console *c, int32_t group)
{
	pid_t session;

	if (group == 0 || kill(-group, 0))
		return -ESRCH;
	/* Its leader may have died before it. */
	session = getsid(group);
	if (session >= 0 && session != c->tty->session)
		return -EPERM;
	c->tty->foreground = group;
	return 0;
}

void jobs_signal(const struct console *c, int signal)
{
	if (c->tty->foreground > 0)
		(void)kill(-c->tty->foreground, signal);
}

void jobs_hang_up(struct console *c)
{
	jobs_signal(c, SIGHUP);
	jobs_signal(c, SIGCONT);
	c->tty->session = c->tty->foreground = 0;
}

void jobs_hang_up_dead(struct console *c)
{
	if (c->tty->session && kill(c->tty->session, 0) && errno == ESRCH)
		jobs_hang_up(c);
}
