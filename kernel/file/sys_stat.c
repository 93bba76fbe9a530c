/* What a file is: stat and its kin, access, readlink, statfs. */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/string.h"
#include "kernel/file/path.h"
#include "kernel/file/stat.h"
#include "kernel/syscalls.h"

#define AT_STATX_SYNC_TYPE 0x6000U
#define STATX_BASIC_STATS  0x7ffU
#define STATX__RESERVED    0x80000000U
#define ACCESS_ALL         7U

/* --- stat --- */

static long stat_at(u64 dirfd, u64 path, u64 flags, struct stat *st)
{
	const u64 known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
	struct path_call p;
	long ret;

	if (flags & ~known)
		return -EINVAL;
	ret = path_begin(&p, dirfd, path, flags & AT_EMPTY_PATH ? PATH_EMPTY_FD : 0);
	if (!ret)
		ret = path_send(&p, FS_STAT, nofollow_if(flags & AT_SYMLINK_NOFOLLOW), 0, 0, 0);
	if (!ret)
		memcpy(st, p.page, sizeof(*st));
	path_end(&p);
	return ret;
}

static long stat_to_user(u64 dirfd, u64 path, u64 flags, u64 user)
{
	struct stat st;
	long ret = stat_at(dirfd, path, flags, &st);

	return ret ? ret : copy_to_user((void __user *)user, &st, sizeof(st));
}

SYSCALL(stat)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return stat_to_user((u64)AT_FDCWD, a0, 0, a1);
}

SYSCALL(lstat)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return stat_to_user((u64)AT_FDCWD, a0, AT_SYMLINK_NOFOLLOW, a1);
}

SYSCALL(newfstatat)
{
	UNUSED_ARGS(a4, a5);
	return stat_to_user(a0, a1, (u32)a3, a2);
}

SYSCALL(fstat)
{
	struct stat st = {0};
	struct fs_call call;
	long ret;

	UNUSED_ARGS(a2, a3, a4, a5);
	fs_call_init(&call, FS_OP(FS_STAT, 0, 0), 0, 0, 0);
	fs_receive_to(&call, (u64)&st, sizeof(st));
	ret = fs_call_fd(a0, &call);
	return ret ? ret : copy_to_user((void __user *)a1, &st, sizeof(st));
}

/* --- statx: the same with other fields --- */

static u32 dev_major(u64 dev)
{
	return (u32)(dev >> 8 & 0xfff);
}

static u32 dev_minor(u64 dev)
{
	return (u32)((dev & 0xff) | (dev >> 12 & 0xfff00));
}

static struct statx_time statx_time(const struct file_time *t)
{
	return (struct statx_time){.sec = t->sec, .nsec = (u32)t->nsec};
}

static struct statx stat_to_statx(const struct stat *st)
{
	return (struct statx){
		.mask = STATX_BASIC_STATS,
		.blksize = (u32)st->blksize,
		.nlink = (u32)st->nlink,
		.uid = st->uid,
		.gid = st->gid,
		.mode = (u16)st->mode,
		.ino = st->ino,
		.size = (u64)st->size,
		.blocks = (u64)st->blocks,
		.atime = statx_time(&st->atime),
		.mtime = statx_time(&st->mtime),
		.ctime = statx_time(&st->ctime),
		.rdev_major = dev_major(st->rdev),
		.rdev_minor = dev_minor(st->rdev),
		.dev_major = dev_major(st->dev),
		.dev_minor = dev_minor(st->dev),
	};
}

SYSCALL(statx)
{
	struct stat st;
	struct statx stx;
	long ret;

	UNUSED_ARGS(a5);
	/* Both kinds of synchronisation at once are a contradiction; every answer here is up to date. */
	if ((a3 & STATX__RESERVED) || (a2 & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	ret = stat_at(a0, a1, (u32)a2 & ~AT_STATX_SYNC_TYPE, &st);
	if (ret)
		return ret;
	stx = stat_to_statx(&st);
	return copy_to_user((void __user *)a4, &stx, sizeof(stx));
}

/* --- access --- */

static long access_at(u64 dirfd, u64 path, u64 mode, u64 flags)
{
	struct path_call p;
	long ret;

	if (((u32)mode & ~ACCESS_ALL) ||
	    (flags & ~(u64)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	ret = path_begin(&p, dirfd, path, flags & AT_EMPTY_PATH ? PATH_EMPTY_FD : 0);
	if (!ret)
		ret = path_send(&p, FS_ACCESS, nofollow_if(flags & AT_SYMLINK_NOFOLLOW), (u32)mode,
				0, 0);
	path_end(&p);
	return ret;
}

SYSCALL(access)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return access_at((u64)AT_FDCWD, a0, a1, 0);
}

SYSCALL(faccessat)
{
	UNUSED_ARGS(a3, a4, a5);
	return access_at(a0, a1, a2, 0);
}

SYSCALL(faccessat2)
{
	UNUSED_ARGS(a4, a5);
	return access_at(a0, a1, a2, (u32)a3);
}

/* --- readlink --- */

static long readlink_at(u64 dirfd, u64 path, u64 user, u64 room)
{
	struct path_call p;
	long ret;

	if ((int)room <= 0)
		return -EINVAL;
	room = MIN((u32)room, FS_PATH_MAX);
	ret = path_begin(&p, dirfd, path, PATH_EMPTY_FD);
	if (!ret)
		ret = path_send(&p, FS_READLINK, FS_NOFOLLOW, room, 0, 0);
	if (ret > (long)room)
		ret = -EIO;
	if (ret > 0 && copy_to_user((void __user *)user, p.page, (size_t)ret))
		ret = -EFAULT;
	path_end(&p);
	return ret;
}

SYSCALL(readlink)
{
	UNUSED_ARGS(a3, a4, a5);
	return readlink_at((u64)AT_FDCWD, a0, a1, a2);
}

SYSCALL(readlinkat)
{
	UNUSED_ARGS(a4, a5);
	return readlink_at(a0, a1, a2, a3);
}

/* --- statfs --- */

SYSCALL(statfs)
{
	struct path_call p;
	long ret;

	UNUSED_ARGS(a2, a3, a4, a5);
	ret = path_begin(&p, (u64)AT_FDCWD, a0, 0);
	if (!ret)
		ret = path_send(&p, FS_STATFS, 0, 0, 0, 0);
	if (!ret)
		ret = copy_to_user((void __user *)a1, p.page, STATFS_BYTES);
	path_end(&p);
	return ret;
}

SYSCALL(fstatfs)
{
	u8 buffer[STATFS_BYTES] = {0};
	struct fs_call call;
	long ret;

	UNUSED_ARGS(a2, a3, a4, a5);
	fs_call_init(&call, FS_OP(FS_STATFS, 0, 0), 0, 0, 0);
	fs_receive_to(&call, (u64)buffer, sizeof(buffer));
	ret = fs_call_fd(a0, &call);
	return ret ? ret : copy_to_user((void __user *)a1, buffer, sizeof(buffer));
}
