/* The end of threads and processes, and wait4. */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/base/panic.h"
#include "kernel/ipc/handle.h"
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
	if (current->clear_child_tid && READ_ONCE(mm->mm_users) > 1) {
		/* For who joins this thread. It may have unmapped the word: then nobody does. */
		(void)put_user_u32(0, current->clear_child_tid);
		(void)futex_wake(current->clear_child_tid, false, 1);
	}
	leave_mm();
	mm_release(current);
}

/*
 * Orphans go to process 1, dead ones included. Its lock is the outer one: it is everybody's
 * ancestor.
 */
static void reparent_children(struct thread_group *g)
{
	struct thread_group *child, *next;
	bool zombies = false;

	if (list_empty(&g->children))
		return;
	spin_lock(&init_group->lock);
	spin_lock(&g->lock);
	list_for_each_entry_safe (child, next, &g->children, sibling) {
		WRITE_ONCE(child->parent, init_group);
		WRITE_ONCE(child->ppid, init_group->tgid);
		zombies |= child->zombie;
		list_del(&child->sibling);
		list_add_tail(&child->sibling, &init_group->children);
	}
	spin_unlock(&g->lock);
	if (zombies)
		wake_up_all(&init_group->child_exit);
	spin_unlock(&init_group->lock);
}

struct thread_group *lock_parent(struct thread_group *g)
{
	for (;;) {
		struct thread_group *parent = READ_ONCE(g->parent);

		spin_lock(&parent->lock);
		if (likely(g->parent == parent))
			return parent;
		spin_unlock(&parent->lock);
	}
}

/* Frees a dead process: its leader's last claim. Nobody can find it as a child any more. */
static void reap(struct thread_group *g)
{
	struct task_struct *leader = g->leader;

	task_table_remove(leader);
	task_put(leader);
}

/* The last thread is gone: tells the parent, or nobody if it does not want to know. */
static void notify_parent(struct thread_group *g)
{
	struct thread_group *parent;
	bool unwanted;

	rcu_read_lock();
	parent = lock_parent(g);
	unwanted = parent->ignored & BIT(SIGCHLD - 1);
	if (unwanted)
		list_del(&g->sibling);
	else
		WRITE_ONCE(g->zombie, true);
	wake_up_all(&parent->child_exit);
	spin_unlock(&parent->lock);
	rcu_read_unlock();
	if (unwanted)
		reap(g);
}

__noreturn void do_exit(int status)
{
	struct thread_group *g = current->group;
	bool last, leader;

	if (unlikely(g == init_group && g->nr_threads == 1))
		panic("init (process 1) ended with status %#x",
		      g->exiting ? g->exit_status : status);
	exit_mm();
	handles_exit(current);
	alloc_fail_exit();

	spin_lock(&g->lock);
	list_del_rcu(&current->thread_node);
	last = --g->nr_threads == 0;
	leader = g->leader == current;
	if (last && !g->exiting)
		g->exit_status = status;
	if (g->exec && g->nr_threads == 1)
		wake_up_all(&g->child_exit);
	spin_unlock(&g->lock);

	if (!leader) {
		task_table_remove(current);
		task_put(current);
	}
	if (last) {
		this_cpu_inc(process_counts.exits);
		reparent_children(g);
		if (g->parent) {
			notify_parent(g);
		} else {
			reap(g); /* a kernel thread */
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

/* --- wait4 --- */

struct wait_for {
	struct thread_group *parent;
	int pid; /* > 0: this child; otherwise any */
	struct thread_group *found;
	bool none; /* there is no such child at all */
};

/* Looks for a dead child, and takes it off the list of children. */
static bool find_zombie(void *arg)
{
	struct wait_for *w = arg;
	struct thread_group *child;

	w->found = NULL;
	w->none = true;
	spin_lock(&w->parent->lock);
	list_for_each_entry (child, &w->parent->children, sibling) {
		if (w->pid > 0 && child->tgid != w->pid)
			continue;
		w->none = false;
		if (!child->zombie)
			continue;
		list_del(&child->sibling);
		w->found = child;
		break;
	}
	spin_unlock(&w->parent->lock);
	return w->found || w->none;
}

long do_wait(int pid, int *status, unsigned int options)
{
	struct wait_for w = {.parent = current->group, .pid = pid};
	int ret = 0;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH; /* its negative is no process group's number */
	/* There is one process group, everybody's: 0 means it, another one has no members. */
	if (pid < -1)
		return pid == INT32_MIN ? -ESRCH : -ECHILD; /* it is no group's number */
	if (!find_zombie(&w) && !(options & WNOHANG))
		ret = wait_until(&w.parent->child_exit, find_zombie, &w, 0);
	if (w.found) {
		*status = w.found->exit_status;
		pid = w.found->tgid;
		reap(w.found);
		return pid;
	}
	if (w.none)
		return -ECHILD;
	return ret;
}
