/* struct rusage, as getrusage(2), wait4(2) and waitid(2) give it to user space. */
#ifndef KERNEL_RUSAGE_H
#define KERNEL_RUSAGE_H

#include "kernel/usage.h"

/* `peak` pages were in memory. 0 or -EFAULT. */
int put_rusage(unsigned long to, const struct usage *u, u64 peak);

#endif
