/* Whom a signal is for: see signal.h. There is one user, root, so everybody may signal everybody. */
#include "kernel/base/errno.h"
#include "kernel/process.h"
#include "kernel/signal.h"

static struct siginfo user_info(int sig, int code)
{
	/* pid and uid share the first field. */
	return (struct siginfo){.signo = sig, .code = code, .field = {(u32)current->group->tgid}};
}

/* To the process of `t`, or to the thread alone. Inside rcu_read_lock(). */
static long signal_task(struct task_struct *t, bool thread, const struct siginfo *info)
{
	if (!t)
		return -ESRCH;
	if (info->signo < 0 || info->signo > NR_SIGNALS)
		return -EINVAL;
	if (!READ_ONCE(t->group->parent))
		return -EPERM; /* kernel threads are nobody's to kill */
	return info->signo ? signal_send(t->group, thread ? t : NULL, info) : 0;
}

/* `pgid` 0: everybody but process 1 and the caller's own process. */
static long signal_many(int pgid, const struct siginfo *info)
{
	struct task_struct *p;
	bool any = false;
	unsigned int b;
	long ret = -ESRCH, one;

	for_each_process (b, p) {
		struct thread_group *g = p->group;
		bool meant = pgid ? READ_ONCE(g->sig.job.pgid) == pgid
				  : g != init_group && g != current->group;

		if (!meant || !READ_ONCE(g->parent))
			continue;
		one = signal_task(p, false, info);
		if (!any || one == 0)
			ret = one;
		any = true;
	}
	return ret;
}

long signal_process_group(int pgid, const struct siginfo *info)
{
	long ret;

	rcu_read_lock();
	ret = signal_many(pgid, info);
	rcu_read_unlock();
	return ret;
}

static struct task_struct *leader_of(int pid)
{
	struct task_struct *t = find_task(pid);

	return t && t->group->tgid == pid ? t : NULL;
}

long do_kill(int pid, int sig)
{
	struct siginfo info = user_info(sig, SI_USER);
	long ret;

	rcu_read_lock();
	if (pid > 0)
		ret = signal_task(find_task(pid), false, &info);
	else if (pid == -1)
		ret = signal_many(0, &info);
	else if (pid == INT32_MIN)
		ret = -ESRCH;
	else
		ret = signal_many(pid ? -pid : READ_ONCE(current->group->sig.job.pgid), &info);
	rcu_read_unlock();
	return ret;
}

static long signal_thread(int tgid, int tid, const struct siginfo *info)
{
	struct task_struct *t;
	long ret;

	rcu_read_lock();
	t = find_task(tid);
	if (t && tgid > 0 && t->group->tgid != tgid)
		t = NULL;
	ret = signal_task(t, true, info);
	rcu_read_unlock();
	return ret;
}

long do_tkill(int tgid, int tid, int sig)
{
	struct siginfo info = user_info(sig, SI_TKILL);

	if (tid <= 0 || tgid == 0)
		return -EINVAL;
	return signal_thread(tgid, tid, &info);
}

long do_sigqueue(int tgid, int tid, int sig, struct siginfo *info)
{
	long ret;

	if (tid && (tgid <= 0 || tid < 0))
		return -EINVAL;
	/* Nobody but the kernel may claim to be it, or kill(); to itself a process may say anything. */
	if ((info->code >= 0 || info->code == SI_TKILL) && current->group->tgid != tgid)
		return -EPERM;
	info->signo = sig;
	if (tid)
		return signal_thread(tgid, tid, info);
	rcu_read_lock();
	ret = signal_task(leader_of(tgid), false, info);
	rcu_read_unlock();
	return ret;
}
