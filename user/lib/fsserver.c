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

/* 0 or -errno: any process can send anything. */
static long parse(struct fs_request *r, const struct ipc_message *m)
{
	uint32_t here = m->bytes < sizeof(received) ? m->bytes : sizeof(received);
	uint32_t path_bytes = FS_PATH_OF(m->words[0]);

	r->cookie = m->cookie;
	r->op = FS_OP_OF(m->words[0]);
	r->flags = FS_FLAGS_OF(m->words[0]);
	memcpy(r->arg, m->words + 1, sizeof(r->arg));
	r->nr_handles = m->handles;
	if (path_bytes) {
		if (!(r->flags & FS_BY_PATH))
			return -EINVAL;
		if (path_bytes >= FS_PATH_MAX)
			return -ENAMETOOLONG;
		if (path_bytes > here || memchr(received, 0, path_bytes))
			return -EINVAL;
		memcpy(path, received, path_bytes);
	}
	path[path_bytes] = 0;
	r->path = path;
	r->path_bytes = path_bytes;
	r->data = received + path_bytes;
	r->data_here = here - path_bytes;
	r->data_bytes = m->bytes - path_bytes;
	return 0;
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

/* Answers, and receives the next message: its token, 0 or -errno. */
static long answer_and_receive(struct fs_request *r, long status, struct ipc_message *m,
			       const struct ipc_buffer *buffer)
{
	struct ipc_serve turn = {
		.addr = (uintptr_t)r->reply,
		.bytes = r->reply_bytes,
		.buffer = buffer->addr,
		.room = buffer->bytes,
	};
	bool taken;
	long token;

	if (r->nr_fds) {
		taken = answer_fds(r, status);
		token = -ESRCH;
	} else {
		m->words[0] = r->word[0];
		m->words[1] = r->word[1];
		token = ipc_serve(r->server->port, r->token, status, m, &turn);
		taken = token >= 0 || token == -EINTR;
		/* If it is the receive that has failed, nobody waits with the token any more. */
		if (!taken)
			refuse(r, token);
	}
	if (r->answered)
		r->answered(r, status, taken);
	return token < 0 && token != -EINTR ? ipc_receive(r->server->port, m, buffer) : token;
}

long fs_serve(struct fs_server *s)
{
	const struct ipc_buffer buffer = {.addr = (uintptr_t)received, .bytes = sizeof(received)};
	struct ipc_message m = {0};
	/* What a predecessor has left unanswered comes first. */
	long token = ipc_requeue(s->port);

	if (token >= 0)
		token = ipc_receive(s->port, &m, &buffer);
	for (;;) {
		struct fs_request r = {.server = s, .token = token};
		long status;

		if (token < 0 && token != -EINTR)
			return token;
		if (token <= 0) {
			if (token == 0 && s->pulse)
				s->pulse(s, m.cookie, m.words[0], m.words[1]);
			token = ipc_receive(s->port, &m, &buffer);
			continue;
		}
		status = parse(&r, &m);
		if (!status)
			status = handle(&r);
		token = status == FS_DEFERRED ? ipc_receive(s->port, &m, &buffer)
					      : answer_and_receive(&r, status, &m, &buffer);
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
