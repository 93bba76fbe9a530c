/* Messages about what a path names, and about names: see serve.h. */
#include "user/rootfs/serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "user/rootfs/device.h"
#include "user/rootfs/names.h"
#include "user/rootfs/pool.h"

#define TMPFS_MAGIC 0x01021994
#define PIPE_MOUNT  "dev/pipe"

/* --- which file is meant --- */

/* Ends a walk that has led away: at the connection that is mounted there. */
static long walked(struct fs_request *r, const struct walk *w, long ret)
{
	return ret == WALK_AWAY ? fs_redirect(r, w->away, w->rest) : ret;
}

/* The message's own path. 0, or what the message is answered with. */
static long walk(struct fs_request *r, struct walk *w, unsigned int how)
{
	const struct open *start = open_find(r->cookie);

	return start ? walked(r, w, walk_path(w, start->inode, r->path, how)) : -EBADF;
}

static unsigned int how_to_end(const struct fs_request *r)
{
	return r->flags & FS_NOFOLLOW ? 0 : WALK_FOLLOW;
}

/* The inode that the path names, or without one the connection's own. 0, or what the message is answered with. */
static long target(struct fs_request *r, unsigned int how, struct inode **inode)
{
	const struct open *file = open_find(r->cookie);
	struct walk w;
	long ret;

	if (!file)
		return -EBADF;
	*inode = file->inode;
	if (!(r->flags & FS_BY_PATH))
		return 0;
	ret = walk(r, &w, how);
	if (ret)
		return ret;
	*inode = w.inode;
	if (!w.inode)
		return -ENOENT;
	return w.slash && !is_dir(w.inode) ? -ENOTDIR : 0;
}

/* The same for what a description by O_PATH cannot do. */
static long target_opened(struct fs_request *r, struct inode **inode)
{
	const struct open *file = open_find(r->cookie);

	if (file && !(r->flags & FS_BY_PATH) && file->flags & O_PATH)
		return -EBADF;
	return target(r, how_to_end(r), inode);
}

/* --- by path or without --- */

long serve_stat(struct fs_request *r)
{
	static struct stat st;
	struct inode *i;
	long ret = target(r, how_to_end(r), &i);

	if (ret)
		return ret;
	inode_stat(i, &st);
	r->reply = &st;
	r->reply_bytes = sizeof(st);
	return 0;
}

long serve_statfs(struct fs_request *r)
{
	static struct statfs st;
	uint64_t blocks = pool_limit() / POOL_PAGE, left = (pool_limit() - pool_used()) / POOL_PAGE;
	struct inode *i;
	long ret = target(r, how_to_end(r), &i);

	if (ret)
		return ret;
	st = (struct statfs){
		.f_type = TMPFS_MAGIC,
		.f_bsize = POOL_PAGE,
		.f_frsize = POOL_PAGE,
		.f_blocks = blocks,
		.f_bfree = left,
		.f_bavail = left,
		.f_files = tree_inodes() + left,
		.f_ffree = left,
		.f_namelen = FS_NAME_MAX,
	};
	r->reply = &st;
	r->reply_bytes = sizeof(st);
	return 0;
}

long serve_truncate(struct fs_request *r)
{
	const struct open *file = open_find(r->cookie);
	struct inode *i;
	long ret = target_opened(r, &i);

	if (ret)
		return ret;
	if (is_dir(i))
		return r->flags & FS_BY_PATH ? -EISDIR : -EINVAL;
	if (!S_ISREG(i->mode) || r->arg[0] > INT64_MAX)
		return -EINVAL;
	if (!(r->flags & FS_BY_PATH) && !open_writes(file))
		return -EINVAL;
	ret = content_resize(&i->content, r->arg[0]);
	/* To the same length too. */
	if (!ret)
		inode_touch(i, TIME_MODIFY | TIME_CHANGE);
	return ret;
}

long serve_chmod(struct fs_request *r)
{
	struct inode *i;
	long ret = target_opened(r, &i);

	if (ret)
		return ret;
	if (S_ISLNK(i->mode))
		return -EOPNOTSUPP;
	i->mode = (i->mode & S_IFMT) | ((uint32_t)r->arg[0] & 07777);
	inode_touch(i, TIME_CHANGE);
	return 0;
}

long serve_chown(struct fs_request *r)
{
	uint32_t uid = (uint32_t)r->arg[0], gid = (uint32_t)r->arg[1];
	struct inode *i;
	long ret = target_opened(r, &i);

	if (ret)
		return ret;
	i->uid = uid == UINT32_MAX ? i->uid : uid;
	i->gid = gid == UINT32_MAX ? i->gid : gid;
	/* A program does not act for a new owner unasked. */
	if (!is_dir(i))
		i->mode &= ~(uint32_t)(i->mode & S_IXGRP ? S_ISUID | S_ISGID : S_ISUID);
	inode_touch(i, TIME_CHANGE);
	return 0;
}

