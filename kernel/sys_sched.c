/*
 * System calls about priorities: sched(7), getpriority(2). There is one user, root, so everybody may change
 * everybody.
 */
#include "arch/page.h"
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscalls.h"

#define KEEP_POLICY         (-1)
#define SCHED_RESET_ON_FORK 0x40000000

#define FLAG_RESET_ON_FORK 0x01
#define FLAG_KEEP_POLICY   0x08
#define FLAG_KEEP_PARAMS   0x10
#define FLAG_UTIL_CLAMP    0x60
#define FLAG_ALL           0x7f

#define PRIO_PROCESS 0
#define PRIO_PGRP    1
#define PRIO_USER    2

/* struct sched_attr of sched_setattr(2). */
struct sched_attr {
	u32 size, policy;
	u64 flags;
	s32 nice;
	u32 priority;
	u64 runtime, deadline, period;
	u32 util_min, util_max;
};

#define ATTR_SIZE_FIRST 48U /* without the last two */

/* A policy is read, changed and set by one caller at a time. */
static struct spinlock change_lock = SPINLOCK_INIT(change);

/* Inside rcu_read_lock(). 0: the running one. */
static struct task_struct *task_of(int pid)
{
	return pid ? find_task(pid) : current;
}

static bool is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool is_policy(int policy)
{
	return is_realtime(policy) || policy == SCHED_OTHER || policy == SCHED_BATCH ||
	       policy == SCHED_IDLE;
}

/* Kernel threads are nobody's to change. */
static int set_policy(struct task_struct *t, const struct sched_policy *p)
{
	if (!READ_ONCE(t->group->parent))
		return -EPERM;
	sched_set_policy(t, p);
	return 0;
}

/* What `a` asks for, of a task that has *p now; policy KEEP_POLICY: the one that it has. 0 or -EINVAL. */
static int change(struct sched_policy *p, int policy, const struct sched_attr *a)
{
	bool keeps = policy == KEEP_POLICY;
	u32 priority = a->flags & FLAG_KEEP_PARAMS ? p->rt_prio : a->priority;

	if (keeps)
		policy = p->policy;
	if (!is_policy(policy) || (a->flags & ~(u64)FLAG_ALL) || priority > RT_PRIO_MAX ||
	    is_realtime(policy) != (priority != 0))
		return -EINVAL;
	if (!keeps)
		p->reset_on_fork = a->flags & FLAG_RESET_ON_FORK;
	if (a->flags & FLAG_KEEP_PARAMS)
		return 0;
	p->policy = (u8)policy;
	p->rt_prio = (u8)priority;
	if (!is_realtime(policy))
		p->nice = (s8)a->nice;
	return 0;
}

/* `keeps_nice`: a->nice is not meant. */
static long set_scheduler(int pid, int policy, struct sched_attr *a, bool keeps_nice)
{
	struct sched_policy p;
	struct task_struct *t;
	long ret = -ESRCH;

	rcu_read_lock();
	t = task_of(pid);
	if (t) {
		spin_lock(&change_lock);
		p = t->sched;
		if (keeps_nice)
			a->nice = p.nice;
		ret = change(&p, policy, a);
		if (!ret)
			ret = set_policy(t, &p);
		spin_unlock(&change_lock);
	}
	rcu_read_unlock();
	return ret;
}

/* By sched_setscheduler(2) and sched_setparam(2): a struct sched_param is one int. */
static long set_by_param(int pid, int policy, const u32 __user *param)
{
	struct sched_attr a = {0};

	if (!param || pid < 0)
		return -EINVAL;
	if (copy_from_user(&a.priority, param, sizeof(a.priority)))
		return -EFAULT;
	if (policy != KEEP_POLICY && (policy & SCHED_RESET_ON_FORK)) {
		policy &= ~SCHED_RESET_ON_FORK;
		a.flags = FLAG_RESET_ON_FORK;
	}
	return set_scheduler(pid, policy, &a, true);
}

