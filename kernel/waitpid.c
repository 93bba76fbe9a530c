/* Waiting for children: wait4, waitid. */
#include "arch/uaccess.h"
#include "kernel/base/errno.h"
#include "kernel/process.h"
#include "kernel/rusage.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "kernel/syscalls.h"

#define P_ALL  0
#define P_PID  1
#define P_PGID 2

/* What a child has used, those that it has waited for included. */
struct child_usage {
	struct usage sum;
	u64 peak;
};

struct wait_for {
	struct thread_group *parent;
	int kind, id;
	int creator;         /* the thread whose children are meant; 0: any of the process */
	bool clones, all;    /* children of another kind, or of each */
	unsigned int events; /* of WEXITED, WSTOPPED, WCONTINUED; WNOWAIT */
	/* What was found; pid 0: nothing. */
	int pid, status;           /* the status as wait4 reports it */
	struct child_usage *usage; /* where to note it; NULL: nobody wants it */
	struct thread_group *dead; /* to be reaped */
	bool none;                 /* there is no such child at all */
};

static bool is_meant(const struct wait_for *w, const struct thread_group *child)
{
	/* One that says something else than SIGCHLD at its end, or nothing, is a "clone". */
	if (unlikely((child->exit_signal != SIGCHLD) != w->clones && !w->all))
		return false;
	if (unlikely(w->creator && child->creator != w->creator))
		return false;
	switch (w->kind) {
	case P_PID:
		return child->tgid == w->id;
	case P_PGID:
		return READ_ONCE(child->sig.job.pgid) == w->id;
	default:
		return true;
	}
}

/* Parent's lock held. */
static void note_usage(struct child_usage *note, struct thread_group *child)
{
	struct group_usage *u = &child->usage;

	spin_lock_nested(&child->lock, LOCK_group_child);
	note->sum = usage_of_group_locked(child);
	usage_add(&note->sum, &u->children);
	note->peak = MAX(u->peak, u->children_peak);
	spin_unlock(&child->lock);
}

/* Which children, by WALL, WCLONE, WNOTHREAD. */
static void note_kind(struct wait_for *w, unsigned int options)
{
	w->clones = options & WCLONE;
	w->all = options & WALL;
	w->creator = options & WNOTHREAD ? current->pid : 0;
}

/* What there is to say of the child, taken off so that it is said once. Parent's lock held. */
static bool take_event(struct wait_for *w, struct thread_group *child)
{
	struct job *job = &child->sig.job;

	if (child->zombie) {
		if (!(w->events & WEXITED))
			return false;
		w->status = child->exit_status;
		if (!(w->events & WNOWAIT)) {
			list_del(&child->sibling);
			usage_reap(w->parent, child);
			w->dead = child;
		}
		return true;
	}
	if (job->report == JOB_STOPPED && (w->events & WSTOPPED))
		w->status = (int)job->report_signal << 8 | 0x7f;
	else if (job->report == JOB_CONTINUED && (w->events & WCONTINUED))
		w->status = 0xffff;
	else
		return false;
	if (!(w->events & WNOWAIT))
		job->report = JOB_NONE;
	return true;
}

static bool find_event(void *arg)
{
	struct wait_for *w = arg;
	struct thread_group *child;

	w->none = true;
	spin_lock(&w->parent->lock);
	list_for_each_entry (child, &w->parent->children, sibling) {
		if (!is_meant(w, child))
			continue;
		w->none = false;
		if (!take_event(w, child))
			continue;
		w->pid = child->tgid;
		if (unlikely(w->usage))
			note_usage(w->usage, child);
		break;
	}
	spin_unlock(&w->parent->lock);
	return w->pid || w->none;
}

/* The pid, 0 with WNOHANG, or an error. */
static long wait_for_event(struct wait_for *w, bool hang)
{
	int ret = 0;

	if (!find_event(w) && hang)
		ret = wait_until_interruptible(&w->parent->child_exit, find_event, w, 0);
	if (w->dead)
		process_reap(w->dead);
	if (w->pid)
		return w->pid;
	if (w->none)
		return -ECHILD;
	return ret ? -ERESTARTSYS : 0;
}

