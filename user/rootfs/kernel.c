/* See kernel.h. */
#include "user/rootfs/kernel.h"

#include <time.h>

#include "user/lib/ipc.h"

int object_create(uint64_t bytes)
{
	return (int)memobj_create(bytes, IPC_CLOEXEC);
}

void time_now(struct timespec *now)
{
	clock_gettime(CLOCK_REALTIME, now);
}
