/* System calls about memory. mm/mm.h says what is behind them. */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/string.h"
#include "kernel/base/wait.h"
#include "kernel/file/map.h"
#include "kernel/syscalls.h"
#include "kernel/task.h"
#include "mm/mm.h"
#include "mm/oom.h"

#define MLOCK_ONFAULT 1

#define MCL_CURRENT 1
#define MCL_FUTURE  2
#define MCL_ONFAULT 4

#define PR_SET_PDEATHSIG 1
#define PR_GET_PDEATHSIG 2
#define PR_SET_NAME      15
#define PR_GET_NAME      16
#define PR_SET_MDWE      65
#define PR_GET_MDWE      66

SYSCALL(mmap)
{
	if (!IS_ALIGNED(a5, PAGE_SIZE))
		return -EINVAL;
	if (!(a3 & MAP_ANONYMOUS))
		return RETRY_NOMEM(file_map(a4, a0, a1, a2, (u32)a3, a5));
	return RETRY_NOMEM(do_mmap(current->mm, a0, a1, a2, a3));
}

SYSCALL(munmap)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return RETRY_NOMEM(do_munmap(current->mm, a0, a1));
}

SYSCALL(mprotect)
{
	UNUSED_ARGS(a3, a4, a5);
	return RETRY_NOMEM(do_mprotect(current->mm, a0, a1, a2));
}

SYSCALL(brk)
{
	unsigned long brk;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	brk = do_brk(current->mm, a0);
	/* It has no errno: whether memory was short is known otherwise. */
	if (unlikely(brk != a0) && memory_reclaim())
		brk = do_brk(current->mm, a0);
	return (long)brk;
}

SYSCALL(mremap)
{
	UNUSED_ARGS(a5);
	return RETRY_NOMEM(do_mremap(current->mm, a0, a1, a2, a3, a4));
}

SYSCALL(madvise)
{
	UNUSED_ARGS(a3, a4, a5);
	return do_madvise(current->mm, a0, a1, (unsigned int)a2);
}

SYSCALL(msync)
{
	UNUSED_ARGS(a3, a4, a5);
	return do_msync(current->mm, a0, a1, (unsigned int)a2);
}

SYSCALL(mincore)
{
	u64 pages = (a1 >> PAGE_SHIFT) + !IS_ALIGNED(a1, PAGE_SIZE);
	u8 in[256];

	UNUSED_ARGS(a3, a4, a5);
	if (!IS_ALIGNED(a0, PAGE_SIZE))
		return -EINVAL;
	if (a1 > USER_END || a0 > USER_END - a1)
		return -ENOMEM;
	/* Before anything is found out, as in Linux. */
	if (pages > USER_END || a2 > USER_END - pages)
		return -EFAULT;
	for (u64 done = 0; done < pages;) {
		unsigned int part = (unsigned int)MIN(pages - done, sizeof(in));
		int ret = do_mincore(current->mm, a0 + done * PAGE_SIZE, part, in);

		if (ret)
			return ret;
		/* All of user space would take minutes. */
		if (task_must_die())
			return -EINTR;
		if (copy_to_user((u8 __user *)a2 + done, in, part))
			return -EFAULT;
		done += part;
	}
	return 0;
}

SYSCALL(mlock)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return do_mlock(current->mm, a0, a1, VMA_LOCKED);
}

SYSCALL(mlock2)
{
	UNUSED_ARGS(a3, a4, a5);
	if (a2 & ~(u64)MLOCK_ONFAULT)
		return -EINVAL;
	return do_mlock(current->mm, a0, a1, a2 & MLOCK_ONFAULT ? VMA_LOCKED_ANY : VMA_LOCKED);
}

SYSCALL(munlock)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return do_mlock(current->mm, a0, a1, 0);
}

SYSCALL(mlockall)
{
	unsigned long locked = a0 & MCL_ONFAULT ? VMA_LOCKED_ANY : VMA_LOCKED;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	if (!a0 || (a0 & ~(u64)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || a0 == MCL_ONFAULT)
		return -EINVAL;
	return do_mlockall(current->mm, a0 & MCL_CURRENT ? locked : MLOCK_KEEP,
			   a0 & MCL_FUTURE ? locked : 0);
}

SYSCALL(munlockall)
{
	UNUSED_ARGS(a0, a1, a2, a3, a4, a5);
	return do_mlockall(current->mm, 0, 0);
}

/* The running thread's name, for ps and for messages; a longer one is cut. */
static long set_name(const char __user *name)
{
	char comm[COMM_LEN] = "";
	long n = strncpy_from_user(comm, name, sizeof(comm) - 1);

	if (n < 0 && n != -ENAMETOOLONG)
		return n;
	task_set_comm(comm);
	return 0;
}

/* Of all its options those about memory, the name, and the signal when the parent ends. */
SYSCALL(prctl)
{
	UNUSED_ARGS(a5);
	switch ((int)a0) {
	case PR_SET_PDEATHSIG:
		if (a1 > NR_SIGNALS)
			return -EINVAL;
		WRITE_ONCE(current->group->death_signal, (int)a1);
		return 0;
	case PR_GET_PDEATHSIG:
		return put_user_u32((u32)current->group->death_signal, (u32 __user *)a1);
	case PR_SET_NAME:
		return set_name((const char __user *)a1);
	case PR_GET_NAME:
		return copy_to_user((char __user *)a1, current->comm, COMM_LEN);
	case PR_SET_MDWE:
		return a2 || a3 || a4 ? -EINVAL : mm_set_mdwe(current->mm, a1);
	case PR_GET_MDWE:
		return a1 || a2 || a3 || a4 ? -EINVAL : (long)current->mm->mdwe;
	default:
		return -EINVAL;
	}
}
