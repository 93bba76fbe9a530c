/*
 * Calls by path. The path is copied once, goes to the server of the directory where it begins, and on to
 * another one while the answer is FS_REDIRECT; it and what the reply brings share one kernel page.
 *
 *	path_begin(&p, dirfd, path, PATH_MAY_BE_EMPTY);
 *	path_send(&p, FS_STAT, 0, ...);		p.page has the reply's data
 *	path_end(&p);				in any case
 *
 * path_call() is all of that for a call that brings nothing but its status.
 */
#ifndef KERNEL_FILE_PATH_H
#define KERNEL_FILE_PATH_H

#include "kernel/file/call.h"
#include "mm/gfp.h"

#define AT_FDCWD            (-100)
#define AT_SYMLINK_NOFOLLOW 0x100U
#define AT_REMOVEDIR        0x200U /* unlinkat */
#define AT_EACCESS          0x200U /* faccessat2 */
#define AT_SYMLINK_FOLLOW   0x400U
#define AT_NO_AUTOMOUNT     0x800U
#define AT_EMPTY_PATH       0x1000U

#define PATH_EMPTY_FD 1U /* "" is what dirfd names */
#define PATH_NULL_FD  2U /* so is NULL */

struct path_call {
	char *page;            /* FS_PATH_MAX bytes, zero where nothing was copied to */
	u64 bytes;             /* of the path, at `from` */
	const char *from;      /* in the page */
	struct connection *at; /* where it begins, with a reference; NULL: the log */
	bool by_path;          /* false: `at` itself is meant */
	/* Between path_begin() and path_send(): */
	bool interruptible;      /* as of struct fs_call */
	u64 extra, extra_bytes;  /* to be sent behind the path */
	const struct port *port; /* the one server that will do, -EXDEV for another; NULL: any */
	struct fs_call call;
};

/*
 * 0; -EFAULT, -ENAMETOOLONG, -ENOENT: the path is empty, or there is no root, -EBADF, -ENOTDIR: dirfd is no directory,
 * -ENOMEM.
 */
int path_begin(struct path_call *p, u64 dirfd, u64 user_path, unsigned int flags);
/* The same for a path of the kernel's own; "" is what dirfd names. */
int path_begin_kernel(struct path_call *p, u64 dirfd, const char *path);
/*
 * Once. The status, or -errno; flags: FS_NOFOLLOW. Objects that came are in p->call.data.got; path_end() puts what
 * nr_got still counts.
 */
long path_send(struct path_call *p, unsigned int op, unsigned int flags, u64 a1, u64 a2, u64 a3);
void path_end(struct path_call *p);

long path_call(u64 dirfd, u64 user_path, unsigned int op, unsigned int flags, u64 a1, u64 a2,
	       u64 a3);

/* What descriptor `fd` of the running task names, with a reference. 0; -EBADF, -ENOTDIR: no connection. */
long fd_connection(u64 fd, struct connection **c);

/* A copy of the string at `user`, in a page of its own, to be freed by string_free(); or ERR_PTR: as path_begin(). */
char *string_copy(u64 user, u64 *bytes, gfp_t gfp);
void string_free(char *s);

static inline unsigned int nofollow_if(bool yes)
{
	return yes ? FS_NOFOLLOW : 0;
}

#endif
