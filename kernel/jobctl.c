/*
 * Job control: stop and continue, process groups, sessions. See signal.h.
 *
 * A stop signal is taken by one thread. It sets job.stop, and makes all threads look; each stands
 * still where it would return to user mode, and the last one tells the parent. SIGCONT, when it is
 * sent, takes job.stop away and wakes them, whether anybody takes it as a signal or not. A stop that
 * was taken and a continue that comes before it was carried out: job.taken says whether it still counts.
 *
 * Process groups and sessions are numbers at the processes; who belongs to one is found by a walk
 * over all processes, since only shells ask. An exit has to ask as well, whether a group with stopped
 * members loses its last tie to its session; it does so only when something is stopped at all.
 */
#include "kernel/base/errno.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/signal.h"

/* pgid, sid and execed of all groups. */
static struct spinlock jobctl_lock = SPINLOCK_INIT(jobctl);
static u32 groups_stopped; /* A: with job.stop */

/* --- stop and continue --- */

static void kick_all(struct thread_group *g)
{
	struct task_struct *t;

	rcu_read_lock();
	list_for_each_entry_rcu (t, &g->threads, thread_node)
		signal_kick(t);
	rcu_read_unlock();
}

/* True: all had stopped, and their parent knows it. sig.lock held. */
static bool go_on(struct thread_group *g)
{
	struct job *job = &g->sig.job;
	bool told = job->told;

	job->taken = job->told = false;
	if (!job->stop)
		return false;
	WRITE_ONCE(job->stop, 0);
	(void)atomic_add_return(&groups_stopped, -1);
	kick_all(g);
	return told;
}

bool job_prepare(struct thread_group *g, int sig)
{
	if (SIG_BIT(sig) & SIGS_STOP)
		signal_flush(g, SIG_BIT(SIGCONT));
	if (sig == SIGKILL)
		(void)go_on(g);
	if (sig != SIGCONT)
		return false;
	signal_flush(g, SIGS_STOP);
	return go_on(g);
}

void job_stop(int sig)
{
	struct thread_group *g = current->group;
	struct job *job = &g->sig.job;
	unsigned long flags;

	if (sig != SIGSTOP && job_is_orphaned(READ_ONCE(job->pgid), NULL))
		return;
	flags = sig_lock(&g->sig);
	if (job->taken && !job->stop) {
		job->taken = job->told = false;
		WRITE_ONCE(job->stop, (u32)sig);
		(void)atomic_add_return(&groups_stopped, 1);
		kick_all(g);
	}
	sig_unlock(&g->sig, flags);
}

bool job_all_stopped(struct thread_group *g)
{
	struct job *job = &g->sig.job;
	unsigned long flags;
	bool all;

	if (likely(!READ_ONCE(job->stop)))
		return false;
	flags = sig_lock(&g->sig);
	all = job->stop && !job->told && g->nr_threads && job->nr_stopped == g->nr_threads;
	job->told |= all;
	sig_unlock(&g->sig, flags);
	return all;
}

static void count_stopped(struct thread_group *g, u32 n)
{
	unsigned long flags = sig_lock(&g->sig);

	g->sig.job.nr_stopped += n;
	sig_unlock(&g->sig, flags);
}

void job_stand_still(void)
{
	struct thread_group *g = current->group;
	bool all;

	spin_lock(&g->lock);
	count_stopped(g, 1);
	all = job_all_stopped(g);
	spin_unlock(&g->lock);
	if (all)
		job_tell_parent(g, JOB_STOPPED);
	for (;;) {
		/* The state before the look; partner: signal_kick() in go_on(). */
		task_set_state(TASK_KILLABLE);
		if (!READ_ONCE(g->sig.job.stop) || task_must_die())
			break;
		schedule();
	}
	task_set_state(TASK_RUNNING);
	count_stopped(g, -1U);
}

bool signal_wants_child(const struct thread_group *parent)
{
	return (READ_ONCE(parent->sig.handled) & SIG_BIT(SIGCHLD)) ||
	       ((parent->leader->sig.blocked | parent->leader->sig.awaited) & SIG_BIT(SIGCHLD));
}

void job_tell_parent(struct thread_group *g, enum job_report what)
{
	struct job *job = &g->sig.job;
	struct thread_group *parent;
	struct siginfo info;

	rcu_read_lock();
	parent = group_lock_parent(g);
	if (what == JOB_STOPPED)
		job->report_signal = READ_ONCE(job->stop) ?: SIGSTOP;
	job->report = what;
	info = child_info(g, what == JOB_STOPPED ? CLD_STOPPED : CLD_CONTINUED,
			  what == JOB_STOPPED ? (int)job->report_signal : SIGCONT);
	wake_up_all(&parent->child_exit);
	if (signal_wants_child(parent) && !(READ_ONCE(parent->sig.chld_flags) & SA_NOCLDSTOP))
		signal_send_child(parent, &info);
	spin_unlock(&parent->lock);
	rcu_read_unlock();
}

/* --- orphaned process groups --- */

/* Whether `g` ties its process group to the session; `gone` does so no more, nor is it a parent. */
static bool is_tie(const struct thread_group *g, const struct thread_group *gone)
{
	const struct thread_group *parent = READ_ONCE(g->parent);

	return g != gone && !READ_ONCE(g->zombie) && parent && parent != gone &&
	       parent != init_group &&
	       READ_ONCE(parent->sig.job.pgid) != READ_ONCE(g->sig.job.pgid) &&
	       READ_ONCE(parent->sig.job.sid) == READ_ONCE(g->sig.job.sid);
}