static void set_time(struct timespec *to, const struct timespec *asked, const struct timespec *now)
{
	if (asked->tv_nsec == UTIME_NOW)
		*to = *now;
	else if (asked->tv_nsec != UTIME_OMIT)
		*to = *asked;
}

static bool is_time(const struct timespec *t)
{
	return t->tv_nsec == UTIME_NOW || t->tv_nsec == UTIME_OMIT ||
	       (t->tv_nsec >= 0 && t->tv_nsec < 1000000000);
}

long serve_utimes(struct fs_request *r)
{
	struct timespec asked[2];
	struct inode *i;
	long ret = target_opened(r, &i);

	if (!ret)
		ret = fs_data(r, 0, asked, sizeof(asked));
	if (ret < 0)
		return ret;
	if (ret != sizeof(asked) || !is_time(&asked[0]) || !is_time(&asked[1]))
		return -EINVAL;
	if (asked[0].tv_nsec == UTIME_OMIT && asked[1].tv_nsec == UTIME_OMIT)
		return 0;
	inode_touch(i, TIME_CHANGE);
	set_time(&i->atime, &asked[0], &i->ctime);
	set_time(&i->mtime, &asked[1], &i->ctime);
	return 0;
}

/* A handle, or -errno: it goes to the caller. */
static long give(struct fs_request *r, long fd, uint64_t bytes)
{
	if (fd < 0)
		return fd;
	r->fds[r->nr_fds++] = (int)fd;
	r->word[0] = bytes;
	return 0;
}

/* Whether stores through a mapping may come to be the file's: mprotect(2) asks nobody here. */
static bool may_store(const struct fs_request *r)
{
	return r->arg[0] & FS_MAP_SHARED &&
	       (r->arg[0] & PROT_WRITE ||
		(!(r->flags & FS_BY_PATH) && open_writes(open_find(r->cookie))));
}

/* mmap(2) asks for what the description may do, execve(2) for an x bit. */
static long may_map(const struct fs_request *r, const struct inode *i)
{
	const struct open *file = open_find(r->cookie);

	if (r->arg[0] & FS_MAP_EXEC)
		return S_ISREG(i->mode) && i->mode & 0111 ? 0 : -EACCES;
	if (r->flags & FS_BY_PATH)
		return 0;
	if (!open_reads(file))
		return -EACCES;
	return r->arg[0] & FS_MAP_SHARED && r->arg[0] & PROT_WRITE && !open_writes(file) ? -EACCES
											 : 0;
}

long serve_map(struct fs_request *r)
{
	struct inode *i;
	long ret = r->arg[0] & FS_MAP_EXEC ? target(r, how_to_end(r), &i) : target_opened(r, &i);

	if (!ret)
		ret = may_map(r, i);
	if (ret)
		return ret;
	if (S_ISREG(i->mode))
		return give(r, content_object(&i->content, may_store(r)), i->content.size);
	if (S_ISCHR(i->mode))
		return give(r, device_object(i->rdev, CONTENT_MAX), CONTENT_MAX);
	return -ENODEV;
}

/* --- by path --- */

/* A FIFO's bytes are the pipe server's; the number tells it which. */
static long redirect_fifo(struct fs_request *r, const struct inode *i)
{
	static char rest[32];
	struct walk w;

	if (walk_path(&w, tree_root, PIPE_MOUNT, 0) != WALK_AWAY || *w.rest)
		return -ENXIO;
	snprintf(rest, sizeof(rest), "fifo/%llu", (unsigned long long)i->ino);
	return fs_redirect(r, w.away, rest);
}

