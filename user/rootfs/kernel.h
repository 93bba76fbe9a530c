/* What the file tree wants of the kernel: a few calls, in kernel.c, for which the host tests have their own. */
#ifndef USER_ROOTFS_KERNEL_H
#define USER_ROOTFS_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

struct timespec;

/* A new memory object of zeroes, `bytes` at most, as a handle that mmap(2) takes; or -errno. */
int object_create(uint64_t bytes);
/* How long it is for now: who touches a page behind that gets SIGBUS, the server too. */
void object_set_end(int object, uint64_t bytes);
/* A new handle of it, to be given away: it cannot move the end, nor be written to if `read_only`. Or -errno. */
int object_view(int object, bool read_only);
/* The wall clock. */
void time_now(struct timespec *now);

#endif
