/* poll(2), select(2) and their kin: see poll.h. */
#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/string.h"
#include "kernel/file/poll.h"
#include "kernel/futex.h"
#include "kernel/ipc/handle.h"
#include "kernel/signal.h"
#include "kernel/syscalls.h"
#include "mm/slab.h"

#define ENTRIES_SMALL 4

struct pollfd {
	s32 fd;
	s16 events, revents;
};

/* --- entries: a few on the stack --- */

struct entries {
	unsigned int n;
	struct poll_entry *array;
	struct poll_entry small[ENTRIES_SMALL];
};

/* Of no files yet. 0, -EINVAL: more than a process can have, -ENOMEM. */
static int entries_make(struct entries *e, u64 n)
{
	e->n = 0;
	e->array = e->small;
	if (n > HANDLES_MAX)
		return -EINVAL;
	if (n > ENTRIES_SMALL)
		e->array = kmalloc(n * sizeof(*e->array), GFP_KERNEL);
	return e->array ? 0 : -ENOMEM;
}

static void entries_add(struct entries *e, int fd, u32 events)
{
	e->array[e->n++] = (struct poll_entry){
		.skip = fd < 0,
		.object = fd < 0 ? NULL : handle_get((u32)fd),
		.events = events,
	};
}

static void entries_free(struct entries *e)
{
	for (unsigned int i = 0; i < e->n; i++)
		if (e->array[i].object)
			object_put(e->array[i].object);
	if (e->array != e->small)
		kfree(e->array);
}

/* --- time --- */

static u64 deadline_after(u64 ns)
{
	u64 now = time_ns();

	if (!ns)
		return POLL_NOW;
	return ns > (u64)INT64_MAX - now ? 0 : now + ns;
}

static u64 time_left(u64 deadline)
{
	u64 now = time_ns();

	return deadline > now ? deadline - now : 0;
}

/* --- poll --- */

static long copy_results(const struct entries *e, u64 user)
{
	for (unsigned int i = 0; i < e->n; i++) {
		const s16 revents = (s16)e->array[i].revents;
		struct pollfd __user *at = (struct pollfd __user *)(user + i * sizeof(*at));

		if (copy_to_user(user_member(at, revents), &revents, sizeof(revents)))
			return -EFAULT;
	}
	return 0;
}

/* The ready ones, 0, or -errno; -EINTR. */
static long poll_files(u64 user, u64 n, u64 deadline)
{
	struct entries e;
	long ret = entries_make(&e, n);

	for (u64 i = 0; !ret && i < n; i++) {
		struct pollfd fd;

		if (copy_from_user(&fd, (const void __user *)(user + i * sizeof(fd)), sizeof(fd)))
			ret = -EFAULT;
		else
			entries_add(&e, fd.fd, (u16)fd.events);
	}
	if (!ret)
		ret = poll_wait(e.array, e.n, deadline);
	if (ret >= 0 && copy_results(&e, user))
		ret = -EFAULT;
	entries_free(&e);
	return ret;
}

static long poll_again(struct restart *r);

static long poll_restartable(u64 user, u64 n, u64 deadline)
{
	long ret = poll_files(user, n, deadline);

	if (ret != -EINTR)
		return ret;
	current->sig.restart =
		(struct restart){.fn = poll_again, .deadline = deadline, .arg = {user, n}};
	return -ERESTART_RESTARTBLOCK;
}

static long poll_again(struct restart *r)
{
	return poll_restartable(r->arg[0], r->arg[1], r->deadline);
}

SYSCALL(poll)
{
	s32 ms = (s32)a2;

	UNUSED_ARGS(a3, a4, a5);
	return poll_restartable(a0, (u32)a1, ms < 0 ? 0 : deadline_after((u64)ms * 1000000));
}

/* --- a signal mask for the time of the wait --- */

/* 0, -EINVAL, -EFAULT. */
static int mask_begin(u64 user, u64 size)
{
	u64 set;

	if (!user)
		return 0;
	if (size != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, (const void __user *)user, sizeof(set)))
		return -EFAULT;
	signal_mask_for_wait(set);
	return 0;
}

/* A handler that runs next does so under the new mask; signal_deliver() restores the old one then. */
static long mask_end(u64 user, long ret)
{
	if (user && ret != -EINTR)
		signal_mask_restore();
	return ret == -EINTR ? -ERESTARTNOHAND : ret;
}

SYSCALL(ppoll)
{
	struct timespec ts;
	u64 deadline = 0;
	int ret;

	UNUSED_ARGS(a5);
	if (a2) {
		if (copy_from_user(&ts, (const void __user *)a2, sizeof(ts)))
			return -EFAULT;
		if (!timespec_ok(&ts))
			return -EINVAL;
		deadline = deadline_after(timespec_to_ns(&ts));
	}
	ret = mask_begin(a3, a4);
	return ret ? ret : mask_end(a3, poll_files(a0, (u32)a1, deadline));
}

/* --- select: three sets of bits, of which each file has an entry if it is in any --- */

#define SETS      3
#define SET_WORDS (HANDLES_MAX / 64)

struct sets {
	unsigned int n; /* bits that count */
	u64 user[SETS]; /* fd_set *, or NULL */
	u64 bits[SETS][SET_WORDS];
};

static const u32 set_events[SETS] = {POLLIN | POLLRDNORM | POLLRDBAND,
				     POLLOUT | POLLWRNORM | POLLWRBAND, POLLPRI};
/* What makes a file's bit stay: an error makes it readable and writable. */
static const u32 set_results[SETS] = {POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
				      POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR, POLLPRI};

