/*
 * Futexes: FUTEX_WAIT, FUTEX_WAKE, their BITSET forms, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE and
 * FUTEX_WAKE_OP, private and shared. musl's locks, joins and condition variables stand on them.
 *
 * A waiter is on its bucket's list before it looks at the word; a waker's process changes the word
 * before it looks at the list. The bucket lock orders the two.
 *
 * What waits for one word has one key. Of private memory that is its address in its address space,
 * and the caller who says FUTEX_PRIVATE spares us the search for the mapping. Of shared memory it is
 * the place in the memory object, which is the same for all who map it.
 */
#include "kernel/futex.h"

#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "mm/memobj.h"
#include "mm/mm.h"

#define FUTEX_BUCKETS 256

#define FUTEX_WAIT           0
#define FUTEX_WAKE           1
#define FUTEX_REQUEUE        3
#define FUTEX_CMP_REQUEUE    4
#define FUTEX_WAKE_OP        5
#define FUTEX_WAIT_BITSET    9
#define FUTEX_WAKE_BITSET    10
#define FUTEX_PRIVATE        128
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_BITSET_ALL     0xffffffffu

struct futex_key {
	const void *space;  /* the address space or the object */
	unsigned long at;   /* in it */
	struct memobj *obj; /* with a reference: nobody may get the key of what is gone */
};

struct futex_bucket {
	struct spinlock lock;
	u64 arrivals; /* waiters that have come, ever */
	struct list_head waiters;
};

/* `node`, `key`, `arrival`, `bucket`: under the lock of `bucket`; requeueing changes all four. */
struct futex_waiter {
	struct list_head node;
	struct futex_key key;
	struct futex_bucket *bucket;
	u64 arrival;
	u32 bitset;
	bool woken;
	struct wait_queue wq;
};

static struct futex_bucket buckets[FUTEX_BUCKETS];

void futex_init(void)
{
	for (unsigned int i = 0; i < FUTEX_BUCKETS; i++) {
		spin_lock_set_class(&buckets[i].lock, LOCK_futex);
		list_init(&buckets[i].waiters);
	}
}

/*
 * The key of the word at `addr`, for key_put() afterwards. 0; -EINVAL: not aligned; -EFAULT: not the
 * user's, or, unless `private`, not mapped.
 */
static int key_get(u32 __user *addr, bool private, struct futex_key *key)
{
	unsigned long va = (unsigned long)addr;

	*key = (struct futex_key){.space = current->mm, .at = va};
	if (!IS_ALIGNED(va, sizeof(u32)))
		return -EINVAL;
	if (va >= USER_END)
		return -EFAULT;
	if (private)
		return 0;
	if (mm_find_object(current->mm, va, &key->obj, &key->at))
		return -EFAULT;
	if (key->obj)
		key->space = key->obj;
	return 0;
}

/* Process context, no lock held. */
static void key_put(struct futex_key *key)
{
	if (key->obj)
		memobj_put(key->obj);
}

static bool key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->space == b->space && a->at == b->at;
}

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
	u64 hash = ((u64)key->space >> 6) ^ (key->at >> 2);

	return &buckets[(hash * 0x9e3779b97f4a7c15UL) >> 56];
}

/* Puts a waiter on the list of its key. Lock held. */
static void enqueue(struct futex_bucket *b, struct futex_waiter *w)
{
	w->arrival = ++b->arrivals;
	WRITE_ONCE(w->bucket, b);
	list_add_tail(&w->node, &b->waiters);
}

/* Locks the bucket that the waiter is in, which requeueing may change meanwhile. */
static struct futex_bucket *lock_bucket_of(struct futex_waiter *w)
{
	for (;;) {
		struct futex_bucket *b = READ_ONCE(w->bucket);

		spin_lock(&b->lock);
		if (likely(w->bucket == b))
			return b;
		spin_unlock(&b->lock);
	}
}

static bool is_woken(void *arg)
{
	return smp_load_acquire(&((struct futex_waiter *)arg)->woken);
}

