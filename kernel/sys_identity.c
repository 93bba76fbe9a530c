/*
 * System calls about who a process is: users, groups, capabilities, personality.
 *
 * There is one user and one group, both 0, with every right. It is as in a user namespace of Linux that
 * has nobody else in it: to become 0 succeeds, and everybody else is no valid number, -EINVAL. So nothing is
 * promised that nobody keeps; and programs that look before they leap, as su does, see that they are root.
 */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/process.h"
#include "kernel/syscalls.h"

#define UNCHANGED 0xffffffffu /* in setreuid() and its kin */

#define NGROUPS_MAX 65536

#define CAPABILITY_VERSION_1 0x19980330
#define CAPABILITY_VERSION_2 0x20071026
#define CAPABILITY_VERSION_3 0x20080522
#define CAPABILITIES         0x1ffffffffffUL /* those of Linux 6.1: 0 to 40 */

#define PERSONALITY_ASKED 0xffffffffu
#define PER_LINUX         0

/* There is one user, root. */
SYSCALL(getuid)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return 0;
}

SYSCALL(geteuid)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return 0;
}

SYSCALL(getgid)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return 0;
}

SYSCALL(getegid)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return 0;
}

/* The answer to who would be `id`. */
static long become(u64 id)
{
	return (u32)id ? -EINVAL : 0;
}

static bool may_become(u64 id)
{
	return (u32)id == 0 || (u32)id == UNCHANGED;
}

SYSCALL(setuid)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return become(a0);
}

SYSCALL(setgid)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return become(a0);
}

SYSCALL(setreuid)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return may_become(a0) && may_become(a1) ? 0 : -EINVAL;
}

SYSCALL(setregid)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return may_become(a0) && may_become(a1) ? 0 : -EINVAL;
}

SYSCALL(setresuid)
{
	UNUSED_ARGS(a3, a4, a5);
	return may_become(a0) && may_become(a1) && may_become(a2) ? 0 : -EINVAL;
}

SYSCALL(setresgid)
{
	UNUSED_ARGS(a3, a4, a5);
	return may_become(a0) && may_become(a1) && may_become(a2) ? 0 : -EINVAL;
}

/* Real, effective and saved number. */
static long put_three(u64 real, u64 effective, u64 saved)
{
	if (put_user_u32(0, (u32 __user *)real) || put_user_u32(0, (u32 __user *)effective) ||
	    put_user_u32(0, (u32 __user *)saved))
		return -EFAULT;
	return 0;
}

SYSCALL(getresuid)
{
	UNUSED_ARGS(a3, a4, a5);
	return put_three(a0, a1, a2);
}

SYSCALL(getresgid)
{
	UNUSED_ARGS(a3, a4, a5);
	return put_three(a0, a1, a2);
}

/* These two have no errno: they say who it was before, and that is who it is. */
SYSCALL(setfsuid)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return 0;
}

SYSCALL(setfsgid)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return 0;
}

/* --- the other groups of a process: all of them 0, so they are a number of times --- */

SYSCALL(getgroups)
{
	u32 n = READ_ONCE(current->group->nr_groups);

	UNUSED_ARGS(a2, a3, a4, a5);
	if ((int)a0 < 0)
		return -EINVAL;
	if (!(int)a0)
		return n;
	if ((u32)a0 < n)
		return -EINVAL;
	for (u32 i = 0; i < n; i++)
		if (put_user_u32(0, (u32 __user *)a1 + i))
			return -EFAULT;
	return n;
}

SYSCALL(setgroups)
{
	u32 n = (u32)a0, gid;
	long ret = 0;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (n > NGROUPS_MAX)
		return -EINVAL;
	for (u32 i = 0; i < n; i++) {
		if (get_user_u32(&gid, (const u32 __user *)a1 + i))
			return -EFAULT;
		if (gid)
			ret = -EINVAL;
	}
	if (!ret)
		WRITE_ONCE(current->group->nr_groups, n);
	return ret;
}

/* --- capabilities --- */

struct cap_header {
	u32 version;
	int pid;
};

struct cap_data {
	u32 effective, permitted, inheritable;
};

/* How many cap_data a version has; 0: there is no such version. */
static unsigned int cap_words(u32 version)
{
	switch (version) {
	case CAPABILITY_VERSION_1:
		return 1;
	case CAPABILITY_VERSION_2:
	case CAPABILITY_VERSION_3:
		return 2;
	default:
		return 0;
	}
}

static bool task_exists(int pid)
{
	bool found;

	rcu_read_lock();
	found = !pid || find_task(pid);
	rcu_read_unlock();
	return found;
}

/* Everybody has them all; capset(), which would take some away, there is not. */
SYSCALL(capget)
{
	struct cap_data data[2];
	struct cap_header header;
	unsigned int words;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (get_user_u32(&header.version, (const u32 __user *)a0))
		return -EFAULT;
	words = cap_words(header.version);
	if (!words) {
		/* How a library asks for the version. */
		if (put_user_u32(CAPABILITY_VERSION_3, (u32 __user *)a0))
			return -EFAULT;
		return a1 ? -EINVAL : 0;
	}
	if (!a1)
		return 0;
	if (copy_from_user(&header, (const void __user *)a0, sizeof(header)))
		return -EFAULT;
	if (header.pid < 0)
		return -EINVAL;
	if (!task_exists(header.pid))
		return -ESRCH;
	for (unsigned int i = 0; i < 2; i++) {
		u32 all = (u32)(CAPABILITIES >> (32 * i));

		data[i] = (struct cap_data){.effective = all, .permitted = all};
	}
	return copy_to_user((void __user *)a1, data, words * sizeof(data[0]));
}

/* --- personality --- */

/* Linux's own is the only one. */
SYSCALL(personality)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return (u32)a0 == PERSONALITY_ASKED || (u32)a0 == PER_LINUX ? PER_LINUX : -EINVAL;
}
