/*
 * The pipe server: pipe2(2), FIFOs, and reading, writing and polling both.
 *
 *	pipe port=FD [state=FD]
 *
 * port: receives here, by a handle that its parent keeps too. state: a memory object of STATE_BYTES or more, likewise,
 * all zero at first. Mounted at /dev/pipe: the connection with cookie 0 is asked for FS_PIPE, and for
 * "fifo/NUMBER" by who has a FIFO of that number.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/freewalk.h"
#include "user/lib/fsserver.h"
#include "user/pipe/pipe.h"

#define HEADER_BYTES ((sizeof(struct pipes) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1))
#define STATE_BYTES  (HEADER_BYTES + (uint64_t)PIPES_MAX * RING_BYTES)
#define ROOT_COOKIE  0 /* generations begin with 1 */

static struct fs_server server;
static struct fs_request *now; /* the read or write that has just come: its data are here */
static long result;            /* of that, if it is to be answered later */
static int state_fd;

/* --- what pipe.c asks for --- */

long pipe_answer(uint64_t token, long status, uint64_t word0, const void *data, uint32_t bytes)
{
	return fs_answer(&server, (long)token, status, word0, data, bytes);
}

static void now_answered(struct fs_request *r, long status, bool taken)
{
	(void)r;
	(void)status;
	pipe_answered(taken);
}

bool pipe_answer_later(uint64_t token, long status, uint64_t word0, const void *data,
		       uint32_t bytes)
{
	if (!now || (uint64_t)now->token != token)
		return false;
	now->word[0] = word0;
	now->reply = data;
	now->reply_bytes = bytes;
	now->answered = now_answered;
	result = status;
	return true;
}

long pipe_give(uint64_t token, const uint64_t *cookies, uint32_t n, uint32_t *made)
{
	struct ipc_reply reply = {.nr_handles = n};
	long ret = 0;

	for (*made = 0; *made < n; ++*made) {
		ret = ipc_connect(server.port, cookies[*made], IPC_CLOEXEC);
		if (ret < 0)
			break;
		reply.handles[*made] = (int)ret;
	}
	if (*made == n)
		ret = ipc_reply(server.port, (long)token, 0, 0, 0, &reply);
	for (uint32_t i = 0; i < *made; i++)
		(void)close(reply.handles[i]);
	return ret;
}

long pipe_fetch(uint64_t token, uint32_t offset, void *to, uint32_t bytes)
{
	if (now && (uint64_t)now->token == token)
		return fs_data(now, offset, to, bytes);
	return ipc_read(server.port, (long)token, offset, to, bytes);
}

bool pipe_waits(uint64_t token)
{
	struct ipc_info info;

	return ipc_info(server.port, (long)token, &info) == 0;
}

void pipe_notify(uint64_t poll_id)
{
	/* Who has gone on needs no telling. */
	(void)fs_notify(&server, poll_id);
}

static char *rings[PIPES_MAX];

