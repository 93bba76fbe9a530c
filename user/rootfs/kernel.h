/* What the file tree wants of the kernel: a few calls, in kernel.c, for which the host tests have their own. */
#ifndef USER_ROOTFS_KERNEL_H
#define USER_ROOTFS_KERNEL_H

#include <stdint.h>

struct timespec;

/* A new memory object of zeroes, as a handle that mmap(2) takes; or -errno. */
int object_create(uint64_t bytes);
/* The wall clock. */
void time_now(struct timespec *now);

#endif
