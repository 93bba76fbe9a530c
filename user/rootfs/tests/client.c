/* See client.h. */
#include "user/rootfs/tests/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "user/rootfs/kernel.h"
#include "user/rootfs/pool.h"
#include "user/rootfs/serve.h"

static struct fs_server server;
static struct call *now;
#define ROOTS_MAX 64

/* Those of trees that were: nothing of them is lost, the leak detector is told. */
struct inode *client_roots[ROOTS_MAX];

static uint64_t used_at_begin, inodes_at_begin;

/* --- the kernel --- */

int object_create(uint64_t bytes)
{
	int fd = memfd_create("object", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)bytes) != 0)
		abort();
	return fd < 0 ? -errno : fd;
}

void object_set_end(int object, uint64_t bytes)
{
	if (ftruncate(object, (off_t)((bytes + POOL_PAGE - 1) & ~(uint64_t)(POOL_PAGE - 1))) != 0)
		abort();
}

int object_view(int object, bool read_only)
{
	(void)read_only;
	return dup(object);
}

void time_now(struct timespec *t)
{
	clock_gettime(CLOCK_REALTIME, t);
}

/* --- what fsserver.c does by messages --- */

/* How many bytes of a copy happen; or -EFAULT. */
static long copied(uint64_t offset, uint64_t bytes, size_t all)
{
	size_t end = now->refused && now->refused < all ? now->refused : all;

	if (offset >= all)
		return 0;
	bytes = bytes < all - offset ? bytes : all - offset;
	return offset + bytes <= end ? (long)bytes : -EFAULT;
}

long fs_data(struct fs_request *r, uint64_t offset, void *buffer, uint64_t bytes)
{
	long n = copied(offset, bytes, r->data_bytes);

	if (n > 0)
		memcpy(buffer, r->data + offset, (size_t)n);
	return n;
}

long fs_put(struct fs_request *r, uint64_t offset, const void *data, uint64_t bytes)
{
	long n = copied(offset, bytes, now->room_bytes);

	(void)r;
	if (n > 0)
		memcpy((char *)now->room + offset, data, (size_t)n);
	return n;
}

long fs_take(struct fs_request *r, int *fd)
{
	if (r->nr_handles != 1)
		return -EINVAL;
	*fd = dup(now->handle);
	return *fd < 0 ? -errno : 0;
}

long fs_give_connection(struct fs_request *r, uint64_t cookie)
{
	(void)r;
	now->connection = cookie;
	return 0;
}

long fs_redirect(struct fs_request *r, int fd, const char *rest)
{
	(void)r;
	now->got_handle = fd < 0 ? -1 : dup(fd);
	snprintf(now->rest, sizeof(now->rest), "%s", rest);
	return FS_REDIRECT;
}

/* --- calls --- */

/* The end of a call, as answer_and_receive() makes it. The status that the caller sees. */
static long answer(struct fs_request *r, long status)
{
	bool taken = !now->leaves;

	if (taken && r->reply_bytes) {
		long n = fs_put(r, 0, r->reply, r->reply_bytes);

		if (n != (long)r->reply_bytes) {
			taken = false;
			status = n < 0 ? n : -ENOSPC;
		}
		now->got_bytes = r->reply_bytes;
	}
	if (r->answered)
		r->answered(r, status, taken);
	if (!taken && now->connection)
		client_close(now->connection);
	if (r->nr_fds)
		now->got_handle = r->fds[0];
	memcpy(now->word, r->word, sizeof(now->word));
	return status;
}

long client_call(struct call *c)
{
	size_t path_bytes = c->path ? strlen(c->path) : 0;
	char *path = malloc(path_bytes + 1), *data = malloc(c->data_bytes ? c->data_bytes : 1);
	struct fs_request r = {
		.server = &server,
		.cookie = c->cookie,
		.op = c->op,
		.flags = c->flags | (c->path ? FS_BY_PATH : 0),
		.path = path,
		.path_bytes = (uint32_t)path_bytes,
		.data = data,
		.data_here = (uint32_t)c->data_bytes,
		.data_bytes = (uint32_t)c->data_bytes,
		.nr_handles = c->handle > 0,
	};
	long status;

	memcpy(path, c->path ? c->path : "", path_bytes + 1);
	if (c->data_bytes)
		memcpy(data, c->data, c->data_bytes);
	memcpy(r.arg, c->arg, sizeof(r.arg));
	c->got_handle = -1;
	c->connection = 0;
	c->got_bytes = 0;
	now = c;
	status = server.handlers[c->op] ? server.handlers[c->op](&r) : -ENOSYS;
	status = answer(&r, status);
	free(path);
	free(data);
	return status;
}

long client_path(unsigned int op, uint64_t at, const char *path, uint64_t a, uint64_t b)
{
	struct call c = {.cookie = at, .op = op, .path = path, .arg = {a, b}};

	return client_call(&c);
}

long client_open(uint64_t at, const char *path, int flags, int mode)
{
	struct call c = {.cookie = at, .op = FS_OPEN, .path = path};
	long ret;

	c.arg[0] = (uint64_t)flags;
	c.arg[1] = (uint64_t)mode;
	ret = client_call(&c);
	return ret ? ret : (long)c.connection;
}

void client_close(uint64_t cookie)
{
	server.pulse(&server, cookie, IPC_PULSE_CLOSED, 0);
}

long client_stat(uint64_t at, const char *path, bool follow, struct stat *st)
{
	struct call c = {.cookie = at, .op = FS_STAT, .path = path};

	c.flags = follow ? 0 : FS_NOFOLLOW;
	c.room = st;
	c.room_bytes = sizeof(*st);
	return client_call(&c);
}

long client_two(unsigned int op, unsigned int flags, uint64_t at, const char *path, uint64_t to,
		const char *second, uint64_t last)
{
	struct call c = {.cookie = at, .op = op, .flags = flags, .path = path, .data = second};

	c.data_bytes = strlen(second);
	c.arg[0] = to;
	c.arg[1] = c.data_bytes;
	c.arg[2] = last;
	return client_call(&c);
}

long client_symlink(uint64_t at, const char *path, const char *target)
{
	struct call c = {.cookie = at, .op = FS_SYMLINK, .path = path, .data = target};

	c.data_bytes = c.arg[0] = strlen(target);
	return client_call(&c);
}

long client_read(uint64_t file, void *buffer, size_t bytes, uint64_t offset)
{
	struct call c = {.cookie = file,
			 .op = FS_READ,
			 .arg = {bytes, offset},
			 .room = buffer,
			 .room_bytes = bytes};

	return client_call(&c);
}

long client_write(uint64_t file, const void *buffer, size_t bytes, uint64_t offset)
{
	struct call c = {.cookie = file,
			 .op = FS_WRITE,
			 .arg = {bytes, offset},
			 .data = buffer,
			 .data_bytes = bytes};

	return client_call(&c);
}

void client_begin(void)
{
	static unsigned int n;

	if (n == ROOTS_MAX || pool_init(CLIENT_LIMIT) || tree_init() || open_init())
		abort();
	client_roots[n++] = tree_root;
	serve_init(&server);
	used_at_begin = pool_used();
	inodes_at_begin = tree_inodes();
}

void client_end(void)
{
	uint64_t grown = tree_root->directory.room * sizeof(struct slot);

	if (open_count() == 1 && tree_inodes() == inodes_at_begin &&
	    pool_used() == used_at_begin + grown)
		return;
	fprintf(stderr, "left: %u open, %llu inodes, %llu bytes\n", open_count(),
		(unsigned long long)tree_inodes(),
		(unsigned long long)(pool_used() - used_at_begin - grown));
	abort();
}