/* The ring twice, one behind the other: what wraps around is one piece. */
static __attribute__((noinline)) char *map_ring(unsigned int i)
{
	uint64_t offset = HEADER_BYTES + (uint64_t)i * RING_BYTES;
	char *both;

	both = mmap(NULL, 2 * RING_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (both == MAP_FAILED)
		return NULL;
	for (unsigned int half = 0; half < 2; half++) {
		if (mmap(both + half * RING_BYTES, RING_BYTES, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, state_fd, (off_t)offset) == MAP_FAILED) {
			(void)munmap(both, 2 * RING_BYTES);
			return NULL;
		}
	}
	return rings[i] = both;
}

char *pipe_ring(unsigned int i)
{
	return rings[i] ? rings[i] : map_ring(i);
}

/* --- messages --- */

static long do_now(struct fs_request *r, struct end *e,
		   long (*fn)(struct end *e, uint64_t token, uint64_t bytes))
{
	long ret;

	now = r;
	ret = fn(e, (uint64_t)r->token, r->arg[0]);
	now = NULL;
	return r->answered ? result : ret;
}

static long do_read(struct fs_request *r)
{
	struct end *e = pipe_end(r->cookie);

	if (!e)
		return -EBADF;
	return r->arg[1] == FS_CURRENT ? do_now(r, e, end_read) : -ESPIPE;
}

static long do_write(struct fs_request *r)
{
	struct end *e = pipe_end(r->cookie);

	if (!e)
		return -EBADF;
	return r->arg[1] == FS_CURRENT ? do_now(r, e, end_write) : -ESPIPE;
}

static long do_poll(struct fs_request *r)
{
	struct end *e = pipe_end(r->cookie);

	return e ? end_poll(e, (unsigned int)r->arg[0], r->arg[1]) : -EBADF;
}

static long do_getfl(struct fs_request *r)
{
	const struct end *e = pipe_end(r->cookie);

	if (!e)
		return -EBADF;
	return (e->reads && e->writes ? O_RDWR
		: e->writes           ? O_WRONLY
				      : O_RDONLY) |
	       (e->nonblock ? O_NONBLOCK : 0);
}

static long do_setfl(struct fs_request *r)
{
	struct end *e = pipe_end(r->cookie);

	if (!e)
		return -EBADF;
	e->nonblock = r->arg[0] & O_NONBLOCK;
	return 0;
}

static long do_ioctl(struct fs_request *r)
{
	static int n;
	const struct end *e = pipe_end(r->cookie);

	if (!e)
		return -EBADF;
	if (r->arg[0] != FIONREAD)
		return -ENOTTY;
	n = (int)end_available(e);
	r->reply = &n;
	r->reply_bytes = sizeof(n);
	return 0;
}

static long do_stat(struct fs_request *r)
{
	static struct stat st;
	const struct end *e = pipe_end(r->cookie);

	if (!e && r->cookie != ROOT_COOKIE)
		return -EBADF;
	memset(&st, 0, sizeof(st));
	st.st_dev = 13;
	st.st_ino = e ? end_number(e) : 1;
	st.st_mode = S_IFIFO | 0600;
	st.st_nlink = 1;
	st.st_blksize = PIPE_ATOMIC;
	r->reply = &st;
	r->reply_bytes = sizeof(st);
	return 0;
}

/* "fifo/NUMBER". */
static long do_open(struct fs_request *r)
{
	int access = (int)r->arg[0] & O_ACCMODE;
	unsigned long key;
	char *end;

	if (r->cookie != ROOT_COOKIE)
		return -ENOTDIR;
	if (strncmp(r->path, "fifo/", 5))
		return -ENXIO;
	key = strtoul(r->path + 5, &end, 10);
	if (*end || !key || access == O_ACCMODE)
		return -EINVAL;
	return pipe_open_fifo((uint64_t)r->token, key, access != O_WRONLY, access != O_RDONLY,
			      r->arg[0] & O_NONBLOCK);
}

static long do_pipe(struct fs_request *r)
{
	if (r->cookie != ROOT_COOKIE || r->path_bytes)
		return -ENXIO;
	if (r->arg[0] & ~(uint64_t)(O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	return pipe_make((uint64_t)r->token, r->arg[0] & O_NONBLOCK);
}

static void on_pulse(struct fs_server *s, uint64_t cookie, uint64_t code, uint64_t value)
{
	(void)s;
	(void)value;
	if (code == IPC_PULSE_CLOSED)
		end_close(cookie);
}

static struct fs_server server = {
	.handlers =
		{
			[FS_READ] = do_read,
			[FS_WRITE] = do_write,
			[FS_POLL] = do_poll,
			[FS_GETFL] = do_getfl,
			[FS_SETFL] = do_setfl,
			[FS_IOCTL] = do_ioctl,
			[FS_STAT] = do_stat,
			[FS_OPEN] = do_open,
			[FS_PIPE] = do_pipe,
		},
	.pulse = on_pulse,
};

int main(int argc, char **argv)
{
	static const char *const keys[] = {"port", "state", NULL};
	unsigned long none = ~0ul, port = arg_number(argc, argv, "port", none);
	unsigned long state = arg_number(argc, argv, "state", none);
	struct ipc_last last;
	void *header;

	if (port == none || arg_unknown(argc, argv, keys)) {
		say("pipe: usage: pipe port=FD [state=FD]");
		return 2;
	}
	server.port = (int)port;
	state_fd = state == none ? (int)memobj_create(STATE_BYTES, 0) : (int)state;
	header = state_fd < 0 ? MAP_FAILED
			      : mmap(NULL, HEADER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
				     state_fd, 0);
	if (header == MAP_FAILED) {
		say("pipe: no memory for %lu bytes of state", STATE_BYTES);
		return 1;
	}
	if (ipc_last(server.port, &last)) {
		say("pipe: descriptor %d is no port", server.port);
		return 1;
	}
	pipes_attach(header, last.answered, last.closed);
	say("pipe: the port is gone: %s", strerror((int)-fs_serve(&server)));
	return 1;
}
