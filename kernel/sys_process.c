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
	return RETRY_NOMEM(do_clone(&(struct clone_args){.exit_signal = SIGCHLD}));
}

SYSCALL(vfork)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return RETRY_NOMEM(do_clone(
		&(struct clone_args){.flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD}));
}

SYSCALL(clone)
{
	struct clone_args args = {
		.flags = (u32)a0 & ~CLONE_SIGNAL,
		.exit_signal = (int)(a0 & CLONE_SIGNAL),
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

/* struct clone_args of Linux, in the order of its versions. */
struct clone3_args {
	u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	u64 set_tid, set_tid_size;
	u64 cgroup;
};

#define CLONE3_SIZE_FIRST 64 /* up to `tls` */

/* What user space has of it; a newer one may be longer, with zeroes at its end. */
static int clone3_read(struct clone3_args *args, u64 from, u64 size)
{
	u64 rest;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE3_SIZE_FIRST)
		return -EINVAL;
	*args = (struct clone3_args){0};
	for (u64 at = sizeof(*args); at < size; at += sizeof(rest)) {
		rest = 0;
		if (copy_from_user(&rest, (const char __user *)from + at,
				   MIN(size - at, sizeof(rest))))
			return -EFAULT;
		if (rest)
			return -E2BIG;
	}
	return copy_from_user(args, (const void __user *)from, MIN(size, sizeof(*args)));
}

/* Numbers of the caller's choice and control groups there are not. */
static bool clone3_ok(const struct clone3_args *a)
{
	if (a->flags & (CLONE_SIGNAL | CLONE_DETACHED) || a->exit_signal > NR_SIGNALS)
		return false;
	if (a->flags & (CLONE_THREAD | CLONE_PARENT) && a->exit_signal)
		return false;
	if (a->set_tid || a->set_tid_size)
		return false;
	/* The lowest address, as mmap() gave it. */
	return a->stack ? a->stack_size && a->stack_size <= USER_END &&
				  a->stack <= USER_END - a->stack_size
			: !a->stack_size;
}

SYSCALL(clone3)
{
	struct clone3_args a;
	int ret = clone3_read(&a, a0, a1);

	UNUSED_ARGS(a2, a3, a4, a5);
	if (ret)
		return ret;
	if (!clone3_ok(&a))
		return -EINVAL;
	if (a.flags & CLONE_SETTLS && a.tls >= USER_END)
		return -EPERM;
	return RETRY_NOMEM(do_clone(&(struct clone_args){
		.flags = a.flags,
		.exit_signal = (int)a.exit_signal,
		.stack = a.stack + a.stack_size,
		.parent_tid = (u32 __user *)a.parent_tid,
		.child_tid = (u32 __user *)a.child_tid,
		.tls = a.tls,
	}));
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
	/*
	 * Who yields in a loop waits for somebody, maybe on another CPU. Counting instructions, QEMU 7.2 gives
	 * that CPU no turn before this one pauses or halts (docs/testing.md).
	 */
	cpu_relax();
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
