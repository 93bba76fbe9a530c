/*
 * Futexes: FUTEX_WAIT and FUTEX_WAKE (and their BITSET forms with all bits), which musl's locks, joins
 * and condition variables use.
 *
 * What a futex is, its key says: without FUTEX_PRIVATE, a word of a shared object, wherever and in
 * whatever address space it is mapped; any other one is an address in its address space.
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
#include "mm/memobj.h"
#include "mm/mm.h"

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

struct futex_key {
	const void *space;  /* the address space or the object */
	unsigned long at;   /* in it */
	struct memobj *obj; /* with a reference: nobody may get the key of what is gone */
};

struct futex_waiter {
	struct list_head node; /* bucket lock */
	struct futex_key key;
	bool woken;
	struct wait_queue wq;
};

static struct futex_bucket buckets[FUTEX_BUCKETS];

void futex_init(void)
{
	for (unsigned int i = 0; i < FUTEX_BUCKETS; i++)
		list_init(&buckets[i].waiters);
}

/* 0, -EFAULT. futex_key_put() ends it. */
static int futex_key_get(struct futex_key *key, u32 __user *addr, bool private)
{
	*key = (struct futex_key){.space = current->mm, .at = (unsigned long)addr};
	if (private)
		return 0;
	if (mm_find_object(current->mm, (unsigned long)addr, &key->obj, &key->at))
		return -EFAULT;
	if (key->obj)
		key->space = key->obj;
	return 0;
}

static void futex_key_put(struct futex_key *key)
{
	if (key->obj)
		memobj_put(key->obj);
}

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
	u64 word = ((u64)key->space >> 6) ^ (key->at >> 2);

	return &buckets[(word * 0x9e3779b97f4a7c15UL) >> 56];
}

static bool is_woken(void *arg)
{
	return smp_load_acquire(&((struct futex_waiter *)arg)->woken);
}

static long futex_wait(u32 __user *addr, bool private, u32 expected, u64 deadline)
{
	struct futex_waiter w = {.woken = false};
	struct futex_bucket *b;
	u32 value;
	long ret;

	if (futex_key_get(&w.key, addr, private))
		return -EFAULT;
	b = bucket_of(&w.key);
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
	futex_key_put(&w.key);
	return ret;
}

static long wake_key(const struct futex_key *key, unsigned int n)
{
	struct futex_bucket *b = bucket_of(key);
	struct futex_waiter *w, *next;
	long woken = 0;

	spin_lock(&b->lock);
	list_for_each_entry_safe (w, next, &b->waiters, node) {
		if (!n)
			break;
		if (w->key.space != key->space || w->key.at != key->at)
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

long futex_wake(u32 __user *addr, bool private, unsigned int n)
{
	struct futex_key key;
	long woken;

	if (futex_key_get(&key, addr, private))
		return -EFAULT;
	woken = wake_key(&key, n);
	futex_key_put(&key);
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
	bool private = op & FUTEX_PRIVATE;
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
		return ret ? ret : futex_wait(addr, private, val, deadline);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		if (cmd == FUTEX_WAKE_BITSET && bitset != FUTEX_BITSET_ALL)
			return bitset ? -ENOSYS : -EINVAL;
		if ((unsigned long)addr >= USER_END)
			return -EFAULT;
		return futex_wake(addr, private, val);
	default:
		return -ENOSYS;
	}
}
