/*
 * The process-information right: a handle that the calls of kernel/abi/procinfo.h ask for.
 *
 * It has no state, so one object is all there ever is; it is never freed. The machine handle makes handles of it:
 * machine_processes.
 */
#ifndef KERNEL_PROCINFO_RIGHT_H
#define KERNEL_PROCINFO_RIGHT_H

#include "kernel/base/types.h"

/* Whether the running task's handle `fd` is one. */
bool procinfo_right_held(u64 fd);

#endif
