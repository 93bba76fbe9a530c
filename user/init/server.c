/* Servers: see server.h. */
#include "user/init/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/init/screen.h"
#include "user/lib/freewalk.h"
#include "user/lib/fsserver.h"
#include "user/lib/machine.h"
#include "user/lib/procinfo.h"

#define GIVEN_MAX 8

/* A descriptor for the server, and what it is told of it: "port=7". */
struct given {
	const char *word;
	int fd;
};

struct server {
	const struct server_line *line;
	pid_t pid;
	int port;
	struct given given[GIVEN_MAX];
	unsigned int nr_given;
	char mode[96]; /* of the screen, as the server is told of it; "": it has none */
	uint64_t deaths[DEATHS_MAX]; /* when, the latest first */
};

static struct server servers[LIST_SERVERS_MAX];
static unsigned int nr_servers;

static bool complain(const struct server *s, const char *what, long error)
{
	say("init: %s: %s: %s", s->line->name, what, strerror((int)-error));
	return false;
}

/* `fd` is a new descriptor, or -errno: then false. */
static bool give(struct server *s, const char *word, long fd)
{
	if (fd < 0)
		return complain(s, word, fd);
	s->given[s->nr_given++] = (struct given){word, (int)fd};
	return true;
}

/* Without a screen it does without. */
static bool give_screen(struct server *s, int machine)
{
	long fd = screen_right(machine, s->mode, sizeof(s->mode));

	return fd == -ENODEV || give(s, "screen", fd);
}

/* Everything that outlives the process. */
static bool make_rights(struct server *s, int machine)
{
	const struct server_line *l = s->line;

	if (!give(s, "port", ipc_port(IPC_CLOEXEC | IPC_INHERIT)))
		return false;
	s->port = s->given[0].fd;
	if (l->state && !give(s, "state", memobj_create(l->state, IPC_CLOEXEC)))
		return false;
	if (l->ioport_count &&
	    !give(s, "ioports",
		  machine_ioports(machine, (unsigned int)l->ioport_first,
				  (unsigned int)l->ioport_count, MACHINE_CLOEXEC)))
		return false;
	if (l->irq_wanted &&
	    !give(s, "irq",
		  machine_irq(machine, (unsigned int)l->irq, MACHINE_IRQ_ISA | MACHINE_CLOEXEC)))
		return false;
	if (l->screen && !give_screen(s, machine))
		return false;
	if (l->processes && !give(s, "processes", machine_processes(machine, MACHINE_CLOEXEC)))
		return false;
	if (l->boot && !give(s, "machine", fcntl(machine, F_DUPFD_CLOEXEC, 0)))
		return false;
	return true;
}

/* --- the process --- */

static void run(struct server *s)
{
	const char *argv[LIST_ARGS_MAX + GIVEN_MAX + 2];
	char words[GIVEN_MAX][32];
	unsigned int n = 0;
	sigset_t none;

	for (; n < s->line->argc; n++)
		argv[n] = s->line->argv[n];
	for (unsigned int i = 0; i < s->nr_given; i++) {
		const struct given *g = &s->given[i];

		(void)fcntl(g->fd, F_SETFD, 0);
		snprintf(words[i], sizeof(words[i]), "%s=%d", g->word, g->fd);
		argv[n++] = words[i];
	}
	if (s->mode[0])
		argv[n++] = s->mode;
	argv[n] = NULL;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* From the boot archive: the servers of files may be what does not run now. */
	(void)fs_root(-1);
	execve(argv[0], (char *const *)argv, (char *const[]){NULL});
	say("init: cannot execute %s: %s", argv[0], strerror(errno));
	_exit(127);
}

static bool start(struct server *s)
{
	s->pid = fork();
	if (s->pid == 0)
		run(s);
	if (s->pid < 0)
		return complain(s, "fork", -errno);
	say("init: %s is process %d", s->line->name, (int)s->pid);
	return true;
}

/* --- its place in the tree --- */

static bool is_root(struct server *s)
{
	long fd = ipc_connect(s->port, 0, IPC_CLOEXEC);
	long ret = fd < 0 ? fd : fs_root((int)fd);

	if (fd >= 0)
		(void)close((int)fd);
	return ret ? complain(s, "cannot be the root", ret) : true;
}

/* One message by path to the root, with a handle. */
static long mount_message(int root, const char *path, int fd)
{
	struct ipc_segment segment = {.addr = (uintptr_t)path, .bytes = strlen(path)};
	struct ipc_msg m = {
		.words = {FS_OP(FS_MOUNT, FS_BY_PATH, segment.bytes)},
		.out = (uintptr_t)&segment,
		.nr_out = 1,
		.handles = {fd},
		.nr_handles = 1,
	};

	return ipc_send(root, &m);
}

static bool mount(struct server *s, const struct mount_at *at)
{
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long fd = ipc_connect(s->port, at->cookie, IPC_CLOEXEC), ret;

	if (root < 0 || fd < 0)
		return complain(s, at->path, root < 0 ? -errno : fd);
	ret = mount_message(root, at->path + 1, (int)fd);
	/* There is nothing to stand on yet. */
	if (ret == -ENOENT && mknod(at->path, S_IFREG | 0600, 0) == 0)
		ret = mount_message(root, at->path + 1, (int)fd);
	(void)close((int)fd);
	(void)close(root);
	return ret ? complain(s, at->path, ret) : true;
}

bool servers_start(const struct start_list *list, int machine)
{
	for (unsigned int i = 0; i < list->n; i++) {
		struct server *s = &servers[nr_servers++];

		s->line = &list->servers[i];
		if (!make_rights(s, machine) || !start(s))
			return false;
		if (s->line->root && !is_root(s))
			return false;
		for (unsigned int k = 0; k < s->line->nr_mounts; k++)
			if (!mount(s, &s->line->mounts[k]))
				return false;
	}
	return true;
}

/* --- deaths --- */

void say_ended(const char *name, int status)
{
	if (WIFEXITED(status))
		say("init: %s exited with %d", name, WEXITSTATUS(status));
	else
		say("init: %s was killed by signal %d", name, WTERMSIG(status));
}

/* Whether this is one too many in a short time. */
static bool too_often(struct server *s)
{
	uint64_t now = now_ns(), oldest = s->deaths[DEATHS_MAX - 1];

	memmove(s->deaths + 1, s->deaths, sizeof(s->deaths) - sizeof(s->deaths[0]));
	s->deaths[0] = now;
	return oldest && now - oldest < DEATHS_NS;
}

/* Its clients hear that it is gone. */
static void give_up(struct server *s)
{
	say("init: %s died %d times within %lu s: given up", s->line->name, DEATHS_MAX + 1,
	    DEATHS_NS / 1000000000);
	for (unsigned int i = 0; i < s->nr_given; i++)
		(void)close(s->given[i].fd);
	s->nr_given = 0;
}

bool server_ended(pid_t pid, int status, bool *end)
{
	for (unsigned int i = 0; i < nr_servers; i++) {
		struct server *s = &servers[i];

		if (s->pid != pid)
			continue;
		s->pid = 0;
		say_ended(s->line->name, status);
		if (s->line->essential) {
			say("init: nothing works without %s", s->line->name);
			*end = true;
		} else if (too_often(s)) {
			give_up(s);
		} else if (!start(s)) {
			give_up(s);
		}
		return true;
	}
	return false;
}
