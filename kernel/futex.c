/*
 * Futexes, private ones: FUTEX_WAIT and FUTEX_WAKE (and their BITSET forms with all bits), which
 * musl's locks, joins and condition variables use.
 *
 * A waiter is on its bucket's list before it looks at the word; a waker's process changes the word
 * before it looks at the list. The bucket lock orders the two.
 */
#include "kernel/futex.h"

#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/process.h"
#include "kernel/sched.h"

#define FUTEX_BUCKETS 256

#define FUTEX_WAIT           0
#define FUTEX_WAKE           1
#define FUTEX_REQUEUE        3
#define FUTEX_WAIT_BITSET    9
#define FUTEX_WAKE_BITSET    10
#define FUTEX_PRIVATE        128
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_BITSET_ALL     0xffffffffu

struct futex_bucket {
	struct spinlock lock;
	struct list_head waiters;
};

struct futex_waiter {
	struct list_head node; /* bucket lock */
	const struct mm_struct *mm;
	u32 __user *addr;
	bool woken;
	struct wait_queue wq;
};

static struct futex_bucket buckets[FUTEX_BUCKETS];

void futex_init(void)
{
	for (unsigned int i = 0; i < FUTEX_BUCKETS; i++)
		list_init(&buckets[i].waiters);
}

static struct futex_bucket *bucket_of(const struct mm_struct *mm, u32 __user *addr)
{
	u64 key = ((u64)mm >> 6) ^ ((u64)addr >> 2);

	return &buckets[(key * 0x9e3779b97f4a7c15UL) >> 56];
}

static bool is_woken(void *arg)
{
	return smp_load_acquire(&((struct futex_waiter *)arg)->woken);
}

static long futex_wait(u32 __user *addr, u32 expected, u64 deadline)
{
	struct futex_waiter w = {.mm = current->mm, .addr = addr};
	struct futex_bucket *b = bucket_of(w.mm, addr);
	u32 value;
	long ret;

	wait_queue_init(&w.wq);
	spin_lock(&b->lock);
	list_add_tail(&w.node, &b->waiters);
	spin_unlock(&b->lock);

	ret = get_user_u32(&value, addr);
	if (!ret)
		ret = value == expected ? wait_until(&w.wq, is_woken, &w, deadline) : -EAGAIN;

	spin_lock(&b->lock);
	if (!w.woken)
		list_del(&w.node);
	else
		ret = 0;
	spin_unlock(&b->lock);
	return ret;
}

long futex_wake(u32 __user *addr, unsigned int n)
{
	const struct mm_struct *mm = current->mm;
	struct futex_bucket *b = bucket_of(mm, addr);
	struct futex_waiter *w, *next;
	long woken = 0;

	spin_lock(&b->lock);
	list_for_each_entry_safe (w, next, &b->waiters, node) {
		if (!n)
			break;
		if (w->mm != mm || w->addr != addr)
			continue;
		list_del(&w->node);
		/* The waiter takes this lock before its stack frame goes. */
		smp_store_release(&w->woken, true);
		wake_up(&w->wq);
		woken++;
		n--;
	}
	spin_unlock(&b->lock);
	return woken;
}

/* An absolute deadline on the time_ns() clock from the caller's timeout; 0: none. */
static int read_deadline(const struct timespec __user *timeout, bool absolute, bool realtime,
			 u64 *deadline)
{
	struct timespec ts;
	u64 ns;

	*deadline = 0;
	if (!timeout)
		return 0;
	if (copy_from_user(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	if (!timespec_ok(&ts))
		return -EINVAL;
	ns = timespec_to_ns(&ts);
	if (!absolute)
		ns += time_ns();
	else if (realtime)
		ns = ns > wall_time_ns_at_boot ? ns - wall_time_ns_at_boot : 0;
	*deadline = ns ? ns : 1;
	return 0;
}

long do_futex(u32 __user *addr, unsigned int op, u32 val, const struct timespec __user *timeout,
	      u32 bitset)
{
	unsigned int cmd = op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME);
	u64 deadline;
	int ret;

	if (!IS_ALIGNED((unsigned long)addr, sizeof(u32)))
		return -EINVAL;
	switch (cmd) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		if (cmd == FUTEX_WAIT_BITSET && bitset != FUTEX_BITSET_ALL)
			return bitset ? -ENOSYS : -EINVAL;
		ret = read_deadline(timeout, cmd == FUTEX_WAIT_BITSET, op & FUTEX_CLOCK_REALTIME,
				    &deadline);
		return ret ? ret : futex_wait(addr, val, deadline);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		if (cmd == FUTEX_WAKE_BITSET && bitset != FUTEX_BITSET_ALL)
			return bitset ? -ENOSYS : -EINVAL;
		if ((unsigned long)addr >= USER_END)
			return -EFAULT;
		return futex_wake(addr, val);
	default:
		return -ENOSYS;
	}
}
