/* mmap(2) of what a descriptor names. */
#ifndef KERNEL_FILE_MAP_H
#define KERNEL_FILE_MAP_H

#include "kernel/base/types.h"

/*
 * The address, or -errno: -EBADF, what the server says, -ENODEV: the log, -EACCES: it is nothing that can be
 * mapped, or not so. Flags are those of mmap(2).
 */
long file_map(u64 fd, unsigned long addr, size_t len, unsigned long prot, unsigned long flags,
	      u64 offset);

#endif
