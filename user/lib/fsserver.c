/* The main loop of a server of files: see fsserver.h. */
#include "user/lib/fsserver.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What comes with a message at once: a path, and data behind it. */
static char received[FS_PATH_MAX + 4096];
static char path[FS_PATH_MAX];

/* What Linux says to a file that cannot do it. */
static const int unable[FS_OPS] = {
	[FS_READ] = EINVAL,     [FS_WRITE] = EINVAL, [FS_SEEK] = ESPIPE,     [FS_READDIR] = ENOTDIR,
	[FS_IOCTL] = ENOTTY,    [FS_SYNC] = EINVAL,  [FS_GETPATH] = ENOTDIR, [FS_TRUNCATE] = EINVAL,
	[FS_CHMOD] = EPERM,     [FS_CHOWN] = EPERM,  [FS_UTIMES] = EPERM,    [FS_MAP] = ENODEV,
	[FS_READLINK] = EINVAL, [FS_MAKE] = EPERM,   [FS_SYMLINK] = EPERM,   [FS_LINK] = EPERM,
	[FS_RENAME] = EPERM,    [FS_UNLINK] = EPERM, [FS_PIPE] = ENXIO,      [FS_MOUNT] = EPERM,
	[FS_UNMOUNT] = EINVAL,
};

_Static_assert(offsetof(struct ipc_message, words[1]) ==
			       offsetof(struct fs_request, arg) -
				       offsetof(struct fs_request, message) &&
		       sizeof(struct ipc_message) == offsetof(struct fs_request, op) -
							     offsetof(struct fs_request, message),
	       "a request does not lie over its message");

/* The path, which the data begin with. 0 or -errno: any process can send anything. */
static long parse_path(struct fs_request *r, uint32_t bytes)
{
	if (!(r->flags & FS_BY_PATH))
		return -EINVAL;
	if (bytes >= FS_PATH_MAX)
		return -ENAMETOOLONG;
	if (bytes > r->data_here || memchr(received, 0, bytes))
		return -EINVAL;
	memcpy(path, received, bytes);
	path[bytes] = 0;
	r->path = path;
	r->path_bytes = bytes;
	r->data += bytes;
	r->data_here -= bytes;
	r->data_bytes -= bytes;
	return 0;
}

/* Data in a word. 0 or -errno. */
static long parse_short(struct fs_request *r)
{
	if (FS_PATH_OF(r->what) || r->all_bytes || r->arg[0] > FS_SHORT_MAX)
		return -EINVAL;
	if (r->op == FS_READ) {
		r->in_word = true;
		return 0;
	}
	r->data = (const char *)&r->arg[2];
	r->data_here = r->data_bytes = (uint32_t)r->arg[0];
	return r->op == FS_WRITE ? 0 : -EINVAL;
}

/* 0 or -errno. Field by field, and nothing that the message has set: every message passes here. */
static long parse(struct fs_request *r)
{
	uint32_t path_bytes = FS_PATH_OF(r->what);

	r->op = FS_OP_OF(r->what);
	r->flags = FS_FLAGS_OF(r->what);
	r->path = "";
	r->path_bytes = 0;
	r->data = received;
	r->data_bytes = r->all_bytes;
	r->data_here = r->all_bytes < sizeof(received) ? r->all_bytes : sizeof(received);
	r->word[0] = r->word[1] = 0;
	r->reply = NULL;
	r->reply_bytes = 0;
	r->nr_fds = 0;
	r->in_word = false;
	r->answered = NULL;
	if (r->flags & FS_SHORT)
		return parse_short(r);
	return path_bytes ? parse_path(r, path_bytes) : 0;
}

static long handle(struct fs_request *r)
{
	fs_handler handler = r->op < FS_OPS ? r->server->handlers[r->op] : NULL;

	if (handler)
		return handler(r);
	return r->op < FS_OPS && unable[r->op] ? -unable[r->op] : -ENOSYS;
}

/* What the caller has no room for, or no memory, is its error. */
static void refuse(const struct fs_request *r, long why)
{
	if (why != -ESRCH)
		(void)ipc_reply(r->server->port, r->token, why, 0, 0, NULL);
}

/* An answer with descriptors: they are closed here at once, not when the next message has come. */
static bool answer_fds(const struct fs_request *r, long status)
{
	struct ipc_reply reply = {
		.addr = (uintptr_t)r->reply,
		.bytes = r->reply_bytes,
		.nr_handles = r->nr_fds,
	};
	long ret;

	for (unsigned int i = 0; i < r->nr_fds; i++)
		reply.handles[i] = r->fds[i];
	ret = ipc_reply(r->server->port, r->token, status, r->word[0], r->word[1], &reply);
	if (ret)
		refuse(r, ret);
	for (unsigned int i = 0; i < r->nr_fds; i++)
		(void)close(r->fds[i]);
	return ret == 0;
}

