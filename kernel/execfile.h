/*
 * The file of a program: its pages, which the new address space maps as they are. From the server that the path
 * leads to; for a process without a root from the boot archive.
 */
#ifndef KERNEL_EXECFILE_H
#define KERNEL_EXECFILE_H

#include "kernel/base/types.h"

struct memobj;

struct exec_file {
	struct memobj *contents; /* with a reference; NULL: there are none */
	u64 size;                /* bytes */
	u64 index;               /* of the page that was read last */
	const u8 *page;          /* it, or NULL */
};

/*
 * `path`, of the kernel's, from directory `dirfd`; "": what dirfd names. nofollow: not by a symbolic link. 0, or
 * -errno: what a server says, or -EACCES: no regular file, or not executable. execfile_close() after 0.
 */
long execfile_open(struct exec_file *f, u64 dirfd, const char *path, bool nofollow);
void execfile_close(struct exec_file *f);

/*
 * Copies n bytes at `offset`, which the file has; `file` is a struct exec_file *. 0; -ENOMEM; -EIO: its pages are
 * fewer.
 */
int execfile_read(void *file, u64 offset, void *dst, size_t n);

#endif
