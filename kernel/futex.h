/* futex(2), and the time format that it and others take from user space. */
#ifndef KERNEL_FUTEX_H
#define KERNEL_FUTEX_H

#include "arch/page.h"
#include "kernel/base/types.h"

#define NSEC_PER_SEC 1000000000UL

struct timespec {
	s64 tv_sec;
	s64 tv_nsec;
};

static inline bool timespec_ok(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < (s64)NSEC_PER_SEC;
}

/* Nanoseconds; what is beyond 292 years is cut to that. */
static inline u64 timespec_to_ns(const struct timespec *ts)
{
	if (ts->tv_sec > (s64)(INT64_MAX / NSEC_PER_SEC) - 1)
		return INT64_MAX;
	return (u64)ts->tv_sec * NSEC_PER_SEC + (u64)ts->tv_nsec;
}

void futex_init(void);
/*
 * futex(2), arguments as there: `timeout` is a struct timespec __user * of the waiting operations, and
 * how many to move of the requeueing ones; `val3` a bitset, or the value to compare with.
 */
long do_futex(u32 __user *addr, unsigned int op, u32 val, u64 timeout, u32 __user *addr2, u32 val3);

/*
 * Of FUTEX_WAKE_OP, whose third value is `what`: changes the word at `addr` as one step. Whether its old value
 * compares as asked; -ENOSYS: no such operation, or, when the word has been changed, no such comparison; -EFAULT.
 * May sleep. futex_op.c.
 */
int futex_change_word(u32 __user *addr, u32 what);

#endif