bool job_is_orphaned(int pgid, const struct thread_group *gone)
{
	struct task_struct *p;
	bool orphaned = true;
	unsigned int b;

	rcu_read_lock();
	for_each_process (b, p)
		if (READ_ONCE(p->group->sig.job.pgid) == pgid && is_tie(p->group, gone))
			orphaned = false;
	rcu_read_unlock();
	return orphaned;
}

static bool has_stopped(int pgid, const struct thread_group *but)
{
	struct task_struct *p;
	bool found = false;
	unsigned int b;

	rcu_read_lock();
	for_each_process (b, p)
		found |= p->group != but && READ_ONCE(p->group->sig.job.pgid) == pgid &&
			 READ_ONCE(p->group->sig.job.stop);
	rcu_read_unlock();
	return found;
}

/* POSIX: members of a group that nobody can continue any more get SIGHUP, and go on. */
static void hang_up_if_orphaned(int pgid, const struct thread_group *gone)
{
	if (!has_stopped(pgid, gone) || !job_is_orphaned(pgid, gone))
		return;
	(void)signal_process_group(pgid, &(struct siginfo){.signo = SIGHUP, .code = SI_KERNEL});
	(void)signal_process_group(pgid, &(struct siginfo){.signo = SIGCONT, .code = SI_KERNEL});
}

void job_exit(struct thread_group *g)
{
	int pgid = READ_ONCE(g->sig.job.pgid), sid = READ_ONCE(g->sig.job.sid);
	struct task_struct *p;
	unsigned long flags;
	unsigned int b;

	if (likely(!READ_ONCE(groups_stopped)))
		return;
	flags = sig_lock(&g->sig);
	(void)go_on(g);
	sig_unlock(&g->sig, flags);
	/* Its own group, if it was the tie; and those of its children, whose parent was. */
	if (is_tie(g, NULL))
		hang_up_if_orphaned(pgid, g);
	rcu_read_lock();
	for_each_process (b, p) {
		int theirs = READ_ONCE(p->group->sig.job.pgid);

		if (READ_ONCE(p->group->parent) == g && theirs != pgid &&
		    READ_ONCE(p->group->sig.job.sid) == sid)
			hang_up_if_orphaned(theirs, g);
	}
	rcu_read_unlock();
}

/* --- process groups and sessions --- */

/* The process, or NULL. Inside rcu_read_lock(). */
static struct thread_group *process(int pid)
{
	struct task_struct *t = pid ? find_task(pid) : current;

	return t && READ_ONCE(t->group->parent) ? t->group : NULL;
}

/* Whether `sid` has a process group of this number. Inside rcu_read_lock(), jobctl_lock held. */
static bool session_has(int sid, int pgid)
{
	struct task_struct *p;
	unsigned int b;

	for_each_process (b, p)
		if (p->group->sig.job.pgid == pgid && p->group->sig.job.sid == sid)
			return true;
	return false;
}

static long setpgid_locked(struct thread_group *g, int pgid)
{
	struct job *job = &g->sig.job;

	if (READ_ONCE(g->parent) == current->group && g != current->group) {
		if (job->sid != current->group->sig.job.sid)
			return -EPERM;
		if (job->execed)
			return -EACCES;
	} else if (g != current->group) {
		return -ESRCH;
	}
	if (job->sid == g->tgid || (pgid != g->tgid && !session_has(job->sid, pgid)))
		return -EPERM;
	WRITE_ONCE(job->pgid, pgid);
	return 0;
}

long do_setpgid(int pid, int pgid)
{
	struct thread_group *g;
	long ret = -ESRCH;

	if (pgid < 0)
		return -EINVAL;
	rcu_read_lock();
	spin_lock(&jobctl_lock);
	g = process(pid);
	if (g && (!pid || g->tgid == pid))
		ret = setpgid_locked(g, pgid ?: g->tgid);
	else if (g)
		ret = -EINVAL; /* a thread, and not its process */
	spin_unlock(&jobctl_lock);
	rcu_read_unlock();
	return ret;
}

/* The number of a process's session or process group; pid 0: the running one's. -ESRCH. */
static long job_number(int pid, bool session)
{
	const struct thread_group *g;
	long ret = -ESRCH;

	rcu_read_lock();
	g = process(pid);
	if (g)
		ret = session ? READ_ONCE(g->sig.job.sid) : READ_ONCE(g->sig.job.pgid);
	rcu_read_unlock();
	return ret;
}

long do_getpgid(int pid)
{
	return job_number(pid, false);
}

long do_getsid(int pid)
{
	return job_number(pid, true);
}

/* Any process group of this number: its leader may not leave it behind. In RCU, jobctl_lock held. */
static bool group_exists(int pgid)
{
	struct task_struct *p;
	unsigned int b;

	for_each_process (b, p)
		if (p->group->sig.job.pgid == pgid)
			return true;
	return false;
}

long do_setsid(void)
{
	struct thread_group *g = current->group;
	long ret = g->tgid;

	rcu_read_lock();
	spin_lock(&jobctl_lock);
	if (group_exists(g->tgid)) {
		ret = -EPERM;
	} else {
		WRITE_ONCE(g->sig.job.sid, g->tgid);
		WRITE_ONCE(g->sig.job.pgid, g->tgid);
	}
	spin_unlock(&jobctl_lock);
	rcu_read_unlock();
	return ret;
}

void job_exec(void)
{
	spin_lock(&jobctl_lock);
	current->group->sig.job.execed = true;
	spin_unlock(&jobctl_lock);
}
