/* What the tree begins with: the boot archive, and what must be there even if it has it not. */
#ifndef USER_ROOTFS_BOOT_H
#define USER_ROOTFS_BOOT_H

#include <stdint.h>

/* A file of the boot archive, as kernel/abi/machine.h tells of it. */
struct boot_file {
	const char *name;   /* its path, without a leading slash */
	const char *target; /* of a symbolic link */
	uint64_t size;      /* of a regular file */
	int memory; /* a memory object with so many bytes, and zeroes; the tree's from now on. -1: none */
	uint32_t mode, mtime;
	uint32_t uid, gid;
	uint64_t id; /* names of one file have the same; 0: it has one name */
	uint64_t rdev;
};

/*
 * Adds one file; directories on the way to it are made. 0, or -errno: it is not in the tree. -EEXIST: something else
 * is there.
 */
long boot_add(const struct boot_file *file);
/* After the last one: what is missing of /dev, /tmp and others. 0 or -ENOSPC. */
long boot_finish(void);

#endif
