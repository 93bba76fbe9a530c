/* Calls by path: see path.h. */
#include "kernel/file/path.h"

#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "kernel/file/fs.h"
#include "kernel/ipc/handle.h"
#include "mm/buddy.h"

char *string_copy(u64 user, u64 *bytes, gfp_t gfp)
{
	struct page *page = alloc_page(gfp);
	char *s = page ? page_address(page) : NULL;
	long n;

	if (!s)
		return ERR_PTR(-ENOMEM);
	n = strncpy_from_user(s, (const char __user *)user, FS_PATH_MAX);
	if (n < 0) {
		free_page(page);
		return ERR_PTR(n);
	}
	*bytes = (u64)n;
	return s;
}

void string_free(char *s)
{
	free_page(virt_to_page(s));
}

long fd_connection(u64 fd, struct connection **c)
{
	struct object *o = handle_get((u32)fd);

	*c = NULL;
	if (!o)
		return -EBADF;
	if (o->type != OBJECT_CONNECTION) {
		object_put(o);
		return -ENOTDIR;
	}
	*c = container_of(o, struct connection, object);
	return 0;
}

/* Where a path begins that is not absolute, or the file itself that an empty one means. */
static int begin_at(struct path_call *p, u64 dirfd)
{
	long ret;

	if ((int)dirfd == AT_FDCWD) {
		p->at = fs_get_cwd();
		return p->at ? 0 : -ENOENT;
	}
	ret = fd_connection(dirfd, &p->at);
	/* The log is a file too, though no directory. */
	return (int)(ret == -ENOTDIR && !p->by_path ? 0 : ret);
}

static void path_init(struct path_call *p)
{
	/* For path_end(). */
	fs_call_init(&p->call, 0, 0, 0, 0);
	p->page = NULL;
	p->at = NULL;
	p->bytes = p->extra_bytes = 0;
	p->interruptible = false;
	p->port = NULL;
}

/* Copies the path, if there is one. 0 or -errno. */
static int copy_path(struct path_call *p, u64 user_path, unsigned int flags)
{
	char *page;

	if (!user_path && (flags & PATH_NULL_FD))
		return 0;
	/* Zero, since what a server has not written must not show what the page was before. */
	page = string_copy(user_path, &p->bytes, GFP_ZERO);
	if (IS_ERR(page))
		return (int)PTR_ERR(page);
	p->page = page;
	return p->bytes || (flags & PATH_EMPTY_FD) ? 0 : -ENOENT;
}

/* The path is there: where does it begin? */
static int begin(struct path_call *p, u64 dirfd)
{
	p->by_path = p->bytes > 0;
	p->from = p->page;
	if (!p->by_path || *p->page != '/')
		return begin_at(p, dirfd);
	for (; *p->from == '/'; p->from++)
		p->bytes--;
	p->at = fs_get_root();
	return p->at ? 0 : -ENOENT;
}

int path_begin(struct path_call *p, u64 dirfd, u64 user_path, unsigned int flags)
{
	int ret;

	path_init(p);
	ret = copy_path(p, user_path, flags);
	return ret ? ret : begin(p, dirfd);
}

int path_begin_kernel(struct path_call *p, u64 dirfd, const char *path)
{
	struct page *page = alloc_page(GFP_ZERO);

	path_init(p);
	if (!page)
		return -ENOMEM;
	p->page = page_address(page);
	p->bytes = strlcpy(p->page, path, FS_PATH_MAX);
	ASSERT(p->bytes < FS_PATH_MAX);
	return begin(p, dirfd);
}

/* Goes on where the server says: with the reply's data as path, at the connection that has come or at the root. */
static int redirect(struct path_call *p)
{
	struct ipc_data *d = &p->call.data;
	struct connection *next;

	if (p->call.reply[0] >= FS_PATH_MAX || d->nr_got > 1 ||
	    (d->nr_got && d->got[0]->type != OBJECT_CONNECTION))
		return -EIO;
	next = d->nr_got ? container_of(d->got[0], struct connection, object) : fs_get_root();
	d->nr_got = 0;
	if (!next)
		return -ENOENT;
	object_put(&p->at->object);
	p->at = next;
	p->from = p->page;
	p->bytes = p->call.reply[0];
	return 0;
}

/* Goes on with what a descriptor of the running task's own names. 0: at its server; 1: that is all. */
static int redirect_to_own(struct path_call *p, unsigned int op, u64 flags)
{
	struct ipc_data *d = &p->call.data;
	struct object *o = handle_get(p->call.reply[0]);

	if (!o)
		return -ENOENT;
	if (op == FS_OPEN && !(flags & O_DIRECTORY) && object_can_dup(o) && !d->nr_got) {
		d->got[d->nr_got++] = o;
		return 1;
	}
	if (op < FS_STAT || op >= FS_OPEN || o->type != OBJECT_CONNECTION) {
		object_put(o);
		return op == FS_OPEN ? -ENOTDIR : op == FS_ACCESS ? 1 : -EPERM;
	}
	object_put(&p->at->object);
	p->at = container_of(o, struct connection, object);
	p->by_path = false;
	p->bytes = 0;
	return 0;
}

/* The message as it stands, to where it goes now. */
static long send_once(struct path_call *p, unsigned int op, unsigned int flags, const u64 arg[3])
{
	struct fs_call *call = &p->call;
	u64 word = p->by_path ? FS_OP(op, flags | FS_BY_PATH, p->bytes) : FS_OP(op, flags, 0);

	fs_call_init(call, word, arg[0], arg[1], arg[2]);
	call->interruptible = p->interruptible;
	call->data.room = 2;
	if (p->bytes)
		fs_send_from(call, (u64)p->from, p->bytes);
	if (p->extra_bytes)
		fs_send_from(call, p->extra, p->extra_bytes);
	if (p->page)
		fs_receive_to(call, (u64)p->page, FS_PATH_MAX);
	return p->at ? fs_send(p->at, call) : log_answer(call);
}

long path_send(struct path_call *p, unsigned int op, unsigned int flags, u64 a1, u64 a2, u64 a3)
{
	const u64 arg[3] = {a1, a2, a3};

	for (unsigned int redirects = 0;; redirects++) {
		long status;

		if (p->port && p->at && p->at->port != p->port)
			return -EXDEV;
		status = send_once(p, op, flags, arg);
		if (status != FS_REDIRECT && status != FS_OWN)
			return status;
		if (redirects == FS_LINKS_MAX)
			return -ELOOP;
		status = status == FS_OWN ? redirect_to_own(p, op, a1) : redirect(p);
		if (status)
			return status > 0 ? 0 : status;
	}
}

void path_end(struct path_call *p)
{
	fs_call_end(&p->call);
	if (p->at)
		object_put(&p->at->object);
	if (p->page)
		string_free(p->page);
}

long path_call(u64 dirfd, u64 user_path, unsigned int op, unsigned int flags, u64 a1, u64 a2,
	       u64 a3)
{
	struct path_call p;
	long ret = path_begin(&p, dirfd, user_path, 0);

	if (!ret)
		ret = path_send(&p, op, flags, a1, a2, a3);
	path_end(&p);
	return ret;
}