static bool is_fifo_to_open(const struct walk *w, uint32_t flags)
{
	if (!w->inode || !S_ISFIFO(w->inode->mode) || w->slash)
		return false;
	return !(flags & (O_PATH | O_DIRECTORY)) &&
	       (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
}

long serve_open(struct fs_request *r)
{
	const struct open *start = open_find(r->cookie);
	uint32_t flags = (uint32_t)r->arg[0];
	struct open *file;
	struct walk w;
	long ret;

	if (!start)
		return -EBADF;
	ret = walked(r, &w, open_walk(&w, start->inode, r->path, flags));
	if (ret)
		return ret;
	if (is_fifo_to_open(&w, flags))
		return redirect_fifo(r, w.inode);
	ret = open_walked(&w, flags, (uint32_t)r->arg[1], &file);
	if (ret)
		return ret;
	ret = fs_give_connection(r, open_cookie(file));
	if (ret)
		open_close(open_cookie(file));
	return ret;
}

long serve_access(struct fs_request *r)
{
	struct inode *i;
	long ret = target(r, how_to_end(r), &i);

	if (ret)
		return ret;
	return r->arg[0] & X_OK && !is_dir(i) && !(i->mode & 0111) ? -EACCES : 0;
}

long serve_readlink(struct fs_request *r)
{
	struct inode *i;
	long ret = target(r, 0, &i);
	size_t length;

	if (ret)
		return ret;
	if (!S_ISLNK(i->mode))
		return -EINVAL;
	length = strlen(i->target);
	r->reply = i->target;
	r->reply_bytes = length < r->arg[0] ? length : r->arg[0];
	inode_was_read(i);
	return (long)r->reply_bytes;
}

long serve_make(struct fs_request *r)
{
	uint32_t mode = (uint32_t)r->arg[0] | (r->arg[0] & S_IFMT ? 0 : S_IFREG);
	struct walk w;
	long ret = name_may_be(mode) ? walk(r, &w, WALK_NAME) : -EINVAL;

	return ret ? ret : name_make(&w, mode, r->arg[1]);
}

/* Text behind the path, with a NUL. 0 or -errno. */
static long text_of(struct fs_request *r, uint64_t bytes, char text[FS_PATH_MAX])
{
	long n;

	if (bytes >= FS_PATH_MAX)
		return -ENAMETOOLONG;
	n = fs_data(r, 0, text, bytes);
	if (n < 0)
		return n;
	text[n] = 0;
	return (uint64_t)n != bytes || strlen(text) != bytes ? -EINVAL : 0;
}

long serve_symlink(struct fs_request *r)
{
	static char text[FS_PATH_MAX];
	struct walk w;
	long ret = r->arg[0] ? text_of(r, r->arg[0], text) : -ENOENT;

	if (!ret)
		ret = walk(r, &w, WALK_NAME);
	return ret ? ret : name_symlink(&w, text);
}

/* The second path of a message, from the directory whose cookie it names. It must end in this server. */
static long second_walk(struct fs_request *r, struct walk *w)
{
	static char text[FS_PATH_MAX];
	const struct open *start = open_find(r->arg[0]);
	long ret = text_of(r, r->arg[1], text);

	if (ret)
		return ret;
	if (!start)
		return -EBADF;
	ret = walk_path(w, start->inode, text, WALK_NAME);
	return ret == WALK_AWAY ? -EXDEV : ret;
}

static long first_walk(struct fs_request *r, struct walk *w, unsigned int how)
{
	const struct open *start = open_find(r->cookie);
	long ret = start ? walk_path(w, start->inode, r->path, how) : -EBADF;

	return ret == WALK_AWAY ? -EXDEV : ret;
}

long serve_link(struct fs_request *r)
{
	struct walk from, to;
	long ret = first_walk(r, &from, how_to_end(r));

	if (ret)
		return ret;
	if (!from.inode)
		return -ENOENT;
	if (from.slash && !is_dir(from.inode))
		return -ENOTDIR;
	ret = second_walk(r, &to);
	return ret ? ret : name_link(from.inode, &to);
}

long serve_rename(struct fs_request *r)
{
	struct walk from, to;
	long ret = name_may_rename((unsigned int)r->arg[2]) ? first_walk(r, &from, WALK_NAME)
							    : -EINVAL;

	if (!ret)
		ret = second_walk(r, &to);
	return ret ? ret : name_rename(&from, &to, (unsigned int)r->arg[2]);
}

long serve_unlink(struct fs_request *r)
{
	struct walk w;
	long ret;

	if (r->arg[0] & ~(uint64_t)AT_REMOVEDIR)
		return -EINVAL;
	ret = walk(r, &w, WALK_NAME);
	if (ret)
		return ret;
	return r->arg[0] ? name_rmdir(&w) : name_unlink(&w);
}

/* Whoever is mounted there makes pipes; this server does not. */
long serve_pipe(struct fs_request *r)
{
	struct inode *i;
	long ret = target(r, WALK_FOLLOW, &i);

	return ret ? ret : -ENXIO;
}

/* --- mount points --- */

/* In the place of another one: so a server that was started anew takes over. */
long serve_mount(struct fs_request *r)
{
	struct inode *i;
	long ret = target(r, WALK_FOLLOW | WALK_STAY, &i);
	int fd;

	if (ret)
		return ret;
	if (i == tree_root)
		return -EBUSY;
	ret = fs_take(r, &fd);
	if (ret)
		return ret;
	if (i->mount < 0)
		inode_get(i);
	else
		close(i->mount);
	i->mount = fd;
	return 0;
}

long serve_unmount(struct fs_request *r)
{
	struct inode *i;
	long ret = target(r, WALK_FOLLOW | WALK_STAY, &i);

	if (ret)
		return ret;
	if (i->mount < 0)
		return -EINVAL;
	close(i->mount);
	i->mount = -1;
	inode_put(i);
	return 0;
}
