/*
 * Who there is, and what a thread is and does: see kernel/abi/procinfo.h.
 *
 * Everything is read inside rcu_read_lock(): a task that is found stays, with its group, until the end of
 * the section, however dead it is by then. What belongs together is read under its lock: the name under task_lock,
 * signals under sig.lock. No lock is taken in which a walk of mm/pgsync, a fork or an exit could wait for long, and
 * user memory is written when all of them are given back.
 */
#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/abi/procinfo.h"
#include "kernel/base/errno.h"
#include "kernel/base/string.h"
#include "kernel/procinfo/lowest.h"
#include "kernel/procinfo/right.h"
#include "kernel/syscalls.h"
#include "kernel/task.h"

_Static_assert(sizeof(((struct procinfo_task *)0)->comm) == COMM_LEN, "a name is a name");

/* --- lists of numbers --- */

static long copy_numbers(const struct lowest *l, int32_t __user *to)
{
	int32_t numbers[LOWEST_MAX];

	for (unsigned int i = 0; i < l->n; i++)
		numbers[i] = (int32_t)l->keys[i];
	return copy_to_user(to, numbers, l->n * sizeof(*to)) ? -EFAULT : (long)l->n;
}

SYSCALL(procinfo_pids)
{
	struct task_struct *p;
	struct lowest l;
	unsigned int b;

	UNUSED_ARGS(a4, a5);
	if (!procinfo_right_held(a0))
		return -EBADF;
	if ((int)a1 < 0 || !a3)
		return -EINVAL;
	lowest_init(&l, (u32)a1, a3);
	rcu_read_lock();
	for_each_process (b, p)
		lowest_add(&l, (u32)p->group->tgid, NULL);
	rcu_read_unlock();
	return copy_numbers(&l, (int32_t __user *)a2);
}

SYSCALL(procinfo_threads)
{
	struct task_struct *p, *t;
	struct lowest l;

	UNUSED_ARGS(a5);
	if (!procinfo_right_held(a0))
		return -EBADF;
	if ((int)a2 < 0 || !a4)
		return -EINVAL;
	lowest_init(&l, (u32)a2, a4);
	rcu_read_lock();
	p = find_task((int)a1);
	if (p)
		list_for_each_entry_rcu (t, &p->group->threads, thread_node)
			lowest_add(&l, (u32)READ_ONCE(t->pid), NULL);
	rcu_read_unlock();
	return p ? copy_numbers(&l, (int32_t __user *)a3) : -ESRCH;
}

/* --- one thread --- */

/* As ps shows it. A stop takes who sleeps until a signal comes: in a call, or standing still. */
static char state_letter(const struct task_struct *t)
{
	switch (READ_ONCE(t->state)) {
	case TASK_RUNNING:
		return 'R';
	case TASK_KILLABLE:
		return READ_ONCE(t->group->sig.job.stop) ? 'T' : 'S';
	case TASK_DEAD:
		return 'Z';
	default:
		return READ_ONCE(t->group->parent) ? 'D' : 'I';
	}
}

static u32 flags_of(const struct task_struct *t)
{
	const struct thread_group *g = t->group;

	return (READ_ONCE(g->parent) ? 0 : PROCINFO_KERNEL) |
	       (READ_ONCE(g->exiting) || !READ_ONCE(g->nr_threads) ? PROCINFO_EXITING : 0) |
	       (READ_ONCE(t->pid) == g->tgid ? PROCINFO_LEADER : 0);
}

static void read_signals(struct procinfo_task *info, struct task_struct *t)
{
	struct group_signals *s = &t->group->sig;
	unsigned long flags = sig_lock(s);

	info->pending = t->sig.queue.set;
	info->process_pending = s->queue.set;
	info->blocked = t->sig.blocked;
	info->ignored = s->ignored;
	info->caught = s->handled;
	sig_unlock(s, flags);
}

static struct procinfo_times times_of(struct usage usage)
{
	return (struct procinfo_times){
		.user = usage_mode_ns(&usage, USAGE_USER),
		.system = usage_mode_ns(&usage, USAGE_SYSTEM),
		.faults = usage.faults,
	};
}

static void read_times(struct procinfo_task *info, struct task_struct *t)
{
	struct thread_group *g = t->group;
	struct usage process, children;

	/* First: its process has used no less. */
	info->thread = times_of(usage_of_thread(t));
	spin_lock(&g->lock);
	process = usage_of_group_locked(g);
	children = g->usage.children;
	spin_unlock(&g->lock);
	info->process = times_of(process);
	info->children = times_of(children);
}

static void read_task(struct procinfo_task *info, struct task_struct *t)
{
	const struct thread_group *g = t->group;

	*info = (struct procinfo_task){
		.tid = READ_ONCE(t->pid),
		.pid = g->tgid,
		.ppid = READ_ONCE(g->ppid),
		.pgid = READ_ONCE(g->sig.job.pgid),
		.sid = READ_ONCE(g->sig.job.sid),
		.threads = READ_ONCE(g->nr_threads),
		.flags = flags_of(t),
		.cpu = READ_ONCE(t->cpu),
		.state = state_letter(t),
		.start = tsc_to_ns(t->start_tsc - boot_entry_tsc),
	};
	if (info->flags & PROCINFO_EXITING)
		info->exit_status = READ_ONCE(g->exit_status);
	task_lock(t);
	memcpy(info->comm, t->comm, COMM_LEN);
	task_unlock(t);
	read_signals(info, t);
	read_times(info, t);
}

SYSCALL(procinfo_task)
{
	struct procinfo_task info;
	struct task_struct *t;

	UNUSED_ARGS(a3, a4, a5);
	if (!procinfo_right_held(a0))
		return -EBADF;
	rcu_read_lock();
	t = find_task((int)a1);
	if (t)
		read_task(&info, t);
	rcu_read_unlock();
	return t ? copy_to_user((void __user *)a2, &info, sizeof(info)) : -ESRCH;
}