static size_t set_bytes(const struct sets *s)
{
	return (s->n + 63) / 64 * sizeof(u64);
}

static int sets_copy(struct sets *s, u64 n, const u64 user[SETS])
{
	if ((s32)n < 0)
		return -EINVAL;
	/* No process has more. */
	s->n = (unsigned int)MIN(n, (u64)HANDLES_MAX);
	for (unsigned int i = 0; i < SETS; i++) {
		s->user[i] = user[i];
		memset(s->bits[i], 0, sizeof(s->bits[i]));
		if (user[i] &&
		    copy_from_user(s->bits[i], (const void __user *)user[i], set_bytes(s)))
			return -EFAULT;
	}
	return 0;
}

static u32 sets_events(const struct sets *s, unsigned int fd)
{
	u32 events = 0;

	for (unsigned int i = 0; i < SETS; i++)
		if (s->bits[i][fd / 64] >> fd % 64 & 1)
			events |= set_events[i];
	return events;
}

/* What the file's entry says, in its bits. How many of them stay. */
static unsigned int sets_result(struct sets *s, unsigned int fd, u32 revents)
{
	unsigned int stay = 0;

	for (unsigned int i = 0; i < SETS; i++) {
		u64 bit = 1ul << fd % 64, *word = &s->bits[i][fd / 64];

		if (!(*word & bit))
			continue;
		if (revents & set_results[i])
			stay++;
		else
			*word &= ~bit;
	}
	return stay;
}

/* The entries of all files, in the order of their numbers. 0; -EBADF: one is none, -ENOMEM. */
static long sets_entries(const struct sets *s, struct entries *e)
{
	unsigned int files = 0;
	int ret;

	for (unsigned int fd = 0; fd < s->n; fd++)
		files += sets_events(s, fd) != 0;
	ret = entries_make(e, files);
	for (unsigned int fd = 0; !ret && fd < s->n; fd++) {
		u32 events = sets_events(s, fd);

		if (!events)
			continue;
		entries_add(e, (int)fd, events);
		if (!e->array[e->n - 1].object)
			ret = -EBADF;
	}
	return ret;
}

static long sets_to_user(const struct sets *s)
{
	for (unsigned int i = 0; i < SETS; i++)
		if (s->user[i] && copy_to_user((void __user *)s->user[i], s->bits[i], set_bytes(s)))
			return -EFAULT;
	return 0;
}

static long select_sets(struct sets *s, u64 deadline)
{
	struct entries e;
	long ret = sets_entries(s, &e), ready = 0;
	unsigned int next = 0;

	if (!ret)
		ret = poll_wait(e.array, e.n, deadline);
	for (unsigned int fd = 0; ret >= 0 && fd < s->n; fd++)
		if (sets_events(s, fd))
			ready += sets_result(s, fd, e.array[next++].revents);
	entries_free(&e);
	if (ret < 0)
		return ret;
	return sets_to_user(s) ?: ready;
}

static long select_files(u64 n, const u64 user[SETS], u64 deadline)
{
	struct sets s;
	int ret = sets_copy(&s, n, user);

	return ret ? ret : select_sets(&s, deadline);
}

/* What is left of the time goes back to the caller, as Linux has it; it may be in memory that cannot be written. */
static void tell_left(u64 user, u64 deadline, u64 unit)
{
	u64 left = deadline == POLL_NOW ? 0 : time_left(deadline);
	s64 time[2] = {(s64)(left / NSEC_PER_SEC), (s64)(left % NSEC_PER_SEC / unit)};

	if (user && deadline)
		(void)copy_to_user((void __user *)user, time, sizeof(time));
}

/* struct timeval or timespec at `user`: a unit has so many ns. 0, or -errno. */
static int read_deadline(u64 user, u64 unit, u64 *deadline)
{
	struct timespec ts;

	*deadline = 0;
	if (!user)
		return 0;
	if (copy_from_user(&ts, (const void __user *)user, sizeof(ts)))
		return -EFAULT;
	/* Of microseconds there may be more than a second has, as in Linux. */
	if (unit > 1 && ts.tv_sec >= 0 && ts.tv_nsec >= 0) {
		s64 more = ts.tv_nsec / (s64)(NSEC_PER_SEC / unit);

		ts.tv_sec = ts.tv_sec > INT64_MAX - more ? INT64_MAX : ts.tv_sec + more;
		ts.tv_nsec = ts.tv_nsec % (s64)(NSEC_PER_SEC / unit) * (s64)unit;
	}
	if (!timespec_ok(&ts))
		return -EINVAL;
	*deadline = deadline_after(timespec_to_ns(&ts));
	return 0;
}

SYSCALL(select)
{
	u64 deadline;
	long ret;

	UNUSED_ARGS(a5);
	ret = read_deadline(a4, 1000, &deadline);
	if (ret)
		return ret;
	ret = select_files(a0, (u64[]){a1, a2, a3}, deadline);
	tell_left(a4, deadline, 1000);
	return ret == -EINTR ? -ERESTARTNOHAND : ret;
}

SYSCALL(pselect6)
{
	u64 mask[2] = {0}, deadline; /* a set's address and size */
	long ret;

	if (a5 && copy_from_user(mask, (const void __user *)a5, sizeof(mask)))
		return -EFAULT;
	ret = read_deadline(a4, 1, &deadline);
	if (!ret)
		ret = mask_begin(mask[0], mask[1]);
	if (ret)
		return ret;
	ret = select_files(a0, (u64[]){a1, a2, a3}, deadline);
	tell_left(a4, deadline, 1);
	return mask_end(mask[0], ret);
}