SYSCALL(sched_setscheduler)
{
	UNUSED_ARGS(a3, a4, a5);
	if ((int)a1 < 0)
		return -EINVAL;
	return set_by_param((int)a0, (int)a1, (const u32 __user *)a2);
}

SYSCALL(sched_setparam)
{
	UNUSED_ARGS(a2, a3, a4, a5);
	return set_by_param((int)a0, KEEP_POLICY, (const u32 __user *)a1);
}

/* 0, -EINVAL, -ESRCH. */
static int get_policy(int pid, struct sched_policy *p)
{
	struct task_struct *t;

	if (pid < 0)
		return -EINVAL;
	rcu_read_lock();
	t = task_of(pid);
	if (t)
		*p = t->sched;
	rcu_read_unlock();
	return t ? 0 : -ESRCH;
}

SYSCALL(sched_getscheduler)
{
	struct sched_policy p;
	int ret = get_policy((int)a0, &p);

	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return ret ? ret : p.policy | (p.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

SYSCALL(sched_getparam)
{
	struct sched_policy p;
	int ret = a1 ? get_policy((int)a0, &p) : -EINVAL;

	UNUSED_ARGS(a2, a3, a4, a5);
	return ret ? ret : put_user_u32(p.rt_prio, (u32 __user *)a1) ? -EFAULT : 0;
}

static long priority_limit(int policy, long limit)
{
	if (is_realtime(policy))
		return limit;
	return is_policy(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

SYSCALL(sched_get_priority_max)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return priority_limit((int)a0, RT_PRIO_MAX);
}

SYSCALL(sched_get_priority_min)
{
	UNUSED_ARGS(a1, a2, a3, a4, a5);
	return priority_limit((int)a0, 1);
}

/* SCHED_FIFO has no slice, which is told as 0. */
SYSCALL(sched_rr_get_interval)
{
	struct sched_policy p;
	s64 interval[2] = {0};
	int ret = get_policy((int)a0, &p);

	UNUSED_ARGS(a2, a3, a4, a5);
	if (ret)
		return ret;
	if (p.policy != SCHED_FIFO)
		interval[1] = (s64)sched_slice_ns(&p);
	return copy_to_user((void __user *)a1, interval, sizeof(interval)) ? -EFAULT : 0;
}

/* --- by attributes --- */

/* What is longer than what we know must be zero there. 0, -EFAULT, -E2BIG. */
static int no_more_than_known(const u8 __user *user, u32 size)
{
	u8 rest[64];

	for (u32 at = sizeof(struct sched_attr); at < size; at += sizeof(rest)) {
		u32 n = MIN(size - at, (u32)sizeof(rest));

		if (copy_from_user(rest, user + at, n))
			return -EFAULT;
		for (u32 i = 0; i < n; i++)
			if (rest[i])
				return -E2BIG;
	}
	return 0;
}

static int attr_copy(struct sched_attr *a, struct sched_attr __user *user)
{
	u32 size;
	int ret;

	*a = (struct sched_attr){0};
	if (copy_from_user(&size, user_member(user, size), sizeof(size)))
		return -EFAULT;
	if (!size)
		size = ATTR_SIZE_FIRST;
	ret = size < ATTR_SIZE_FIRST || size > PAGE_SIZE
		      ? -E2BIG
		      : no_more_than_known((const u8 __user *)user, size);
	if (ret == -E2BIG)
		(void)put_user_u32(sizeof(*a), user_member(user, size));
	if (ret)
		return ret;
	if (copy_from_user(a, user, MIN(size, (u32)sizeof(*a))))
		return -EFAULT;
	if ((a->flags & FLAG_UTIL_CLAMP) && size < sizeof(*a))
		return -EINVAL;
	a->nice = MAX(MIN(a->nice, NICE_MAX), NICE_MIN);
	return 0;
}

SYSCALL(sched_setattr)
{
	struct sched_attr a;
	int ret;

	UNUSED_ARGS(a3, a4, a5);
	if (!a1 || (int)a0 < 0 || (u32)a2)
		return -EINVAL;
	ret = attr_copy(&a, (struct sched_attr __user *)a1);
	if (ret)
		return ret;
	if ((s32)a.policy < 0)
		return -EINVAL;
	if (a.flags & FLAG_UTIL_CLAMP)
		return -EOPNOTSUPP;
	return set_scheduler((int)a0, a.flags & FLAG_KEEP_POLICY ? KEEP_POLICY : (int)a.policy, &a,
			     false);
}

SYSCALL(sched_getattr)
{
	struct sched_attr a = {.size = MIN((u32)a2, (u32)sizeof(a))};
	struct sched_policy p;
	int ret;

	UNUSED_ARGS(a4, a5);
	if (!a1 || (u32)a2 > PAGE_SIZE || (u32)a2 < ATTR_SIZE_FIRST || (u32)a3)
		return -EINVAL;
	ret = get_policy((int)a0, &p);
	if (ret)
		return ret;
	a.policy = p.policy;
	a.flags = p.reset_on_fork ? FLAG_RESET_ON_FORK : 0;
	if (is_realtime(p.policy))
		a.priority = p.rt_prio;
	else
		a.nice = p.nice;
	return copy_to_user((void __user *)a1, &a, a.size) ? -EFAULT : 0;
}

/* --- nice --- */

/* fn for each thread that is meant by (which, who). -ESRCH: none. Inside rcu_read_lock(). */
static long for_threads(int which, int who, long (*fn)(struct task_struct *t, long so_far, int arg),
			int arg)
{
	int pgid = who ? who : READ_ONCE(current->group->sig.job.pgid);
	struct task_struct *p, *t;
	long ret = -ESRCH;
	unsigned int b;

	if (which == PRIO_PROCESS) {
		t = task_of(who);
		return t ? fn(t, ret, arg) : ret;
	}
	/* All are user 0's. */
	if (which == PRIO_USER && who)
		return ret;
	for_each_process (b, p) {
		if (!READ_ONCE(p->group->parent) ||
		    (which == PRIO_PGRP && READ_ONCE(p->group->sig.job.pgid) != pgid))
			continue;
		list_for_each_entry_rcu (t, &p->group->threads, thread_node)
			ret = fn(t, ret, arg);
	}
	return ret;
}

static long renice(struct task_struct *t, long so_far, int nice)
{
	struct sched_policy p;
	long ret;

	spin_lock(&change_lock);
	p = t->sched;
	p.nice = (s8)nice;
	ret = set_policy(t, &p);
	spin_unlock(&change_lock);
	return ret ? ret : so_far == -ESRCH ? 0 : so_far;
}

/* As the call returns it: the best of all, and never negative. */
static long best_nice(struct task_struct *t, long so_far, int unused)
{
	(void)unused;
	return MAX(so_far, NICE_MAX + 1 - (long)t->sched.nice);
}

SYSCALL(setpriority)
{
	int nice = MAX(MIN((int)a2, NICE_MAX), NICE_MIN);
	long ret;

	UNUSED_ARGS(a3, a4, a5);
	if ((int)a0 < PRIO_PROCESS || (int)a0 > PRIO_USER)
		return -EINVAL;
	rcu_read_lock();
	ret = for_threads((int)a0, (int)a1, renice, nice);
	rcu_read_unlock();
	return ret;
}

SYSCALL(getpriority)
{
	long ret;

	UNUSED_ARGS(a2, a3, a4, a5);
	if ((int)a0 < PRIO_PROCESS || (int)a0 > PRIO_USER)
		return -EINVAL;
	rcu_read_lock();
	ret = for_threads((int)a0, (int)a1, best_nice, 0);
	rcu_read_unlock();
	return ret;
}