/* The key stays the caller's: the waiter takes a reference of its own, which moves with it. */
static long futex_wait(u32 __user *addr, const struct futex_key *key, u32 expected, u32 bitset,
		       u64 deadline)
{
	struct futex_waiter w = {.key = *key, .bitset = bitset};
	struct futex_bucket *b = bucket_of(key);
	u32 value;
	long ret;

	if (key->obj)
		memobj_get(key->obj);
	wait_queue_init(&w.wq);
	spin_lock(&b->lock);
	enqueue(b, &w);
	spin_unlock(&b->lock);

	ret = get_user_u32(&value, addr);
	if (!ret)
		ret = value == expected ? wait_until_interruptible(&w.wq, is_woken, &w, deadline)
					: -EAGAIN;

	b = lock_bucket_of(&w);
	if (!w.woken)
		list_del(&w.node);
	else
		ret = 0;
	spin_unlock(&b->lock);
	key_put(&w.key);
	return ret;
}

static void wake_waiter(struct futex_waiter *w)
{
	list_del(&w->node);
	/* The waiter takes the bucket lock before its stack frame goes. */
	smp_store_release(&w->woken, true);
	wake_up(&w->wq);
}

/* Wakes n waiters, one if n is 0: as Linux, which counts after it has woken. Returns how many. */
static long wake_key(const struct futex_key *key, u32 n, u32 bitset)
{
	struct futex_bucket *b = bucket_of(key);
	struct futex_waiter *w, *next;
	long woken = 0;

	spin_lock(&b->lock);
	list_for_each_entry_safe (w, next, &b->waiters, node) {
		if (!key_equal(&w->key, key) || !(w->bitset & bitset))
			continue;
		wake_waiter(w);
		if (++woken >= (long)n)
			break;
	}
	spin_unlock(&b->lock);
	return woken;
}

long futex_wake(u32 __user *addr, bool private, unsigned int n)
{
	struct futex_key key;
	long ret = key_get(addr, private, &key);

	if (!ret)
		ret = wake_key(&key, n, FUTEX_BITSET_ALL);
	key_put(&key);
	return ret;
}

/* Two buckets, or one twice, in the order of their addresses. */
static void lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock_nested(a < b ? &b->lock : &a->lock, LOCK_futex_second);
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	if (a != b)
		spin_unlock(&a->lock);
	spin_unlock(&b->lock);
}

/*
 * Of the waiters for `from` that had come by `arrivals`, wakes `wake` and makes up to `move` others wait
 * for `to`. Returns how many both were. A moved waiter takes a reference to the new object with it, and
 * the old one's is given back here, when no lock is held.
 */
static long requeue(const struct futex_key *from, const struct futex_key *to, u64 arrivals,
		    u32 wake, u32 move)
{
	struct futex_bucket *a = bucket_of(from), *b = bucket_of(to);
	struct futex_waiter *w, *next;
	long done = 0, moved = 0;

	lock_two(a, b);
	list_for_each_entry_safe (w, next, &a->waiters, node) {
		if (!key_equal(&w->key, from) || w->arrival > arrivals)
			continue;
		if (done == (long)wake + (long)move)
			break;
		if (done++ < (long)wake) {
			wake_waiter(w);
			continue;
		}
		if (to->obj)
			memobj_get(to->obj);
		list_del(&w->node);
		w->key = *to;
		enqueue(b, w);
		moved++;
	}
	unlock_two(a, b);
	for (; from->obj && moved; moved--)
		memobj_put(from->obj);
	return done;
}

/*
 * FUTEX_REQUEUE and, with `expected`, FUTEX_CMP_REQUEUE. The word is read between two steps and under no
 * lock, for it may not be in memory. So the first step notes who has come by then, and only those are
 * moved: it is as if all had been done when the word was read.
 */
static long futex_requeue(u32 __user *addr, u32 __user *addr2, unsigned int op, u32 wake, u32 move,
			  const u32 *expected)
{
	struct futex_key from, to = {0};
	struct futex_bucket *b;
	u64 arrivals = 0;
	u32 value;
	long ret;

	if ((s32)wake < 0 || (s32)move < 0)
		return -EINVAL;
	ret = key_get(addr, op & FUTEX_PRIVATE, &from);
	if (!ret)
		ret = key_get(addr2, op & FUTEX_PRIVATE, &to);
	if (!ret) {
		b = bucket_of(&from);
		spin_lock(&b->lock);
		arrivals = b->arrivals;
		spin_unlock(&b->lock);
		if (expected)
			ret = get_user_u32(&value, addr);
		if (!ret && expected && value != *expected)
			ret = -EAGAIN;
	}
	if (!ret)
		ret = requeue(&from, &to, arrivals, wake, move);
	key_put(&from);
	key_put(&to);
	return ret;
}

