/*
 * Waiting until one of several files is ready: the core of poll(2) and select(2).
 *
 * Each file is asked by FS_POLL, and its server notifies when the answer may be another one; kernel/ipc/notify.h
 * argues that this is not lost. What is not a file is POLLNVAL, the log is ready.
 */
#ifndef KERNEL_FILE_POLL_H
#define KERNEL_FILE_POLL_H

#include "kernel/ipc/notify.h"

#define POLLIN     0x001U
#define POLLPRI    0x002U
#define POLLOUT    0x004U
#define POLLERR    0x008U
#define POLLHUP    0x010U
#define POLLNVAL   0x020U
#define POLLRDNORM 0x040U
#define POLLRDBAND 0x080U
#define POLLWRNORM 0x100U
#define POLLWRBAND 0x200U

struct poll_entry {
	struct object *object; /* with a reference; NULL: none */
	bool skip;             /* nothing is asked, nothing is said */
	u32 events;            /* asked for, POLL...; POLLERR, POLLHUP, POLLNVAL always */
	u32 revents;           /* result */
	struct poll_link link;
};

#define POLL_NOW 1UL /* as deadline: do not wait */

/*
 * Fills revents. How many have any; 0: the deadline, in time_ns(), 0: none, is over; -EINTR: a signal came first.
 * Process context.
 */
long poll_wait(struct poll_entry *entries, unsigned int n, u64 deadline);

#endif
