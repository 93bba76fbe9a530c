/* System calls about time and the system. */
#include "arch/page.h"
#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/string.h"
#include "kernel/cpu_clock.h"
#include "kernel/futex.h"
#include "kernel/process.h"
#include "kernel/random.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "kernel/syscalls.h"

#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7
#define CLOCK_TAI                11
#define TIMER_ABSTIME            1

#define GRND_NONBLOCK 1
#define GRND_RANDOM   2
#define GRND_INSECURE 4
#define GRND_ALL      (GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)

/* --- time --- */

static int clock_now(int clock, u64 *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI: /* nobody has said how many leap seconds there were: none, as in Linux */
		*ns = wall_time_ns_at_boot + time_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns = time_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		return cpu_clock_now(CPU_CLOCK_MINE, ns);
	case CLOCK_THREAD_CPUTIME_ID:
		return cpu_clock_now(CPU_CLOCK_MINE | CPU_CLOCK_THREAD, ns);
	default:
		return clock < 0 ? cpu_clock_now(clock, ns) : -EINVAL;
	}
}

static struct timespec ns_to_timespec(u64 ns)
{
	return (struct timespec){.tv_sec = (s64)(ns / NSEC_PER_SEC),
				 .tv_nsec = (s64)(ns % NSEC_PER_SEC)};
}

SYSCALL(clock_gettime)
{
	struct timespec ts;
	u64 ns;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (clock_now((int)a0, &ns))
		return -EINVAL;
	ts = ns_to_timespec(ns);
	return copy_to_user((void __user *)a1, &ts, sizeof(ts));
}

SYSCALL(clock_getres)
{
	struct timespec ts = {.tv_nsec = 1};
	u64 ns;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (clock_now((int)a0, &ns))
		return -EINVAL;
	return a1 ? copy_to_user((void __user *)a1, &ts, sizeof(ts)) : 0;
}

SYSCALL(gettimeofday)
{
	u64 ns = wall_time_ns_at_boot + time_ns();
	s64 tv[2] = {(s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC / 1000)};
	/* struct timezone: minutes west of Greenwich, summer time. */
	static const u32 utc[2];

	UNUSED_ARGS(a2, a3, a4, a5);
	if (a0 && copy_to_user((void __user *)a0, tv, sizeof(tv)))
		return -EFAULT;
	return a1 ? copy_to_user((void __user *)a1, &utc, sizeof(utc)) : 0;
}

SYSCALL(time)
{
	s64 now = (s64)((wall_time_ns_at_boot + time_ns()) / NSEC_PER_SEC);

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return a0 && copy_to_user((void __user *)a0, &now, sizeof(now)) ? -EFAULT : now;
}

static long sleep_again(struct restart *r);

/* `left`: where the rest goes, or NULL. */
static long sleep_relative(u64 deadline, unsigned long left)
{
	struct timespec ts;
	u64 now;

	if (!sleep_until_interruptible(deadline))
		return 0;
	now = time_ns();
	ts = ns_to_timespec(deadline > now ? deadline - now : 0);
	if (left && copy_to_user((void __user *)left, &ts, sizeof(ts)))
		return -EFAULT;
	current->sig.restart =
		(struct restart){.fn = sleep_again, .deadline = deadline, .arg = {left}};
	return -ERESTART_RESTARTBLOCK;
}

static long sleep_again(struct restart *r)
{
	return sleep_relative(r->deadline, r->arg[0]);
}

static long sleep_call(int clock, bool absolute, const void __user *request, unsigned long left)
{
	struct timespec ts;
	u64 now, deadline;

	if (clock_now(clock, &now))
		return -EINVAL;
	/* As in Linux, where these have no timers; nor have those of CPU time here. */
	if (clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID ||
	    clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_REALTIME_COARSE ||
	    clock == CLOCK_MONOTONIC_COARSE)
		return -EOPNOTSUPP;
	if (copy_from_user(&ts, request, sizeof(ts)))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	deadline = timespec_to_ns(&ts);
	/* On the clock that runs from kernel entry. */
	if (!absolute)
		return sleep_relative(deadline + time_ns(), left);
	if (clock == CLOCK_REALTIME || clock == CLOCK_TAI)
		deadline = deadline > wall_time_ns_at_boot ? deadline - wall_time_ns_at_boot : 0;
	if (deadline <= time_ns())
		return 0;
	return sleep_until_interruptible(deadline) ? -ERESTARTNOHAND : 0;
}

SYSCALL(nanosleep)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return sleep_call(CLOCK_MONOTONIC, false, (const void __user *)a0, a1);
}

SYSCALL(clock_nanosleep)
{
	UNUSED_ARGS(a4, a5);
	return sleep_call((int)a0, a1 & TIMER_ABSTIME, (const void __user *)a2, a3);
}

SYSCALL(futex)
{
	return do_futex((u32 __user *)a0, (unsigned int)a1, (u32)a2, a3, (u32 __user *)a4, (u32)a5);
}

SYSCALL(getrandom)
{
	u64 done = 0, len = MIN(a1, (u64)INT32_MAX & PAGE_MASK);

	UNUSED_ARGS(a3, a4, a5);
	/* One kind of randomness serves all; two kinds at once are a contradiction. */
	if ((a2 & ~(u64)GRND_ALL) ||
	    (a2 & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	while (done < len) {
		u64 word = random_u64(), part = MIN(len - done, sizeof(word));

		if (task_must_die())
			break;
		if (copy_to_user((char __user *)a0 + done, &word, part))
			return -EFAULT;
		done += part;
	}
	return (long)done;
}
