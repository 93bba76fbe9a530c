/* Open files, and messages: see serve.h. */
#include "user/proc/serve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/freewalk.h"
#include "user/proc/format.h"
#include "user/proc/gather.h"

#define OPEN_MAX     4096
#define PROC_MAGIC   0x9fa0
#define DEVICE       14 /* st_dev: of this file system */
#define TIMER_COOKIE (~0ul)
#define SETTABLE     (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

struct open {
	struct node node; /* without a type: free */
	struct text text;
	bool made; /* the text is */
	uint64_t offset;
	int highest;    /* of a directory: the highest number when it was begun */
	uint32_t flags; /* O_*, as F_GETFL has them */
	uint32_t uses;  /* of this place */
};

static struct open opens[OPEN_MAX];
static int timer;

/* --- cookies: a place, how often it has been used, and whose it is: a predecessor's are recognised --- */

static uint64_t cookie_of(const struct open *o)
{
	return (uint64_t)getpid() << 40 | (uint64_t)(o->uses & 0xffffff) << 16 |
	       (uint64_t)(o - opens);
}

/* NULL: it is not open, or was with a server that has died. */
static struct open *find_open(uint64_t cookie)
{
	static struct open root;
	struct open *o = &opens[(cookie & 0xffff) % OPEN_MAX];

	root.node = node_root;
	root.flags = O_PATH;
	if (!cookie)
		return &root;
	return o->node.type && cookie_of(o) == cookie ? o : NULL;
}

static struct open *new_open(const struct node *node, uint32_t flags)
{
	for (unsigned int i = 0; i < OPEN_MAX; i++) {
		struct open *o = &opens[i];
		uint32_t uses = o->uses + 1;

		if (o->node.type)
			continue;
		*o = (struct open){.node = *node, .flags = flags, .uses = uses};
		return o;
	}
	return NULL;
}

static void close_open(uint64_t cookie)
{
	struct open *o = cookie ? find_open(cookie) : NULL;

	if (!o)
		return;
	text_free(&o->text);
	o->node.type = NULL;
}

/* --- which file is meant --- */

/*
 * "self/fd/7", or with the asker's own number: descriptor 7 of its, which the kernel knows. -1: it is no such path.
 * There is no directory of them.
 */
static int own_descriptor(const struct fs_request *r, const struct ipc_info *info)
{
	char self[16], tail;
	int fd = -1;

	snprintf(self, sizeof(self), "%d/fd/", info->pid);
	if (r->cookie || r->flags & FS_NOFOLLOW)
		return -1;
	if (!strncmp(r->path, self, strlen(self)))
		return sscanf(r->path + strlen(self), "%9d%c", &fd, &tail) == 1 ? fd : -1;
	return sscanf(r->path, "self/fd/%9d%c", &fd, &tail) == 1 ? fd : -1;
}

/* The message's own path, or the connection's own file. 0, or what the message is answered with. */
static long find(struct fs_request *r, unsigned int how, struct node *node)
{
	const struct open *o = find_open(r->cookie);
	struct ipc_info info;
	const char *rest;
	long ret;
	int own;

	if (!o)
		return -EIO;
	*node = o->node;
	if (!(r->flags & FS_BY_PATH))
		return 0;
	ret = fs_client(r, &info);
	if (ret)
		return ret;
	own = own_descriptor(r, &info);
	if (own >= 0) {
		r->word[0] = (uint64_t)own;
		return FS_OWN;
	}
	ret = node_walk(&o->node, r->path, how, &(struct asker){info.pid, info.tid}, node, &rest);
	/* Its own parent is the root, and links that leave it are absolute. */
	return ret == NODE_AWAY ? fs_redirect(r, -1, rest) : ret;
}

static unsigned int how_to_end(const struct fs_request *r)
{
	return r->flags & FS_NOFOLLOW ? NODE_NOFOLLOW : 0;
}

/* --- by path --- */

static long do_open(struct fs_request *r)
{
	uint32_t flags = (uint32_t)r->arg[0];
	struct node node;
	long ret = find(r, flags & O_NOFOLLOW || r->flags & FS_NOFOLLOW ? NODE_NOFOLLOW : 0, &node);
	struct open *o;

	if (ret)
		return ret == -ENOENT && flags & O_CREAT ? -EACCES : ret;
	if (flags & O_CREAT && flags & O_EXCL)
		return -EEXIST;
	if (flags & O_DIRECTORY && !node_is_dir(&node))
		return -ENOTDIR;
	if (!(flags & O_PATH)) {
		if (S_ISLNK(node.type->mode))
			return -ELOOP;
		if ((flags & O_ACCMODE) != O_RDONLY)
			return node_is_dir(&node) ? -EISDIR : -EACCES;
	}
	o = new_open(&node, flags & ~(uint32_t)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC));
	if (!o)
		return -ENFILE;
	ret = fs_give_connection(r, cookie_of(o));
	if (ret)
		close_open(cookie_of(o));
	return ret;
}

