/* Calls that change names: what directories have in them. */
#include "kernel/base/errno.h"
#include "kernel/file/fs.h"
#include "kernel/file/path.h"
#include "kernel/file/stat.h"
#include "kernel/syscalls.h"

#define MODE_BITS 07777U

#define RENAME_NOREPLACE 1U
#define RENAME_EXCHANGE  2U

/* --- making --- */

static u64 masked(u64 mode)
{
	return mode & MODE_BITS & ~(u64)fs_umask();
}

static long mkdir_at(u64 dirfd, u64 path, u64 mode)
{
	/* Set-user-id bits mean nothing here, as in Linux. */
	return path_call(dirfd, path, FS_MAKE, FS_NOFOLLOW, S_IFDIR | (masked(mode) & 01777), 0, 0);
}

SYSCALL(mkdir)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return mkdir_at((u64)AT_FDCWD, a0, a1);
}

SYSCALL(mkdirat)
{
	UNUSED_ARGS(a3, a4, a5);
	return mkdir_at(a0, a1, a2);
}

static long mknod_at(u64 dirfd, u64 path, u64 mode, u64 dev)
{
	u64 type = mode & S_IFMT;

	if (type == S_IFDIR)
		return -EPERM;
	return path_call(dirfd, path, FS_MAKE, FS_NOFOLLOW, (type ? type : S_IFREG) | masked(mode),
			 (u32)dev, 0);
}

SYSCALL(mknod)
{
	UNUSED_ARGS(a3, a4, a5);
	return mknod_at((u64)AT_FDCWD, a0, a1, a2);
}

SYSCALL(mknodat)
{
	UNUSED_ARGS(a4, a5);
	return mknod_at(a0, a1, a2, a3);
}

/* --- removing --- */

static long unlink_at(u64 dirfd, u64 path, u64 flags)
{
	if ((u32)flags & ~AT_REMOVEDIR)
		return -EINVAL;
	return path_call(dirfd, path, FS_UNLINK, FS_NOFOLLOW, (u32)flags, 0, 0);
}

SYSCALL(unlink)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return unlink_at((u64)AT_FDCWD, a0, 0);
}

SYSCALL(unlinkat)
{
	UNUSED_ARGS(a3, a4, a5);
	return unlink_at(a0, a1, a2);
}

SYSCALL(rmdir)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return unlink_at((u64)AT_FDCWD, a0, AT_REMOVEDIR);
}

/* --- symbolic links --- */

static long symlink_at(u64 target, u64 dirfd, u64 path)
{
	struct path_call p;
	u64 bytes;
	char *text = string_copy(target, &bytes, GFP_KERNEL);
	long ret;

	if (IS_ERR(text))
		return PTR_ERR(text);
	ret = path_begin(&p, dirfd, path, 0);
	if (!ret && !bytes)
		ret = -ENOENT;
	if (!ret) {
		p.extra = (u64)text;
		p.extra_bytes = bytes;
		ret = path_send(&p, FS_SYMLINK, FS_NOFOLLOW, bytes, 0, 0);
	}
	path_end(&p);
	string_free(text);
	return ret;
}

SYSCALL(symlink)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return symlink_at(a0, (u64)AT_FDCWD, a1);
}

SYSCALL(symlinkat)
{
	UNUSED_ARGS(a3, a4, a5);
	return symlink_at(a0, a1, a2);
}

/* --- two paths --- */

/*
 * The first goes to the server with the second behind it, as it is seen from the directory where that begins. Both
 * belong to one server, or no server can do it; where the first is redirected to another one, that is -EXDEV too.
 */
static long two_paths(struct path_call *from, struct path_call *to, unsigned int op,
		      unsigned int flags, u64 arg)
{
	from->extra = (u64)to->from;
	from->extra_bytes = to->bytes;
	from->port = to->at->port;
	return path_send(from, op, flags, to->at->cookie, to->bytes, arg);
}

static long names_call(const u64 dirfd[2], const u64 path[2], unsigned int op, unsigned int flags,
		       u64 arg, unsigned int begin)
{
	struct path_call from, to;
	long ret = path_begin(&from, dirfd[0], path[0], begin);

	if (!ret) {
		ret = path_begin(&to, dirfd[1], path[1], 0);
		if (!ret)
			ret = two_paths(&from, &to, op, flags, arg);
		path_end(&to);
	}
	path_end(&from);
	return ret;
}

static long rename_at(u64 dirfd, u64 path, u64 new_dirfd, u64 new_path, u64 flags)
{
	if (((u32)flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
	    (u32)flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	return names_call((u64[]){dirfd, new_dirfd}, (u64[]){path, new_path}, FS_RENAME,
			  FS_NOFOLLOW, (u32)flags, 0);
}

SYSCALL(rename)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return rename_at((u64)AT_FDCWD, a0, (u64)AT_FDCWD, a1, 0);
}

SYSCALL(renameat)
{
	UNUSED_ARGS(a4, a5);
	return rename_at(a0, a1, a2, a3, 0);
}

SYSCALL(renameat2)
{
	UNUSED_ARGS(a5);
	return rename_at(a0, a1, a2, a3, a4);
}

static long link_at(u64 dirfd, u64 path, u64 new_dirfd, u64 new_path, u64 flags)
{
	if ((u32)flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return names_call((u64[]){dirfd, new_dirfd}, (u64[]){path, new_path}, FS_LINK,
			  nofollow_if(!(flags & AT_SYMLINK_FOLLOW)), 0,
			  flags & AT_EMPTY_PATH ? PATH_EMPTY_FD : 0);
}

SYSCALL(link)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return link_at((u64)AT_FDCWD, a0, (u64)AT_FDCWD, a1, 0);
}

SYSCALL(linkat)
{
	UNUSED_ARGS(a5);
	return link_at(a0, a1, a2, a3, a4);
}