/*
 * The word is changed before the waiters are looked at, and not under their lock: who comes in between sees
 * the new value, and stands behind all who came before.
 */
static long futex_wake_op(u32 __user *addr, u32 __user *addr2, unsigned int op, u32 wake, u32 wake2,
			  u32 what)
{
	struct futex_key key, key2 = {0};
	long ret = key_get(addr, op & FUTEX_PRIVATE, &key);
	bool both = false;

	if (!ret)
		ret = key_get(addr2, op & FUTEX_PRIVATE, &key2);
	if (!ret) {
		ret = futex_change_word(addr2, what);
		both = ret > 0;
	}
	if (ret >= 0)
		ret = wake_key(&key, wake, FUTEX_BITSET_ALL);
	if (both)
		ret += wake_key(&key2, wake2, FUTEX_BITSET_ALL);
	key_put(&key);
	key_put(&key2);
	return ret;
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

static long wait_for_word(u32 __user *addr, bool private, u32 val, u32 bitset, u64 deadline)
{
	struct futex_key key;
	long ret = key_get(addr, private, &key);

	if (!ret)
		ret = futex_wait(addr, &key, val, bitset, deadline);
	key_put(&key);
	return ret;
}

/* A FUTEX_WAIT with a timeout goes on after a signal: its deadline is not the caller's own number. */
static long wait_relative(struct restart *r)
{
	long ret = wait_for_word((u32 __user *)r->arg[0], r->arg[1] >> 32, (u32)r->arg[1],
				 FUTEX_BITSET_ALL, r->deadline);

	return ret == -EINTR ? -ERESTART_RESTARTBLOCK : ret;
}

static long wait_call(u32 __user *addr, unsigned int op, u32 val,
		      const struct timespec __user *timeout, u32 bitset)
{
	bool private = op & FUTEX_PRIVATE;
	bool absolute = (op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) == FUTEX_WAIT_BITSET;
	struct restart *r = &current->sig.restart;
	u64 deadline;
	long ret = read_deadline(timeout, absolute, op & FUTEX_CLOCK_REALTIME, &deadline);

	if (ret)
		return ret;
	if (!bitset)
		return -EINVAL;
	if (deadline && !absolute) {
		*r = (struct restart){
			.fn = wait_relative,
			.deadline = deadline,
			.arg = {(unsigned long)addr, (u64) private << 32 | val},
		};
		return wait_relative(r);
	}
	ret = wait_for_word(addr, private, val, bitset, deadline);
	return ret == -EINTR ? -ERESTARTSYS : ret;
}

static long wake_call(u32 __user *addr, unsigned int op, u32 val, u32 bitset)
{
	struct futex_key key;
	long ret;

	if (!bitset)
		return -EINVAL;
	ret = key_get(addr, op & FUTEX_PRIVATE, &key);
	if (!ret)
		ret = wake_key(&key, val, bitset);
	key_put(&key);
	return ret;
}

long do_futex(u32 __user *addr, unsigned int op, u32 val, u64 timeout, u32 __user *addr2, u32 val3)
{
	unsigned int cmd = op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME);
	const struct timespec __user *ts = (const struct timespec __user *)timeout;

	if (op & FUTEX_CLOCK_REALTIME && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return wait_call(addr, op, val, ts, FUTEX_BITSET_ALL);
	case FUTEX_WAIT_BITSET:
		return wait_call(addr, op, val, ts, val3);
	case FUTEX_WAKE:
		return wake_call(addr, op, val, FUTEX_BITSET_ALL);
	case FUTEX_WAKE_BITSET:
		return wake_call(addr, op, val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(addr, addr2, op, val, (u32)timeout, NULL);
	case FUTEX_WAKE_OP:
		return futex_wake_op(addr, addr2, op, val, (u32)timeout, val3);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(addr, addr2, op, val, (u32)timeout, &val3);
	default:
		return -ENOSYS;
	}
}
