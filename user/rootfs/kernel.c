/* See kernel.h. */
#include "user/rootfs/kernel.h"

#include <time.h>

#include "user/lib/ipc.h"

int object_create(uint64_t bytes)
{
	return (int)memobj_create(bytes, IPC_CLOEXEC);
}

void object_set_end(int object, uint64_t bytes)
{
	/* An object of one's own, and not longer than it was made: nothing else is asked for. */
	(void)memobj_end(object, bytes);
}

int object_view(int object, bool read_only)
{
	return (int)memobj_view(object, IPC_CLOEXEC | (read_only ? MEMOBJ_READ_ONLY : 0));
}

void time_now(struct timespec *now)
{
	clock_gettime(CLOCK_REALTIME, now);
}
