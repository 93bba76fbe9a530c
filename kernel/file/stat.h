/* struct stat and struct statx of Linux, x86-64. */
#ifndef KERNEL_FILE_STAT_H
#define KERNEL_FILE_STAT_H

#include "kernel/base/types.h"

#define S_IFMT  0170000U
#define S_IFREG 0100000U
#define S_IFDIR 0040000U
#define S_IFCHR 0020000U

struct file_time {
	s64 sec;
	u64 nsec;
};

struct stat {
	u64 dev, ino, nlink;
	u32 mode, uid, gid, pad;
	u64 rdev;
	s64 size, blksize, blocks;
	struct file_time atime, mtime, ctime;
	s64 unused[3];
};

struct statx_time {
	s64 sec;
	u32 nsec;
	s32 pad;
};

struct statx {
	u32 mask, blksize;
	u64 attributes;
	u32 nlink, uid, gid;
	u16 mode, pad;
	u64 ino, size, blocks, attributes_mask;
	struct statx_time atime, btime, ctime, mtime;
	u32 rdev_major, rdev_minor, dev_major, dev_minor;
	u64 mnt_id, spare[13];
};

/* struct statfs */
#define STATFS_BYTES 120

/* clang-format off */
_Static_assert(sizeof(struct stat) == 144 && sizeof(struct statx) == 256, "as Linux has them");
/* clang-format on */

#endif