static long do_wait(int pid, unsigned int options, struct wait_for *w)
{
	w->parent = current->group;
	note_kind(w, options);
	w->events = WEXITED | (options & (WUNTRACED | WCONTINUED));
	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid > 0) {
		w->kind = P_PID;
		w->id = pid;
	} else if (pid != -1) {
		w->kind = P_PGID;
		w->id = pid ? -pid : READ_ONCE(current->group->sig.job.pgid);
	}
	return wait_for_event(w, !(options & WNOHANG));
}

struct siginfo child_info(const struct thread_group *g, int code, int status)
{
	return (struct siginfo){
		.signo = SIGCHLD,
		.code = code,
		.field = {(u32)g->tgid, (u32)status},
	};
}

struct siginfo child_end_info(const struct thread_group *g)
{
	int status = g->exit_status;

	return status & 0x7f ? child_info(g, CLD_KILLED, status & 0x7f)
			     : child_info(g, CLD_EXITED, status >> 8 & 0xff);
}

/* siginfo_t of what was found. */
static struct siginfo event_info(const struct wait_for *w)
{
	struct siginfo info = {.signo = SIGCHLD, .field = {(u32)w->pid}};

	if (w->status == 0xffff) {
		info.code = CLD_CONTINUED;
		info.field[1] = SIGCONT;
	} else if ((w->status & 0xff) == 0x7f) {
		info.code = CLD_STOPPED;
		info.field[1] = (u32)(w->status >> 8);
	} else if (w->status & 0x7f) {
		info.code = CLD_KILLED;
		info.field[1] = (u32)(w->status & 0x7f);
	} else {
		info.code = CLD_EXITED;
		info.field[1] = (u32)(w->status >> 8 & 0xff);
	}
	return info;
}

/* 0, or what is wrong; w->pid stays 0 when there is no event. */
static long waitid_event(struct wait_for *w, unsigned int options)
{
	if (options & ~(WNOHANG | WEXITED | WSTOPPED | WCONTINUED | WNOWAIT | WNOTHREAD | WALL |
			WCLONE) ||
	    !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if (w->kind < P_ALL || w->kind > P_PGID || (w->kind == P_PID && w->id <= 0) ||
	    (w->kind == P_PGID && w->id < 0))
		return -EINVAL;
	note_kind(w, options);
	if (w->kind == P_PGID && !w->id)
		w->id = READ_ONCE(current->group->sig.job.pgid);
	return wait_for_event(w, !(options & WNOHANG));
}

SYSCALL(waitid)
{
	struct child_usage usage;
	struct wait_for w = {
		.parent = current->group,
		.usage = a4 ? &usage : NULL,
		.kind = (int)a0,
		.id = (int)a1,
		.events = (unsigned int)a3 & (WEXITED | WSTOPPED | WCONTINUED | WNOWAIT),
	};
	long ret = waitid_event(&w, (unsigned int)a3);
	struct siginfo info = {0};

	UNUSED_ARGS(a5);
	if (w.pid && a4 && put_rusage(a4, &usage.sum, usage.peak))
		return -EFAULT;
	/*
	 * In any case, as Linux: nobody is to read what was there before. What is behind si_status it leaves
	 * alone.
	 */
	if (w.pid)
		info = event_info(&w);
	if (a2 && copy_to_user((void __user *)a2, &info, 32))
		return -EFAULT;
	return ret < 0 ? ret : 0;
}

SYSCALL(wait4)
{
	struct child_usage usage;
	struct wait_for w = {.usage = a3 ? &usage : NULL};
	long pid = do_wait((int)a0, (unsigned int)a2, &w);

	UNUSED_ARGS(a4, a5);
	if (pid > 0 && a1 && copy_to_user((void __user *)a1, &w.status, sizeof(w.status)))
		return -EFAULT;
	if (pid > 0 && a3 && put_rusage(a3, &usage.sum, usage.peak))
		return -EFAULT;
	return pid;
}
