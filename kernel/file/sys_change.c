/* Calls that change what a file is: size, permissions, owner, times. By path, or by descriptor. */
#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/file/path.h"
#include "kernel/file/stat.h"
#include "kernel/syscalls.h"
#include "kernel/futex.h"

#define MODE_BITS 07777U
#define UTIME_NOW 0x3fffffffUL

/* --- size --- */

SYSCALL(truncate)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return (s64)a1 < 0 ? -EINVAL : path_call((u64)AT_FDCWD, a0, FS_TRUNCATE, 0, a1, 0, 0);
}

SYSCALL(ftruncate)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return (s64)a1 < 0 ? -EINVAL : fs_words_fd(a0, FS_TRUNCATE, a1, 0, 0);
}

/* --- permissions and owner --- */

SYSCALL(chmod)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return path_call((u64)AT_FDCWD, a0, FS_CHMOD, 0, a1 & MODE_BITS, 0, 0);
}

SYSCALL(fchmodat)
{
	UNUSED_ARGS(a3, a4, a5);
	return path_call(a0, a1, FS_CHMOD, 0, a2 & MODE_BITS, 0, 0);
}

SYSCALL(fchmod)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return fs_words_fd(a0, FS_CHMOD, a1 & MODE_BITS, 0, 0);
}

/* Ids are 32 bits; -1 stays -1. */
static u64 id_word(u64 id)
{
	return (u64)(s64)(s32)id;
}

SYSCALL(chown)
{
	UNUSED_ARGS(a3, a4, a5);
	return path_call((u64)AT_FDCWD, a0, FS_CHOWN, 0, id_word(a1), id_word(a2), 0);
}

SYSCALL(lchown)
{
	UNUSED_ARGS(a3, a4, a5);
	return path_call((u64)AT_FDCWD, a0, FS_CHOWN, FS_NOFOLLOW, id_word(a1), id_word(a2), 0);
}

SYSCALL(fchownat)
{
	struct path_call p;
	long ret;

	UNUSED_ARGS(a5);
	if ((u32)a4 & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	ret = path_begin(&p, a0, a1, a4 & AT_EMPTY_PATH ? PATH_EMPTY_FD : 0);
	if (!ret)
		ret = path_send(&p, FS_CHOWN, nofollow_if(a4 & AT_SYMLINK_NOFOLLOW), id_word(a2),
				id_word(a3), 0);
	path_end(&p);
	return ret;
}

SYSCALL(fchown)
{
	UNUSED_ARGS(a3, a4, a5);
	return fs_words_fd(a0, FS_CHOWN, id_word(a1), id_word(a2), 0);
}

/* --- times: two struct timespec go to the server, whatever the call has --- */

static long utimes_at(u64 dirfd, u64 path, const struct timespec times[2], u64 flags)
{
	struct path_call p;
	long ret = path_begin(&p, dirfd, path,
			      (flags & AT_EMPTY_PATH ? PATH_EMPTY_FD : 0) | PATH_NULL_FD);

	if (!ret) {
		p.extra = (u64)times;
		p.extra_bytes = 2 * sizeof(*times);
		ret = path_send(&p, FS_UTIMES, nofollow_if(flags & AT_SYMLINK_NOFOLLOW), 0, 0, 0);
	}
	path_end(&p);
	return ret;
}

static const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};

SYSCALL(utimensat)
{
	struct timespec times[2];

	UNUSED_ARGS(a4, a5);
	if ((u32)a3 & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!a2)
		return utimes_at(a0, a1, now, a3);
	if (copy_from_user(times, (const void __user *)a2, sizeof(times)))
		return -EFAULT;
	return utimes_at(a0, a1, times, a3);
}

/* struct timeval: microseconds. */
static long utimes_timeval(u64 dirfd, u64 path, u64 user)
{
	struct timespec times[2];

	if (!user)
		return utimes_at(dirfd, path, now, 0);
	if (copy_from_user(times, (const void __user *)user, sizeof(times)))
		return -EFAULT;
	for (unsigned int i = 0; i < 2; i++) {
		if (times[i].tv_nsec < 0 || times[i].tv_nsec >= 1000000)
			return -EINVAL;
		times[i].tv_nsec *= 1000;
	}
	return utimes_at(dirfd, path, times, 0);
}

SYSCALL(futimesat)
{
	UNUSED_ARGS(a3, a4, a5);
	return utimes_timeval(a0, a1, a2);
}

SYSCALL(utimes)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return utimes_timeval((u64)AT_FDCWD, a0, a1);
}

/* struct utimbuf: seconds. */
SYSCALL(utime)
{
	s64 seconds[2];

	UNUSED_ARGS(a2, a3, a4, a5);
	if (!a1)
		return utimes_at((u64)AT_FDCWD, a0, now, 0);
	if (copy_from_user(seconds, (const void __user *)a1, sizeof(seconds)))
		return -EFAULT;
	return utimes_at((u64)AT_FDCWD, a0,
			 (struct timespec[2]){{.tv_sec = seconds[0]}, {.tv_sec = seconds[1]}}, 0);
}