static long do_access(struct fs_request *r)
{
	struct node node;
	long ret = find(r, how_to_end(r), &node);

	if (ret || node_is_dir(&node))
		return ret;
	return r->arg[0] & (W_OK | X_OK) ? -EACCES : 0;
}

static long do_readlink(struct fs_request *r)
{
	static struct text target;
	struct ipc_info info;
	struct node node;
	long ret = find(r, NODE_NOFOLLOW, &node);

	if (!ret)
		ret = S_ISLNK(node.type->mode) ? fs_client(r, &info) : -EINVAL;
	if (ret)
		return ret;
	text_free(&target);
	ret = node_link(&node, &(struct asker){info.pid, info.tid}, &target);
	if (ret)
		return ret;
	r->reply = target.bytes;
	r->reply_bytes = target.length < r->arg[0] ? target.length : r->arg[0];
	return (long)r->reply_bytes;
}

static long do_stat(struct fs_request *r)
{
	static struct stat st;
	struct node node;
	long ret = find(r, how_to_end(r), &node);
	uint64_t start;

	if (ret)
		return ret;
	start = gather_start(&node);
	memset(&st, 0, sizeof(st));
	st.st_dev = DEVICE;
	st.st_ino = node_number(&node);
	st.st_mode = node.type->mode;
	st.st_nlink = node_is_dir(&node) ? 2 : 1;
	st.st_blksize = 1024;
	st.st_mtim = (struct timespec){(time_t)(start / 1000000000), (long)(start % 1000000000)};
	st.st_atim = st.st_ctim = st.st_mtim;
	r->reply = &st;
	r->reply_bytes = sizeof(st);
	return 0;
}

static long do_statfs(struct fs_request *r)
{
	static const struct statfs st = {
		.f_type = PROC_MAGIC,
		.f_bsize = 4096,
		.f_frsize = 4096,
		.f_namelen = FS_NAME_MAX,
	};
	struct node node;
	long ret = find(r, how_to_end(r), &node);

	if (ret)
		return ret;
	r->reply = &st;
	r->reply_bytes = sizeof(st);
	return 0;
}

/* --- reading --- */

static void read_answered(struct fs_request *r, long status, bool taken)
{
	struct open *o = find_open(r->cookie);

	if (o && taken && status > 0 && r->arg[1] == FS_CURRENT)
		o->offset += (uint64_t)status;
}

/* Makes the text, unless it is there and the reader is in the middle of it. 0 or -errno. */
static long make_text(struct open *o, uint64_t offset)
{
	long ret;

	if (o->made && offset)
		return 0;
	o->made = false;
	text_free(&o->text);
	ret = o->node.type->make(&o->text, &o->node);
	if (!ret && o->text.failed)
		ret = -ENOMEM;
	o->made = !ret;
	if (ret)
		text_free(&o->text);
	return ret;
}

static long do_read(struct fs_request *r)
{
	struct open *o = find_open(r->cookie);
	uint64_t offset, left;
	long ret;

	if (!o)
		return -EIO;
	if (o->flags & O_PATH)
		return -EBADF;
	if (node_is_dir(&o->node))
		return -EISDIR;
	offset = r->arg[1] == FS_CURRENT ? o->offset : r->arg[1];
	if (offset > INT64_MAX)
		return -EINVAL;
	ret = make_text(o, offset);
	if (ret || offset >= o->text.length)
		return ret;
	left = o->text.length - offset;
	r->reply = o->text.bytes + offset;
	r->reply_bytes = left < r->arg[0] ? left : r->arg[0];
	r->answered = read_answered;
	return (long)r->reply_bytes;
}

static long do_seek(struct fs_request *r)
{
	struct open *o = find_open(r->cookie);
	int64_t to = (int64_t)r->arg[0];

	if (!o)
		return -EIO;
	if (o->flags & O_PATH)
		return -EBADF;
	if (r->arg[1] == SEEK_CUR && __builtin_add_overflow(to, (int64_t)o->offset, &to))
		return -EOVERFLOW;
	if (r->arg[1] > SEEK_CUR || to < 0)
		return -EINVAL;
	o->offset = r->word[0] = (uint64_t)to;
	return 0;
}

/* --- directories --- */

#define NAMES 64 /* that are looked up for one answer */

