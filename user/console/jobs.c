/* Whose terminal it is: sessions, the foreground group, and what the background may not do. See console.h. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "user/console/console.h"
#include "user/lib/procinfo.h"

#define PIDS_AT_ONCE 64

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

static bool process(const struct console *c, int32_t tid, struct procinfo_task *task)
{
	return c->processes >= 0 && procinfo_task(c->processes, tid, task) == 0;
}

/* Blocked or ignored: the client would not stop, but ask again and again. */
static bool would_not_stop(const struct console *c, const struct client *client, int signal)
{
	struct procinfo_task task;

	/* Who cannot be looked into may write, as a shell does that takes the terminal back, but not read. */
	if (!process(c, client->tid, &task))
		return signal == SIGTTOU;
	return (task.blocked | task.ignored) >> (signal - 1) & 1;
}

/* A member of the group whose parent is in another group of the session: that one can let the group go on. */
static bool links_group(const struct console *c, int32_t pid, const struct client *client)
{
	struct procinfo_task task, parent;

	return process(c, pid, &task) && task.pgid == client->pgid &&
	       !(task.flags & PROCINFO_EXITING) && process(c, task.ppid, &parent) &&
	       parent.sid == client->sid && parent.pgid != client->pgid;
}

/* Nobody would ever continue a group that is stopped: POSIX's orphaned process group. */
static bool is_orphaned(const struct console *c, const struct client *client)
{
	int32_t pids[PIDS_AT_ONCE];
	long n, first = 1;

	if (c->processes < 0)
		return false;
	while ((n = procinfo_pids(c->processes, (int)first, pids, PIDS_AT_ONCE)) > 0) {
		for (long i = 0; i < n; i++)
			if (links_group(c, pids[i], client))
				return false;
		first = (long)pids[n - 1] + 1;
	}
	return true;
}

long jobs_check(struct console *c, const struct fs_request *r, int signal)
{
	struct client client;
	long ret = jobs_client(r, &client);

	if (ret)
		return ret;
	if (!jobs_controls(c, &client) || !c->tty->foreground || c->tty->foreground == client.pgid)
		return 0;
	if (would_not_stop(c, &client, signal))
		return signal == SIGTTIN ? -EIO : 0;
	if (is_orphaned(c, &client))
		return -EIO;
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

/* A leader that has died may not have been waited for yet. */
static bool is_dead(const struct console *c, int32_t pid)
{
	struct procinfo_task task;

	if (kill(pid, 0) && errno == ESRCH)
		return true;
	return process(c, pid, &task) && task.flags & PROCINFO_EXITING;
}

void jobs_hang_up_dead(struct console *c)
{
	if (c->tty->session && is_dead(c, c->tty->session))
		jobs_hang_up(c);
}
