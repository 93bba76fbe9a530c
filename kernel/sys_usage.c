/* System calls that tell what has been used: getrusage, times; and what wait4 and waitid say of a child. */
#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/futex.h"
#include "kernel/process.h"
#include "kernel/rusage.h"
#include "kernel/syscalls.h"

#define RUSAGE_SELF     0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD   1

/* times(2): CLK_TCK, as AT_CLKTCK says. */
#define TICK_NS (NSEC_PER_SEC / 100)

/* struct rusage of Linux. Nobody counts switches, and there is nothing else to count: no swap, no disks. */
struct rusage {
	struct timeval utime, stime;
	u64 maxrss; /* KiB */
	u64 ixrss, idrss, isrss;
	u64 minflt, majflt, nswap;
	u64 inblock, oublock, msgsnd, msgrcv, nsignals;
	u64 nvcsw, nivcsw;
};
_Static_assert(sizeof(struct rusage) == 144, "as in Linux's ABI");

int put_rusage(unsigned long to, const struct usage *u, u64 peak)
{
	const struct rusage r = {
		.utime = ns_to_timeval(usage_mode_ns(u, USAGE_USER)),
		.stime = ns_to_timeval(usage_mode_ns(u, USAGE_SYSTEM)),
		.maxrss = peak * (PAGE_SIZE / 1024),
		.minflt = u->faults,
	};

	return copy_to_user((void __user *)to, &r, sizeof(r));
}

SYSCALL(getrusage)
{
	struct thread_group *g = current->group;
	struct usage u;
	u64 peak = MAX(READ_ONCE(g->usage.peak), usage_peak(current->mm));

	UNUSED_ARGS(a2, a3, a4, a5);
	switch ((int)a0) {
	case RUSAGE_SELF:
		u = usage_of_group(g);
		break;
	case RUSAGE_THREAD:
		u = usage_of_thread(current);
		break;
	case RUSAGE_CHILDREN:
		spin_lock(&g->lock);
		u = g->usage.children;
		peak = g->usage.children_peak;
		spin_unlock(&g->lock);
		break;
	default:
		return -EINVAL;
	}
	return put_rusage(a1, &u, peak);
}

struct tms {
	s64 utime, stime, cutime, cstime;
};

static s64 ticks_of(const struct usage *u, enum usage_mode mode)
{
	return (s64)(usage_mode_ns(u, mode) / TICK_NS);
}

/* The result is a time of its own: since the kernel's start here. */
SYSCALL(times)
{
	struct thread_group *g = current->group;
	struct usage mine, children;
	struct tms tms;

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	spin_lock(&g->lock);
	mine = usage_of_group_locked(g);
	children = g->usage.children;
	spin_unlock(&g->lock);
	tms = (struct tms){
		.utime = ticks_of(&mine, USAGE_USER),
		.stime = ticks_of(&mine, USAGE_SYSTEM),
		.cutime = ticks_of(&children, USAGE_USER),
		.cstime = ticks_of(&children, USAGE_SYSTEM),
	};
	if (a0 && copy_to_user((void __user *)a0, &tms, sizeof(tms)))
		return -EFAULT;
	return (long)(time_ns() / TICK_NS);
}
