/* Resource limits: see rlimit.h. */
#include "kernel/rlimit.h"

#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/ipc/handle.h"
#include "kernel/process.h"
#include "kernel/signal.h"
#include "kernel/syscalls.h"
#include "mm/mm.h"
#include "mm/slab.h"

/* Of one process. Under the group lock; single numbers also read without. */
struct rlimits {
	struct rlimit at[NR_RLIMITS];
};

#define NONE                                                                                       \
	{                                                                                          \
		RLIM_INFINITY, RLIM_INFINITY                                                       \
	}

static const struct rlimits defaults = {{
	[RLIMIT_CPU] = NONE,
	[RLIMIT_FSIZE] = NONE,
	[RLIMIT_DATA] = NONE,
	[RLIMIT_STACK] = {STACK_MAX, RLIM_INFINITY},
	[4] = {0, RLIM_INFINITY}, /* CORE: nobody writes one */
	[5] = NONE,               /* RSS */
	[6] = NONE,               /* NPROC */
	[RLIMIT_NOFILE] = {HANDLES_MAX, HANDLES_MAX},
	[8] = NONE, /* MEMLOCK */
	[RLIMIT_AS] = NONE,
	[10] = NONE, /* LOCKS */
	[RLIMIT_SIGPENDING] = {SIGNAL_ENTRIES_MAX, SIGNAL_ENTRIES_MAX},
	[12] = {0, 0}, /* MSGQUEUE, NICE, RTPRIO */
	[13] = {0, 0},
	[14] = {0, 0},
	[15] = NONE, /* RTTIME */
}};

/* Partner: the store in own_limits(). */
static const struct rlimits *limits_of(const struct thread_group *g)
{
	const struct rlimits *mine = smp_load_acquire(&g->limits);

	return mine ? mine : &defaults;
}

u64 rlimit_of(const struct thread_group *g, unsigned int which)
{
	return READ_ONCE(limits_of(g)->at[which].soft);
}

unsigned long mm_limit(enum mm_limit which)
{
	static const unsigned int number[] = {
		[MM_LIMIT_DATA] = RLIMIT_DATA,
		[MM_LIMIT_STACK] = RLIMIT_STACK,
		[MM_LIMIT_SPACE] = RLIMIT_AS,
	};

	return rlimit_of(current->group, number[which]);
}

int rlimits_fork(struct thread_group *g)
{
	struct thread_group *from = current->group;

	if (likely(!READ_ONCE(from->limits)))
		return 0;
	g->limits = kmalloc(sizeof(*g->limits), 0);
	if (!g->limits)
		return -ENOMEM;
	spin_lock(&from->lock);
	*g->limits = *from->limits;
	spin_unlock(&from->lock);
	return 0;
}

void rlimits_free(struct thread_group *g)
{
	if (unlikely(g->limits))
		kfree(g->limits);
}

/* The group's own table, made when there is none. Process context, no lock. NULL: no memory. */
static struct rlimits *own_limits(struct thread_group *g)
{
	struct rlimits *mine = READ_ONCE(g->limits), *made;

	if (mine)
		return mine;
	made = kmalloc(sizeof(*made), 0);
	if (!made)
		return NULL;
	*made = defaults;
	spin_lock(&g->lock);
	mine = g->limits;
	if (!mine)
		/* Its contents first: who reads takes no lock (limits_of). */
		smp_store_release(&g->limits, made);
	spin_unlock(&g->lock);
	if (mine)
		kfree(made);
	return mine ? mine : made;
}

/* Everybody is root, and may raise the hard limit; but not above what there can be. */
static int check_limit(unsigned int which, const struct rlimit *new)
{
	if (new->soft > new->hard)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && new->hard > HANDLES_MAX)
		return -EPERM;
	if ((which == RLIMIT_FSIZE || which == RLIMIT_CPU) && new->soft != RLIM_INFINITY)
		return -EINVAL;
	return 0;
}

/* Makes mmap and its kin look at the limits: they take no notice of them otherwise. */
static void tell_mm(struct task_struct *t, unsigned int which)
{
	if (which != RLIMIT_AS && which != RLIMIT_DATA)
		return;
	task_lock(t);
	if (t->mm)
		WRITE_ONCE(t->mm->limited, true);
	task_unlock(t);
}

/* `new` and `old`: NULL, not wanted. t is referenced. */
static int do_prlimit(struct task_struct *t, unsigned int which, const struct rlimit *new,
		      struct rlimit *old)
{
	struct thread_group *g = t->group;
	struct rlimits *mine;
	int ret;

	if (which >= NR_RLIMITS)
		return -EINVAL;
	if (!new) {
		spin_lock(&g->lock);
		*old = limits_of(g)->at[which];
		spin_unlock(&g->lock);
		return 0;
	}
	ret = check_limit(which, new);
	if (ret)
		return ret;
	mine = own_limits(g);
	if (!mine)
		return -ENOMEM;
	spin_lock(&g->lock);
	if (old)
		*old = mine->at[which];
	mine->at[which] = *new;
	spin_unlock(&g->lock);
	tell_mm(t, which);
	return 0;
}

SYSCALL(getrlimit)
{
	struct rlimit old;
	int ret = do_prlimit(current, (unsigned int)a0, NULL, &old);

	UNUSED_ARGS(a2, a3, a4, a5);
	return ret ? ret : copy_to_user((void __user *)a1, &old, sizeof(old));
}

SYSCALL(setrlimit)
{
	struct rlimit new;

	UNUSED_ARGS(a2, a3, a4, a5);
	if (copy_from_user(&new, (const void __user *)a1, sizeof(new)))
		return -EFAULT;
	return RETRY_NOMEM(do_prlimit(current, (unsigned int)a0, &new, NULL));
}

SYSCALL(prlimit64)
{
	struct task_struct *t;
	struct rlimit new, old;
	int ret;

	UNUSED_ARGS(a4, a5);
	if (a2 && copy_from_user(&new, (const void __user *)a2, sizeof(new)))
		return -EFAULT;
	t = task_get((int)a0);
	if (!t)
		return -ESRCH;
	ret = do_prlimit(t, (unsigned int)a1, a2 ? &new : NULL, &old);
	task_put(t);
	if (ret)
		return RETRY_NOMEM(ret);
	return a3 && copy_to_user((void __user *)a3, &old, sizeof(old)) ? -EFAULT : 0;
}
