/*
 * fork, vfork, clone.
 *
 * The order at the end is the protocol's: publish_task() in task_mm.c, THEN the child may run.
 * Nothing can fail after it is visible (I8).
 */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/racepoint.h"
#include "kernel/base/string.h"
#include "kernel/file/fs.h"
#include "kernel/ipc/handle.h"
#include "kernel/process.h"
#include "kernel/rlimit.h"
#include "kernel/sched.h"
#include "kernel/task_mm.h"
#include "mm/mm.h"

DEFINE_PER_CPU(struct process_counts, process_counts);

#define CLONE_KNOWN                                                                                \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK | CLONE_PARENT |          \
	 CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |                       \
	 CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_CHILD_SETTID | CLONE_CLEAR_SIGHAND)

static int check_flags(unsigned long flags)
{
	if (flags & ~CLONE_KNOWN)
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	/* Process 1 has no siblings. */
	if ((flags & CLONE_PARENT) && current->group == init_group)
		return -EINVAL;
	return 0;
}

static struct task_struct *copy_task(const struct clone_args *args)
{
	struct task_struct *t = task_alloc();

	if (!t)
		return NULL;
	t->pid = pid_alloc();
	/* In place: a few words each. */
	__builtin_memcpy(t->comm, current->comm, sizeof(t->comm));
	__builtin_memcpy(t->affinity, current->affinity, sizeof(t->affinity));
	t->sched = current->sched;
	if (unlikely(t->sched.reset_on_fork))
		sched_reset_policy(&t->sched);
	/* Its own: what its parent inherits is for the parent's clients. */
	t->prio = (s8)t->sched.rt_prio;
	if (args->flags & CLONE_CHILD_CLEARTID)
		t->clear_child_tid = args->child_tid;
	return t;
}

/* The new task's address space: shared, or a copy, which has not had its late copy yet. */
static int copy_mm(struct task_struct *t, unsigned long flags, bool *new_mm)
{
	*new_mm = !(flags & CLONE_VM);
	if (!*new_mm) {
		mmget(current->mm);
		t->mm = t->active_mm = current->mm;
		return 0;
	}
	t->mm = t->active_mm = mm_fork(current->mm);
	return t->mm ? 0 : -ENOMEM;
}

static int copy_group(struct task_struct *t, const struct clone_args *args)
{
	if (args->flags & CLONE_THREAD) {
		t->group = current->group;
		atomic_inc(&t->group->refs);
		return 0;
	}
	t->group = group_alloc(t->pid);
	if (!t->group)
		return -ENOMEM;
	t->group->leader = t;
	/* A sibling tells of its end as this process does. */
	t->group->exit_signal =
		args->flags & CLONE_PARENT ? current->group->exit_signal : args->exit_signal;
	t->group->nr_groups = READ_ONCE(current->group->nr_groups);
	return rlimits_fork(t->group);
}

/* `parent` is locked. */
static void link_child(struct task_struct *t, struct thread_group *parent, int creator)
{
	t->group->parent = parent;
	t->group->creator = creator;
	t->group->ppid = parent->tgid;
	list_add_tail(&t->thread_node, &t->group->threads);
	list_add_tail(&t->group->sibling, &parent->children);
}

/* Joins the group, or becomes a child. -EAGAIN: the group is dying, nobody joins it any more. */
static int link_group(struct task_struct *t, unsigned long flags)
{
	struct thread_group *g = current->group;
	int ret = 0;

	spin_lock(&g->lock);
	if (g->exiting) {
		ret = -EAGAIN;
	} else if (flags & CLONE_THREAD) {
		g->nr_threads++;
		list_add_tail(&t->thread_node, &g->threads);
		/* A stop that is under way is for all. */
		if (READ_ONCE(g->sig.job.stop))
			t->work |= WORK_SIGNAL;
	} else {
		link_child(t, g, current->pid);
	}
	spin_unlock(&g->lock);
	return ret;
}

