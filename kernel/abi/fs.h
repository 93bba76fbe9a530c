/*
 * Files as messages: what the kernel's file layer says to the server behind a file descriptor, and what
 * it understands as an answer. docs/files.md has the picture; user/lib/fsserver.h is a server's main loop.
 *
 * An open file description is a connection; its cookie is the server's. The words of a message:
 *
 *	0	FS_OP(operation, flags, bytes of the path)
 *	1 to 3	arguments, as the table says
 *
 * A message with FS_BY_PATH begins its data with a path (so many bytes, without a NUL), and is about what that names,
 * seen from the directory that the connection is; without, it is about the connection's own file. What the
 * caller sends comes behind the path; what it gets is the reply's data, from 0 on. In a message by path there
 * is room for FS_PATH_MAX bytes of them.
 *
 * The status is what the call returns, >= 0 or -errno, or one of enum fs_status. -ERESTART... are the kernel's own, and
 * a server that says them, or more bytes than there was room for, is heard as -EIO.
 */
#ifndef KERNEL_ABI_FS_H
#define KERNEL_ABI_FS_H

#include <stdint.h>

/* The file layer's own calls. */

/*
 * `directory`, a connection, becomes the root and the working directory of the process; -1: it has none, and runs
 * programs of the boot archive. So a server of files is started, which cannot come out of itself.
 */
#define SYS_fs_root 1080 /* (directory) */
/*
 * Wakes the poll with that id, if it waits for a file of this port. 0, or -ESRCH: nobody polls with that id any more.
 */
#define SYS_fs_notify 1081 /* (port, poll id) */

/*
 * Arguments 1, 2, 3; -> the answer beside the status. Data of the caller's are said where there are any.
 *
 *	READ	 bytes, offset -> data; with FS_SHORT they may be in word 1 instead, and word 0 is FS_IN_WORD
 *	WRITE	 bytes, offset, with FS_SHORT the data; data -> word 0: enum fs_more
 *	SEEK	 offset, whence -> word 0: the new offset
 *	READDIR	 bytes -> struct linux_dirent64, as many as fit; status: their bytes
 *	IOCTL	 command, argument; the memory there -> the same: see FS_IOCTL_ROOM
 *	GETFL	 -> status: O_* of the description
 *	SETFL	 O_*
 *	POLL	 POLLIN | POLLOUT | POLLPRI, poll id -> status: events; see docs/files.md
 *	SYNC
 *	GETPATH	 bytes -> the absolute path with a NUL; status: bytes
 *
 * By path or without:
 *
 *	STAT	 -> struct stat of Linux
 *	STATFS	 -> struct statfs of Linux
 *	TRUNCATE bytes
 *	CHMOD	 mode
 *	CHOWN	 uid, gid; -1: as it is
 *	UTIMES	 two struct timespec, with UTIME_NOW and UTIME_OMIT
 *	MAP	 PROT_* | FS_MAP_* -> a memory object; word 0: bytes of the file
 *
 * By path:
 *
 *	OPEN	 O_*, mode -> a connection
 *	ACCESS	 R_OK | W_OK | X_OK
 *	READLINK bytes -> the target, no NUL; status: bytes
 *	MAKE	 mode with its type (directories too), device
 *	SYMLINK	 bytes; the target
 *	LINK	 cookie of a directory, bytes; a second path, seen from there: the new name
 *	RENAME	 cookie of a directory, bytes, RENAME_*; likewise
 *	UNLINK	 AT_REMOVEDIR or 0
 *	PIPE	 O_CLOEXEC, O_NONBLOCK -> two connections: to read, to write
 *	MOUNT	 one handle: its server is asked from now on for what the path names
 *	UNMOUNT
 *
 * The directory of a second path is of the same port: the file layer answers -EXDEV itself for another.
 */
enum fs_op {
	FS_READ = 1,
	FS_WRITE,
	FS_SEEK,
	FS_READDIR,
	FS_IOCTL,
	FS_GETFL,
	FS_SETFL,
	FS_POLL,
	FS_SYNC,
	FS_GETPATH,

	FS_STAT,
	FS_STATFS,
	FS_TRUNCATE,
	FS_CHMOD,
	FS_CHOWN,
	FS_UTIMES,
	FS_MAP,

	FS_OPEN,
	FS_ACCESS,
	FS_READLINK,
	FS_MAKE,
	FS_SYMLINK,
	FS_LINK,
	FS_RENAME,
	FS_UNLINK,
	FS_PIPE,
	FS_MOUNT,
	FS_UNMOUNT,
	FS_OPS
};

/* Word 0. The path's bytes are 0 in a message without FS_BY_PATH. */
#define FS_OP(op, flags, path_bytes)                                                               \
	((uint64_t)(op) | (uint64_t)(flags) << 16 | (uint64_t)(path_bytes) << 32)
#define FS_OP_OF(word)    ((unsigned int)((word)&0xffff))
#define FS_FLAGS_OF(word) ((unsigned int)((word) >> 16 & 0xffff))
#define FS_PATH_OF(word)  ((uint32_t)((word) >> 32))

#define FS_BY_PATH  1 /* the data begin with a path */
#define FS_NOFOLLOW 2 /* a symbolic link at the path's end is meant itself */

/*
 * Of READ and WRITE, with at most FS_SHORT_MAX bytes: a word of the message can carry them. What is written is
 * beside the words too, where ipc_read() finds it, but is not announced there.
 */
#define FS_SHORT     4
#define FS_SHORT_MAX 8

#define FS_PATH_MAX  4096 /* bytes, with the NUL that is not sent */
#define FS_NAME_MAX  255  /* of one component */
#define FS_LINKS_MAX 40   /* symbolic links that are followed in one path; then -ELOOP */

#define FS_CURRENT UINT64_MAX /* an offset: the description's own, which the operation moves */

/*
 * FS_IOCTL: of the memory at the argument, taken for an address, so many bytes are sent; fewer, or none, where
 * it is not there, since it may be a number as well. As many can be written back.
 */
#define FS_IOCTL_ROOM 256

/* FS_MAP. The pages are the file's own: a private mapping of them copies what it writes to. */
#define FS_MAP_EXEC   0x100 /* for execve: -EACCES unless it is a regular file with an x bit */
#define FS_MAP_SHARED 0x200 /* stores go to the file: -EACCES where they may not */

enum fs_more {
	FS_DONE, /* the status is what write(2) returns */
	FS_REST, /* less than asked was taken, and the rest is to be sent at once: that message may wait */
};

#define FS_IN_WORD 1 /* word 0 of what READ is answered with */

/* Besides results and -errno. */
enum fs_status {
	/*
	 * By path only: go on with the data of the reply as path (word 0: bytes; 0: what the connection
	 * is), at the connection that the reply brings; at the process's root if it brings none.
	 */
	FS_REDIRECT = -5000,
	/*
	 * By path only: what the caller's own descriptor with the number in word 0 names is meant. FS_OPEN gives a
	 * second descriptor for it, of the same description.
	 */
	FS_OWN = -5002,
	/* The call is to be made again, after the signal that the server has sent: as -ERESTARTSYS in Linux. */
	FS_RESTART = -5001,
};

#endif
