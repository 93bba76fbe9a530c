/* System calls about processes and threads. */
#include "arch/page.h"
#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/string.h"
#include "kernel/file/path.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscalls.h"

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

SYSCALL(getpid)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return current->group->tgid;
}

SYSCALL(gettid)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return current->pid;
}

SYSCALL(getppid)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return READ_ONCE(current->group->ppid);
}

SYSCALL(fork)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return RETRY_NOMEM(do_clone(&(struct clone_args){.flags = SIGCHLD}));
}

SYSCALL(vfork)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return RETRY_NOMEM(
		do_clone(&(struct clone_args){.flags = CLONE_VFORK | CLONE_VM | SIGCHLD}));
}

SYSCALL(clone)
{
	struct clone_args args = {
		.flags = a0,
		.stack = a1,
		.parent_tid = (u32 __user *)a2,
		.child_tid = (u32 __user *)a3,
		.tls = a4,
	};

	UNUSED_ARGS(a5);
	if (args.flags & CLONE_SETTLS && args.tls >= USER_END)
		return -EPERM;
	return RETRY_NOMEM(do_clone(&args));
}

SYSCALL(execve)
{
	UNUSED_ARGS(a3, a4, a5);
	return RETRY_NOMEM(do_execveat((u64)AT_FDCWD, (const char __user *)a0,
				       (const char __user *const __user *)a1,
				       (const char __user *const __user *)a2, 0));
}

SYSCALL(execveat)
{
	UNUSED_ARGS(a5);
	return RETRY_NOMEM(do_execveat(a0, (const char __user *)a1,
				       (const char __user *const __user *)a2,
				       (const char __user *const __user *)a3, (unsigned int)a4));
}

SYSCALL(exit)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	do_exit((int)(a0 & 0xff) << 8);
}

SYSCALL(exit_group)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	do_group_exit((int)(a0 & 0xff) << 8);
}

SYSCALL(arch_prctl)
{
	unsigned long base;

	UNUSED_ARGS(a2, a3, a4, a5);
	switch ((int)a0) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (a1 >= USER_END)
			return -EPERM;
		if ((int)a0 == ARCH_SET_FS)
			thread_set_fs(a1);
		else
			thread_set_gs(a1);
		return 0;
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		base = (int)a0 == ARCH_GET_FS ? thread_get_fs() : thread_get_gs();
		return copy_to_user((void __user *)a1, &base, sizeof(base));
	default:
		return -EINVAL;
	}
}

SYSCALL(set_tid_address)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	current->clear_child_tid = (u32 __user *)a0;
	return current->pid;
}

SYSCALL(sched_yield)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	sched_yield_cpu();
	return 0;
}

SYSCALL(sched_setaffinity)
{
	DECLARE_BITMAP(mask, NR_CPUS) = {0};
	struct task_struct *t;
	long ret;

	UNUSED_ARGS(a3, a4, a5);
	if (copy_from_user(mask, (const void __user *)a2, MIN((size_t)a1, sizeof(mask))))
		return -EFAULT;
	t = task_get((int)a0);
	if (!t)
		return -ESRCH;
	ret = t->group->parent ? sched_set_affinity(t, mask) : -EPERM;
	task_put(t);
	return ret;
}

SYSCALL(sched_getaffinity)
{
	DECLARE_BITMAP(mask, NR_CPUS);
	struct task_struct *t;
	size_t bytes = BITS_TO_LONGS(nr_cpus) * sizeof(long);

	UNUSED_ARGS(a3, a4, a5);
	if (a1 < bytes || a1 % sizeof(long))
		return -EINVAL;
	t = task_get((int)a0);
	if (!t)
		return -ESRCH;
	for (unsigned int w = 0; w < BITS_TO_LONGS(NR_CPUS); w++)
		mask[w] = READ_ONCE(t->affinity[w]) & READ_ONCE(cpu_online_mask[w]);
	task_put(t);
	if (copy_to_user((void __user *)a2, mask, bytes))
		return -EFAULT;
	return (long)bytes;
}

SYSCALL(getcpu)
{
	u32 cpu = cpu_id();

	UNUSED_ARGS(a2, a3, a4, a5);
	if (a0 && put_user_u32(cpu, (u32 __user *)a0))
		return -EFAULT;
	return a1 && put_user_u32(0, (u32 __user *)a1) ? -EFAULT : 0;
}
