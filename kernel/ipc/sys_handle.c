/* System calls about handles as such: Linux's dup, close and their kin. */
#include "kernel/base/errno.h"
#include "kernel/ipc/handle.h"
#include "kernel/syscalls.h"

#define O_CLOEXEC           02000000
#define CLOSE_RANGE_UNSHARE 2
#define CLOSE_RANGE_CLOEXEC 4

/* A descriptor is an int to Linux: the upper half of its register says nothing. */
SYSCALL(close)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return handle_close((u32)a0);
}

SYSCALL(close_range)
{
	int ret = 0;

	UNUSED_ARGS(a3, a4, a5);
	if ((u32)a0 > (u32)a1 || (a2 & ~(u64)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)))
		return -EINVAL;
	if (a2 & CLOSE_RANGE_UNSHARE)
		ret = handles_unshare();
	if (ret)
		return ret;
	if (a2 & CLOSE_RANGE_CLOEXEC)
		handle_cloexec_range((u32)a0, (u32)a1);
	else
		handle_close_range((u32)a0, (u32)a1);
	return 0;
}

SYSCALL(dup)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return handle_dup((u32)a0, 0, false);
}

SYSCALL(dup2)
{
	int ret;

	UNUSED_ARGS(a2, a3, a4, a5);
	if ((u32)a0 != (u32)a1)
		return handle_dup_to((u32)a0, (u32)a1, false);
	ret = handle_get_cloexec((u32)a0);
	return ret < 0 ? ret : (int)a0;
}

SYSCALL(dup3)
{
	UNUSED_ARGS(a3, a4, a5);
	if ((a2 & ~(u64)O_CLOEXEC) || (u32)a0 == (u32)a1)
		return -EINVAL;
	return handle_dup_to((u32)a0, (u32)a1, a2 & O_CLOEXEC);
}
