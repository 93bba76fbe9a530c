/* Calls about an open file, but for reading and writing. */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/file/call.h"
#include "kernel/ipc/handle.h"
#include "kernel/syscalls.h"

#define FIONCLEX 0x5450U
#define FIOCLEX  0x5451U

#define F_DUPFD         0
#define F_GETFD         1
#define F_SETFD         2
#define F_GETFL         3
#define F_SETFL         4
#define F_SETLK         6
#define F_SETLKW        7
#define F_DUPFD_CLOEXEC 1030
#define FD_CLOEXEC      1

#define LOCK_SH 1U
#define LOCK_EX 2U
#define LOCK_NB 4U
#define LOCK_UN 8U

#define FADVISE_LAST 5

/* 0, or what is wrong with the descriptor: for calls that need to know no more of it. */
static long is_open(u64 fd)
{
	int ret = handle_get_cloexec((u32)fd);

	return ret < 0 ? ret : 0;
}

SYSCALL(fcntl)
{
	UNUSED_ARGS(a3, a4, a5);
	switch ((int)a1) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return handle_dup((u32)a0, a2, (int)a1 == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return handle_get_cloexec((u32)a0);
	case F_SETFD:
		return handle_set_cloexec((u32)a0, a2 & FD_CLOEXEC);
	case F_GETFL:
		return fs_words_fd(a0, FS_GETFL, 0, 0, 0);
	case F_SETFL:
		return fs_words_fd(a0, FS_SETFL, (u32)a2, 0, 0);
	case F_SETLK:
	case F_SETLKW:
		/* Nobody keeps locks. */
		return is_open(a0) ?: -ENOLCK;
	default:
		return is_open(a0) ?: -EINVAL;
	}
}

SYSCALL(lseek)
{
	struct fs_call call;
	long ret;

	UNUSED_ARGS(a3, a4, a5);
	fs_call_init(&call, FS_OP(FS_SEEK, 0, 0), a1, (u32)a2, 0);
	ret = fs_call_fd(a0, &call);
	if (ret)
		return ret < 0 ? ret : -EIO;
	return (s64)call.reply[0] >= 0 ? (long)call.reply[0] : -EIO;
}

SYSCALL(getdents64)
{
	struct fs_call call;
	u64 bytes = (u32)a2;
	long ret;

	UNUSED_ARGS(a3, a4, a5);
	if (bytes > USER_END || a1 > USER_END - bytes)
		return handle_get_cloexec((u32)a0) < 0 ? -EBADF : -EFAULT;
	bytes = MIN(bytes, (u64)IPC_DATA_MAX);
	fs_call_init(&call, FS_OP(FS_READDIR, 0, 0), bytes, 0, 0);
	fs_receive_to(&call, a1, bytes);
	ret = fs_call_fd(a0, &call);
	return ret <= (long)bytes ? ret : -EIO;
}

/* --- ioctl --- */

/*
 * What can be read at `arg`, if it is an address: the server knows whether it is, and how much there has to be.
 * Returns the bytes.
 */
static u64 ioctl_memory(u8 buffer[FS_IOCTL_ROOM], u64 arg)
{
	u64 page_rest = PAGE_SIZE - (arg & ~PAGE_MASK);

	if (arg < USER_END && !copy_from_user(buffer, (const void __user *)arg, FS_IOCTL_ROOM))
		return FS_IOCTL_ROOM;
	/* The page is there, perhaps, and the next one is not. */
	if (arg < USER_END && page_rest < FS_IOCTL_ROOM &&
	    !copy_from_user(buffer, (const void __user *)arg, page_rest))
		return page_rest;
	return 0;
}

static long ioctl_message(u64 fd, u64 command, u64 arg)
{
	u8 buffer[FS_IOCTL_ROOM];
	struct fs_call call;
	u64 bytes = ioctl_memory(buffer, arg);

	/* Patient: what a command does may be done once only, and it may be a signal to the caller. */
	fs_call_init(&call, FS_OP(FS_IOCTL, 0, 0), command, arg, 0);
	if (bytes)
		fs_send_from(&call, (u64)buffer, bytes);
	if (arg < USER_END)
		fs_receive_to(&call, arg, MIN(FS_IOCTL_ROOM, USER_END - arg));
	return fs_call_fd(fd, &call);
}

SYSCALL(ioctl)
{
	UNUSED_ARGS(a3, a4, a5);
	switch ((u32)a1) {
	case FIOCLEX:
	case FIONCLEX:
		return handle_set_cloexec((u32)a0, (u32)a1 == FIOCLEX);
	default:
		return ioctl_message(a0, (u32)a1, a2);
	}
}

/* --- what is kept where: for servers whose files are in memory there is little to do --- */

SYSCALL(fsync)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return fs_words_fd(a0, FS_SYNC, 0, 0, 0);
}

SYSCALL(fdatasync)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return fs_words_fd(a0, FS_SYNC, 0, 0, 0);
}

/* No file outlives the machine, and nothing is written late. */
SYSCALL(sync)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return 0;
}

SYSCALL(fadvise64)
{
	long ret;

	UNUSED_ARGS(a1, a2, a4, a5);
	ret = is_open(a0);
	return ret || (u32)a3 <= FADVISE_LAST ? ret : -EINVAL;
}

SYSCALL(readahead)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return is_open(a0);
}

SYSCALL(fallocate)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return is_open(a0) ?: -EOPNOTSUPP;
}

/* Locks between processes are not kept: -ENOLCK, as a file system without them says. */
SYSCALL(flock)
{
	u32 op = (u32)a1 & ~LOCK_NB;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (op != LOCK_SH && op != LOCK_EX && op != LOCK_UN)
		return -EINVAL;
	return is_open(a0) ?: op == LOCK_UN ? 0 : -ENOLCK;
}

/*
 * Copies inside of the kernel would be two messages, as read and write are: a program that hears this does it so.
 */
SYSCALL(sendfile)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return is_open(a0) ?: is_open(a1) ?: -EINVAL;
}

SYSCALL(copy_file_range)
{
	UNUSED_ARGS(a1, a3, a4, a5);
	return is_open(a0) ?: is_open(a2) ?: -EINVAL;
}