/*
 * CLONE_PARENT: becomes a child of the parent. -EAGAIN as above. A parent that is dying has not given
 * its children away as long as we are one of them, under its lock; so it will give this one away too.
 */
static int link_sibling(struct task_struct *t)
{
	struct thread_group *g = current->group, *parent;
	int ret = 0;

	rcu_read_lock();
	parent = group_lock_parent(g);
	spin_lock_nested(&g->lock, LOCK_group_child);
	if (g->exiting)
		ret = -EAGAIN;
	else
		link_child(t, parent, g->creator);
	spin_unlock(&g->lock);
	spin_unlock(&parent->lock);
	rcu_read_unlock();
	return ret;
}

/* As Linux: an address that is not there is the program's loss. */
static void set_tids(struct task_struct *t, const struct clone_args *args)
{
	if (args->flags & CLONE_PARENT_SETTID)
		(void)put_user_u32((u32)t->pid, args->parent_tid);
	if (args->flags & CLONE_CHILD_SETTID) {
		/* Into the child's memory, so by the child, when it first runs. */
		t->set_child_tid = args->child_tid;
		t->work |= WORK_TID;
	}
}

static bool vfork_is_done(void *arg)
{
	return smp_load_acquire(&((struct task_struct *)arg)->vfork_done);
}

/*
 * The parent sleeps until the child has left the address space. The child's reference was taken
 * before it ran.
 */
static void wait_for_vfork(struct task_struct *t)
{
	/* A dying parent goes on too: the child keeps what it uses alive. */
	(void)wait_until(&t->vfork_wait, vfork_is_done, t, 0);
	task_put(t);
}

/* Takes apart a task that nobody has seen. */
static void abandon(struct task_struct *t)
{
	if (t->mm)
		mmput(t->mm);
	handles_exit(t);
	fs_exit(t);
	if (t->group && !MUTANT(fork_leaks_group))
		group_put(t->group);
	task_free(t);
}

long do_clone(const struct clone_args *args)
{
	bool vfork = args->flags & CLONE_VFORK, new_mm;
	struct task_struct *t;
	int ret = check_flags(args->flags);
	int pid;

	if (ret)
		return ret;
	/* Dead tasks wait for a grace period: who makes new ones helps it on. */
	if (unlikely(rcu_need_poll()))
		rcu_poll();
	t = copy_task(args);
	if (!t)
		return -ENOMEM;
	ret = copy_group(t, args);
	if (MUTANT(fork_publishes_first) && !ret)
		task_table_insert(t);
	if (!ret) {
		signals_fork(t, args->flags & CLONE_THREAD, args->flags & CLONE_VM);
		if (unlikely(args->flags & CLONE_CLEAR_SIGHAND))
			signals_clear_handlers(&t->group->sig);
		ret = copy_mm(t, args->flags, &new_mm);
	}
	if (!ret)
		ret = handles_fork(t, args->flags & CLONE_FILES);
	if (!ret)
		ret = fs_fork(t, args->flags & CLONE_FS);
	if (!ret)
		set_tids(t, args);
	RACE_POINT(fork_checked);
	if (MUTANT(fork_publishes_first) && t->group)
		task_table_remove(t);
	if (ret) {
		abandon(t);
		return ret;
	}
	thread_init_fork(&t->thread, t->thread.stack_top, args->stack, args->flags & CLONE_SETTLS,
			 args->tls);
	if (vfork) {
		wait_queue_init(&t->vfork_wait);
		t->vfork = true;
		atomic_inc(&t->refs);
	}
	pid = t->pid;
	ret = args->flags & CLONE_PARENT && !(args->flags & CLONE_THREAD)
		      ? link_sibling(t)
		      : link_group(t, args->flags);
	if (ret) {
		abandon(t);
		return ret;
	}
	publish_task(t, new_mm);
	this_cpu_inc(process_counts.forks);
	sched_start_task(t);
	if (vfork)
		wait_for_vfork(t);
	return pid;
}
