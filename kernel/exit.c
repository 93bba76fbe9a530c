/* The end of threads and processes. */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/file/fs.h"
#include "kernel/ipc/handle.h"
#include "kernel/ipc/inherit.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/task_mm.h"
#include "mm/mm.h"

struct thread_group *init_group;

/* Makes thread t of a dying group notice. */
static void order_death(struct task_struct *t)
{
	(void)atomic_fetch_or(&t->work, WORK_FATAL);
	sched_kick_task(t);
}

bool group_kill_others(struct thread_group *g, int status, struct task_struct *exec)
{
	struct task_struct *t;
	bool first;

	spin_lock(&g->lock);
	first = !g->exiting;
	if (first) {
		g->exiting = true;
		g->exec = exec;
		g->exit_status = status;
		list_for_each_entry (t, &g->threads, thread_node)
			if (t != current)
				order_death(t);
	}
	spin_unlock(&g->lock);
	return first;
}

void mm_release(struct task_struct *t)
{
	if (!t->vfork || t->vfork_done)
		return;
	smp_store_release(&t->vfork_done, true);
	wake_up_all(&t->vfork_wait);
}

static void exit_mm(void)
{
	struct mm_struct *mm = current->mm;

	if (!mm)
		return;
	if (unlikely(current->robust_list))
		robust_list_exit();
	if (current->clear_child_tid && READ_ONCE(mm->mm_users) > 1) {
		/* For who joins this thread. It may have unmapped the word: then nobody does. */
		(void)put_user_u32(0, current->clear_child_tid);
		(void)futex_wake(current->clear_child_tid, false, 1);
	}
	leave_mm();
	mm_release(current);
}

/* The thread whose child it is ends, and the child has asked for a signal then. Parent's lock held. */
static noinline void tell_of_death(struct thread_group *child)
{
	struct siginfo info = {
		.signo = child->death_signal,
		.code = SI_USER,
		.field = {(u32)current->group->tgid},
	};

	(void)signal_send(child, NULL, &info);
}

/* The children of the running thread, which leaves the group, are another thread's from now on. Group lock held. */
static noinline void give_children_away(struct thread_group *g)
{
	int to = list_first_entry(&g->threads, struct task_struct, thread_node)->pid;
	struct thread_group *child;

	list_for_each_entry (child, &g->children, sibling) {
		if (child->creator != current->pid)
			continue;
		child->creator = to;
		if (child->death_signal)
			tell_of_death(child);
	}
}

/* Parent's lock held. */
static noinline void tell_of_end(struct thread_group *parent, const struct thread_group *g)
{
	struct siginfo info = child_end_info(g);

	info.signo = g->exit_signal;
	if (info.signo)
		signal_send_child(parent, &info);
}

/*
 * Tells `parent`, which has it among its children, that the last thread of g is gone. False: it does not want to
 * know; then g is on no list any more, and to be reaped. Parent's lock held.
 */
static __always_inline bool leave_to_parent(struct thread_group *parent, struct thread_group *g)
{
	bool usual = g->exit_signal == SIGCHLD;
	bool unwanted = usual && ((READ_ONCE(parent->sig.ignored) & SIG_BIT(SIGCHLD)) ||
				  (READ_ONCE(parent->sig.chld_flags) & SA_NOCLDWAIT));

	if (unwanted)
		list_del(&g->sibling);
	else
		WRITE_ONCE(g->zombie, true);
	wake_up_all(&parent->child_exit);
	if (unlikely(!usual || signal_wants_child(parent)))
		tell_of_end(parent, g);
	return !unwanted;
}

/*
 * Orphans go to process 1. That one may sleep until a signal says that there is somebody to reap, so it is told of
 * the dead as if they had died now. Its lock is the outer one: it is everybody's ancestor.
 */
static void reparent_children(struct thread_group *g)
{
	struct thread_group *child, *next;
	LIST_HEAD(unwanted);

	if (list_empty(&g->children))
		return;
	spin_lock(&init_group->lock);
	spin_lock_nested(&g->lock, LOCK_group_child);
	list_for_each_entry_safe (child, next, &g->children, sibling) {
		WRITE_ONCE(child->parent, init_group);
		WRITE_ONCE(child->ppid, init_group->tgid);
		child->creator = init_group->tgid;
		/* Whatever it was told to say, process 1 is told the usual thing. */
		child->exit_signal = SIGCHLD;
		if (unlikely(child->death_signal))
			tell_of_death(child);
		list_del(&child->sibling);
		list_add_tail(&child->sibling, &init_group->children);
		if (child->zombie && !leave_to_parent(init_group, child))
			list_add(&child->sibling, &unwanted);
	}
	spin_unlock(&g->lock);
	spin_unlock(&init_group->lock);
	list_for_each_entry_safe (child, next, &unwanted, sibling)
		process_reap(child);
}

struct thread_group *group_lock_parent(struct thread_group *g)
{
	for (;;) {
		struct thread_group *parent = READ_ONCE(g->parent);

		spin_lock(&parent->lock);
		if (likely(g->parent == parent))
			return parent;
		spin_unlock(&parent->lock);
	}
}

void process_reap(struct thread_group *g)
{
	struct task_struct *leader = g->leader;

	task_table_remove(leader);
	task_put(leader);
}

/* The last thread is gone: tells the parent, or nobody if it does not want to know. */
static void notify_parent(struct thread_group *g)
{
	struct thread_group *parent;
	bool wanted;

	rcu_read_lock();
	parent = group_lock_parent(g);
	wanted = leave_to_parent(parent, g);
	spin_unlock(&parent->lock);
	rcu_read_unlock();
	if (!wanted)
		process_reap(g);
}

__noreturn void do_exit(int status)
{
	struct thread_group *g = current->group;
	bool last, leader, stopped;
	u64 peak = usage_peak(current->mm);

	if (unlikely(g == init_group && g->nr_threads == 1))
		panic("init (process 1) ended with status %#x",
		      g->exiting ? g->exit_status : status);
	exit_mm();
	handles_exit(current);
	fs_exit(current);
	inherit_exit();
	alloc_fail_exit();
	signals_exit_thread();

	spin_lock(&g->lock);
	usage_exit(peak);
	list_del_rcu(&current->thread_node);
	last = --g->nr_threads == 0;
	leader = g->leader == current;
	if (last && !g->exiting)
		g->exit_status = status;
	if (!last && unlikely(!list_empty(&g->children)))
		give_children_away(g);
	if (g->exec && g->nr_threads == 1)
		wake_up_all(&g->child_exit);
	stopped = job_all_stopped(g);
	spin_unlock(&g->lock);

	if (stopped)
		job_tell_parent(g, JOB_STOPPED);

	if (!leader) {
		task_table_remove(current);
		task_put(current);
	}
	if (last) {
		this_cpu_inc(process_counts.exits);
		itimer_stop(g);
		job_exit(g);
		reparent_children(g);
		if (g->parent) {
			notify_parent(g);
		} else {
			process_reap(g); /* a kernel thread */
		}
	}
	sched_exit();
}

__noreturn void do_group_exit(int status)
{
	struct thread_group *g = current->group;

	if (!group_kill_others(g, status, NULL))
		status = g->exit_status;
	do_exit(status);
}

/* A kernel thread's function has returned (entry.asm). */
__noreturn void kthread_exit(int status);

__noreturn void kthread_exit(int status)
{
	do_exit(status << 8);
}