static char names[NAMES * 64] __attribute__((aligned(8)));

/* One name of an answer, at names + used. Its bytes; 0: there is no room. */
static size_t put_name(size_t used, size_t room, const struct node_entry *e)
{
	struct dirent *d = (struct dirent *)(names + used);
	size_t length = strlen(e->name) + 1;
	size_t bytes = (offsetof(struct dirent, d_name) + length + 7) & ~7ul;

	if (bytes > room - used)
		return 0;
	memset(d, 0, bytes);
	d->d_ino = node_number(&e->node);
	d->d_off = (off_t)e->next;
	d->d_reclen = (unsigned short)bytes;
	d->d_type = (unsigned char)(e->node.type->mode >> 12);
	memcpy(d->d_name, e->name, length);
	return bytes;
}

static void readdir_answered(struct fs_request *r, long status, bool taken)
{
	struct open *o = find_open(r->cookie);

	if (o && taken && status > 0)
		o->offset = r->note;
}

static long do_readdir(struct fs_request *r)
{
	static struct node_entry entries[NAMES];
	struct open *o = find_open(r->cookie);
	size_t room = r->arg[0] < sizeof(names) ? r->arg[0] : sizeof(names), used = 0, bytes;
	unsigned int n;

	if (!o)
		return -EIO;
	if (o->flags & O_PATH)
		return -EBADF;
	if (!node_is_dir(&o->node))
		return -ENOTDIR;
	if (o->node.pid && !node_exists(o->node.pid, o->node.tid))
		return -ENOENT;
	if (!o->offset)
		o->highest = gather_highest();
	n = node_list(&o->node, o->offset, o->highest, entries, NAMES);
	for (unsigned int i = 0; i < n; i++) {
		bytes = put_name(used, room, &entries[i]);
		if (!bytes)
			break;
		used += bytes;
		r->note = entries[i].next;
	}
	if (n && !used)
		return -EINVAL;
	r->reply = names;
	r->reply_bytes = used;
	r->answered = readdir_answered;
	return (long)used;
}

static long do_getpath(struct fs_request *r)
{
	static char path[64];
	const struct open *o = find_open(r->cookie);

	if (!o)
		return -EIO;
	if (!node_is_dir(&o->node))
		return -ENOTDIR;
	if (o->node.pid && !node_exists(o->node.pid, o->node.tid))
		return -ENOENT;
	node_path(&o->node, path, sizeof(path));
	r->reply = path;
	r->reply_bytes = strlen(path) + 1;
	return r->reply_bytes > r->arg[0] ? -ERANGE : (long)r->reply_bytes;
}

/* --- the rest --- */

static long do_getfl(struct fs_request *r)
{
	const struct open *o = find_open(r->cookie);

	return o ? (long)o->flags : -EIO;
}

static long do_setfl(struct fs_request *r)
{
	struct open *o = find_open(r->cookie);

	if (!o)
		return -EIO;
	o->flags = (o->flags & ~(uint32_t)SETTABLE) | ((uint32_t)r->arg[0] & SETTABLE);
	return 0;
}

/* A text never makes anybody wait. */
static long do_poll(struct fs_request *r)
{
	return (long)(r->arg[0] & (POLLIN | POLLRDNORM));
}

static void on_pulse(struct fs_server *s, uint64_t cookie, uint64_t code, uint64_t value)
{
	(void)s;
	(void)value;
	if (code == IPC_PULSE_CLOSED)
		close_open(cookie);
	if (code != IPC_PULSE_TIMER || cookie != TIMER_COOKIE)
		return;
	gather_sample_load();
	(void)ipc_timer_set(timer, LOAD_INTERVAL * 1000000000ul);
}

long serve_init(struct fs_server *server)
{
	static const fs_handler handlers[FS_OPS] = {
		[FS_READ] = do_read,     [FS_SEEK] = do_seek,         [FS_READDIR] = do_readdir,
		[FS_GETFL] = do_getfl,   [FS_SETFL] = do_setfl,       [FS_POLL] = do_poll,
		[FS_STAT] = do_stat,     [FS_STATFS] = do_statfs,     [FS_OPEN] = do_open,
		[FS_ACCESS] = do_access, [FS_READLINK] = do_readlink, [FS_GETPATH] = do_getpath,
	};

	memcpy(server->handlers, handlers, sizeof(handlers));
	server->pulse = on_pulse;
	timer = (int)ipc_timer(server->port, TIMER_COOKIE, IPC_CLOEXEC);
	return timer < 0 ? timer : ipc_timer_set(timer, LOAD_INTERVAL * 1000000000ul);
}
