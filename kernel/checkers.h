/* Debug builds: the kernel's side of the run-time checkers (docs/locking.md). A release build has nothing of them. */
#ifndef KERNEL_CHECKERS_H
#define KERNEL_CHECKERS_H

#include "kernel/base/debug.h"

#if DEBUG_KERNEL

/* The machine is about to be switched off: with `locks=1` prints the order of locks that was seen. Process context. */
void checkers_end(void);

#else

static inline void checkers_end(void)
{
}

#endif

#endif