static void answer_in_word(struct fs_request *r)
{
	if (r->reply_bytes && r->reply_bytes <= FS_SHORT_MAX) {
		r->word[0] = FS_IN_WORD;
		memcpy(&r->word[1], r->reply, r->reply_bytes);
		r->reply_bytes = 0;
	}
}

static long receive(struct fs_request *r)
{
	static const struct ipc_buffer buffer = {.addr = (uintptr_t)received,
						 .bytes = sizeof(received)};

	return ipc_receive(r->server->port, &r->message, &buffer);
}

/* The rest of a turn whose answer or receive went wrong, with `token`, -errno. Otherwise as answer_and_receive(). */
static long receive_after(struct fs_request *r, long status, long token, struct fs_request *next)
{
	/* If it is the receive that has failed, nobody waits with the token any more. */
	if (token != -EINTR)
		refuse(r, token);
	if (r->answered)
		r->answered(r, status, token == -EINTR);
	return token == -EINTR ? token : receive(next);
}

/* Answers, and receives the next message: its token, 0 or -errno. */
static long answer_and_receive(struct fs_request *r, long status, struct fs_request *next)
{
	static struct ipc_serve turn = {.buffer = (uintptr_t)received, .room = sizeof(received)};
	long token;

	if (r->nr_fds) {
		bool taken = answer_fds(r, status);

		if (r->answered)
			r->answered(r, status, taken);
		return receive(next);
	}
	if (r->in_word)
		answer_in_word(r);
	turn.addr = (uintptr_t)r->reply;
	turn.bytes = r->reply_bytes;
	token = ipc_receive_raw(SYS_ipc_serve, r->server->port, (uint64_t)r->token, status,
				r->word[0], r->word[1], &next->message, &turn);
	if (token < 0)
		return receive_after(r, status, token, next);
	if (r->answered)
		r->answered(r, status, true);
	return token;
}

/* Handles the message and receives the next: its token, 0 or -errno. */
static long serve(struct fs_request *r, struct fs_request *next)
{
	long status = parse(r);

	if (!status)
		status = handle(r);
	return status == FS_DEFERRED ? receive(next) : answer_and_receive(r, status, next);
}

long fs_serve(struct fs_server *s)
{
	/* They take turns: while one comes, the one before it may still be asked for what it was (`answered`). */
	static struct fs_request requests[2];
	struct fs_request *r = &requests[0], *next = &requests[1];
	/* What a predecessor has left unanswered comes first. */
	long token = ipc_requeue(s->port);

	r->server = next->server = s;
	if (token >= 0)
		token = receive(r);
	for (;;) {
		if (token > 0) {
			struct fs_request *last = r;

			r->token = token;
			token = serve(r, next);
			r = next;
			next = last;
			continue;
		}
		if (token < 0 && token != -EINTR)
			return token;
		if (token == 0 && s->pulse)
			s->pulse(s, r->cookie, r->message.words[0], r->message.words[1]);
		token = receive(r);
	}
}

long fs_data(struct fs_request *r, uint64_t offset, void *buffer, uint64_t bytes)
{
	if (offset >= r->data_bytes)
		return 0;
	if (bytes > r->data_bytes - offset)
		bytes = r->data_bytes - offset;
	if (offset + bytes > r->data_here)
		return ipc_read(r->server->port, r->token, r->path_bytes + offset, buffer, bytes);
	memcpy(buffer, r->data + offset, bytes);
	return (long)bytes;
}

long fs_put(struct fs_request *r, uint64_t offset, const void *data, uint64_t bytes)
{
	return ipc_write(r->server->port, r->token, offset, data, bytes);
}

long fs_take(struct fs_request *r, int *fd)
{
	int32_t handle;
	long n;

	if (r->nr_handles != 1)
		return -EINVAL;
	n = ipc_take(r->server->port, r->token, &handle, 1);
	*fd = handle;
	return n == 1 ? 0 : n < 0 ? n : -EINVAL;
}

long fs_answer(struct fs_server *s, long token, long status, uint64_t word0, const void *data,
	       size_t bytes)
{
	const struct ipc_reply reply = {.addr = (uintptr_t)data, .bytes = bytes};

	return ipc_reply(s->port, token, status, word0, 0, bytes ? &reply : NULL);
}

long fs_give_connection(struct fs_request *r, uint64_t cookie)
{
	int fd = (int)ipc_connect(r->server->port, cookie, IPC_CLOEXEC);

	if (fd < 0)
		return fd;
	r->fds[r->nr_fds++] = fd;
	return 0;
}

long fs_redirect(struct fs_request *r, int fd, const char *rest)
{
	if (fd >= 0) {
		fd = dup(fd);
		if (fd < 0)
			return -errno;
		r->fds[r->nr_fds++] = fd;
	}
	r->reply = rest;
	r->reply_bytes = strlen(rest);
	r->word[0] = r->reply_bytes;
	return FS_REDIRECT;
}
