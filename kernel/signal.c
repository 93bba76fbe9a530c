/* Dispositions, queues, sending: see signal.h. */
#include "kernel/signal.h"

#include "arch/uaccess.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "kernel/process.h"
#include "kernel/rlimit.h"
#include "kernel/sched.h"
#include "mm/slab.h"

/* Entries that may wait in one process: as many as a default limit of Linux allows a small machine. */

static struct kmem_cache *entry_cache, *table_cache;

void signals_init(void)
{
	entry_cache = kmem_cache_create("sig_entry", sizeof(struct sig_entry), 8, 0);
	table_cache = kmem_cache_create("sig_table", sizeof(struct sig_table), 8, 0);
}

void sig_unlock(struct group_signals *s, unsigned long flags)
{
	struct list_head dropped;
	struct sig_entry *e, *next;

	if (likely(list_empty(&s->dropped))) {
		spin_unlock_irqrestore(&s->lock, flags);
		return;
	}
	list_init(&dropped);
	list_for_each_entry_safe (e, next, &s->dropped, node) {
		list_del(&e->node);
		list_add_tail(&e->node, &dropped);
	}
	spin_unlock_irqrestore(&s->lock, flags);
	list_for_each_entry_safe (e, next, &dropped, node)
		kmem_cache_free(entry_cache, e);
}

/* --- dispositions --- */

static void table_put(struct sig_table *table)
{
	if (table && atomic_dec_and_test(&table->refs))
		kmem_cache_free(table_cache, table);
}

void signals_fork(struct task_struct *child, bool thread, bool shares_mm)
{
	struct group_signals *from = &current->group->sig, *to = &child->group->sig;

	child->sig.blocked = current->sig.blocked;
	/* Who shares memory would share the stack as well. */
	if (!shares_mm)
		child->sig.stack = current->sig.stack;
	if (thread)
		return;
	to->job.pgid = READ_ONCE(from->job.pgid);
	to->job.sid = READ_ONCE(from->job.sid);
	to->ignored = READ_ONCE(from->ignored);
	to->chld_flags = READ_ONCE(from->chld_flags);
	if (unlikely(READ_ONCE(from->table))) {
		unsigned long flags = sig_lock(from);

		to->ignored = from->ignored;
		to->handled = from->handled;
		to->table = from->table;
		atomic_inc(&from->table->refs);
		sig_unlock(from, flags);
	}
}

void signals_clear_handlers(struct group_signals *s)
{
	unsigned long flags = sig_lock(s);
	struct sig_table *table = s->table;

	s->table = NULL;
	s->handled = 0;
	if (!(s->ignored & SIG_BIT(SIGCHLD)))
		s->chld_flags = 0;
	sig_unlock(s, flags);
	table_put(table);
}

void signals_exec(void)
{
	signals_clear_handlers(&current->group->sig);
	current->sig.stack = (struct sigstack){.flags = SS_DISABLE};
	current->sig.restart.fn = NULL;
	job_exec();
}

/* sig.lock held. */
static struct sigaction action_of(const struct group_signals *s, int sig)
{
	if (s->ignored & SIG_BIT(sig))
		return (struct sigaction){.handler = SIG_IGN,
					  .flags = sig == SIGCHLD ? s->chld_flags : 0};
	if (s->handled & SIG_BIT(sig))
		return s->table->action[sig - 1];
	return (struct sigaction){.handler = SIG_DFL, .flags = sig == SIGCHLD ? s->chld_flags : 0};
}

/*
 * A table that nobody else reads: the group's own, or `fresh` with its contents. Whichever is not
 * used any more goes to *unused. sig.lock held.
 */
static void own_table(struct group_signals *s, struct sig_table *fresh, struct sig_table **unused)
{
	*unused = fresh;
	if (s->table && READ_ONCE(s->table->refs) == 1)
		return;
	*unused = s->table;
	if (s->table)
		*fresh = *s->table;
	fresh->refs = 1;
	s->table = fresh;
}

static void set_action(struct thread_group *g, int sig, const struct sigaction *sa)
{
	struct group_signals *s = &g->sig;
	u64 bit = SIG_BIT(sig);
	bool caught = sa->handler != SIG_DFL && sa->handler != SIG_IGN;

	s->ignored = sa->handler == SIG_IGN ? s->ignored | bit : s->ignored & ~bit;
	s->handled = caught ? s->handled | bit : s->handled & ~bit;
	if (sig == SIGCHLD)
		s->chld_flags = sa->flags & (SA_NOCLDSTOP | SA_NOCLDWAIT);
	if (caught) {
		s->table->action[sig - 1] = *sa;
		s->table->action[sig - 1].mask &= ~SIGS_UNBLOCKED;
	}
	/* What is now ignored is not there any more, blocked or not (POSIX, sigaction). */
	if (sa->handler == SIG_IGN || (sa->handler == SIG_DFL && (bit & SIGS_DEFAULT_IGNORED)))
		signal_flush(g, bit);
}

long do_sigaction(int sig, const struct sigaction __user *act, struct sigaction __user *old)
{
	struct thread_group *g = current->group;
	struct sig_table *fresh = NULL, *unused = NULL;
	struct sigaction sa, was;
	unsigned long flags;

	/* In Linux's order. */
	if (act && copy_from_user(&sa, act, sizeof(sa)))
		return -EFAULT;
	if (sig < 1 || sig > NR_SIGNALS || (act && (SIG_BIT(sig) & SIGS_UNBLOCKED)))
		return -EINVAL;
	if (act && sa.handler != SIG_DFL && sa.handler != SIG_IGN) {
		fresh = kmem_cache_alloc(table_cache, GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
	}
	flags = sig_lock(&g->sig);
	was = action_of(&g->sig, sig);
	if (fresh)
		own_table(&g->sig, fresh, &unused);
	if (act)
		set_action(g, sig, &sa);
	sig_unlock(&g->sig, flags);
	if (unused && unused == fresh)
		kmem_cache_free(table_cache, fresh);
	else
		table_put(unused);
	return old ? copy_to_user(old, &was, sizeof(was)) : 0;
}

/* --- queues; sig.lock held --- */

u64 signal_waiting(const struct task_struct *t)
{
	return t->sig.queue.set | t->group->sig.queue.set;
}

static void entry_drop(struct group_signals *s, struct sig_entry *e)
{
	list_del(&e->node);
	if (e == &s->chld)
		return;
	s->nr_entries--;
	list_add_tail(&e->node, &s->dropped);
}

static void queue_flush(struct group_signals *s, struct sig_queue *q, u64 set)
{
	struct sig_entry *e, *next;

	if (!(q->set & set))
		return;
	q->set &= ~set;
	list_for_each_entry_safe (e, next, &q->entries, node)
		if (SIG_BIT(e->info.signo) & set)
			entry_drop(s, e);
}

void signal_flush(struct thread_group *g, u64 set)
{
	struct task_struct *t;

	queue_flush(&g->sig, &g->sig.queue, set);
	rcu_read_lock();
	list_for_each_entry_rcu (t, &g->threads, thread_node)
		queue_flush(&g->sig, &t->sig.queue, set);
	rcu_read_unlock();
}

/* The first of number `sig`; the signal is off the queue when there is no other. */
static void queue_take(struct group_signals *s, struct sig_queue *q, int sig, struct siginfo *info)
{
	struct sig_entry *e, *next, *found = NULL;
	bool more = false;

	list_for_each_entry_safe (e, next, &q->entries, node) {
		if (e->info.signo != sig)
			continue;
		more |= found != NULL;
		if (!found)
			found = e;
	}
	*info = found ? found->info : (struct siginfo){.signo = sig, .code = SI_KERNEL};
	if (found)
		entry_drop(s, found);
	if (!more)
		q->set &= ~SIG_BIT(sig);
}

int signal_take(struct task_struct *t, u64 set, struct siginfo *info)
{
	struct group_signals *s = &t->group->sig;
	struct sig_queue *q = t->sig.queue.set & set ? &t->sig.queue : &s->queue;
	u64 ready = q->set & set;
	int sig;

	if (!ready)
		return 0;
	if (ready & SIGS_SYNCHRONOUS)
		ready &= SIGS_SYNCHRONOUS;
	sig = __builtin_ctzl(ready) + 1;
	queue_take(s, q, sig, info);
	s->job.taken |= (SIG_BIT(sig) & SIGS_STOP) != 0;
	return sig;
}

/* --- who takes it --- */

static bool wants(const struct task_struct *t, int sig)
{
	return !(t->sig.blocked & SIG_BIT(sig)) || (t->sig.awaited & SIG_BIT(sig));
}

/* A thread that takes a signal for the process, the leader before others, or NULL. In RCU. */
static struct task_struct *choose(struct thread_group *g, int sig, const struct task_struct *but)
{
	struct task_struct *t, *found = NULL;

	list_for_each_entry_rcu (t, &g->threads, thread_node) {
		if (t == but || !wants(t, sig))
			continue;
		if (t == g->leader)
			return t;
		if (!found)
			found = t;
	}
	return found;
}

/* Signals for the process that the running thread will not take: others shall. */
static void signal_pass_on(u64 set)
{
	struct thread_group *g = current->group;

	set &= g->sig.queue.set;
	if (likely(!set))
		return;
	rcu_read_lock();
	for (; set; set &= set - 1) {
		struct task_struct *t = choose(g, __builtin_ctzl(set) + 1, current);

		if (t)
			signal_kick(t);
	}
	rcu_read_unlock();
}

void signal_set_blocked(u64 blocked)
{
	u64 newly = blocked & ~current->sig.blocked;

	current->sig.blocked = blocked;
	if (signal_waiting(current) & ~blocked)
		(void)atomic_fetch_or(&current->work, WORK_SIGNAL);
	signal_pass_on(newly);
}

void signals_exit_thread(void)
{
	struct group_signals *s = &current->group->sig;
	unsigned long flags;

	/* Nobody to pass anything on to, and only this thread could make somebody. */
	if (likely(READ_ONCE(current->group->nr_threads) == 1))
		return;
	flags = sig_lock(s);
	current->sig.awaited = 0;
	signal_set_blocked(~0UL);
	sig_unlock(s, flags);
}

static void flush_all(struct group_signals *s, struct sig_queue *q)
{
	unsigned long flags = sig_lock(s);

	queue_flush(s, q, ~0UL);
	sig_unlock(s, flags);
}

void task_signals_free(struct task_struct *t)
{
	if (unlikely(t->sig.queue.set))
		flush_all(&t->group->sig, &t->sig.queue);
}

void group_signals_free(struct thread_group *g)
{
	if (unlikely(g->sig.queue.set))
		flush_all(&g->sig, &g->sig.queue);
	table_put(g->sig.table);
}

/* --- sending --- */

void group_kill(struct thread_group *g, int sig)
{
	struct task_struct *t;

	spin_lock(&g->lock);
	/* An exec that is waiting for its other threads dies as well. */
	if (!g->exiting || g->exec) {
		g->exiting = true;
		g->exec = NULL;
		g->exit_status = sig;
		list_for_each_entry (t, &g->threads, thread_node) {
			(void)atomic_fetch_or(&t->work, WORK_FATAL);
			sched_kick_task(t);
		}
	}
	spin_unlock(&g->lock);
}

/* Whether it would do nothing. One that is blocked waits: it may have a handler by then. */
static bool is_ignored(const struct thread_group *g, const struct task_struct *t, int sig)
{
	const struct group_signals *s = &g->sig;
	u64 bit = SIG_BIT(sig);

	if (sig == SIGKILL)
		return false;
	if (t && !wants(t, sig) && !(bit & SIGS_UNBLOCKED))
		return false;
	if (t && (t->sig.awaited & bit))
		return false;
	/* Process 1 gets only what it asked for. */
	return (s->ignored & bit) ||
	       (!(s->handled & bit) && (g == init_group || (SIGS_DEFAULT_IGNORED & bit)));
}

/* Whether the thread dies of it, and all others with it. */
static bool is_fatal(const struct thread_group *g, const struct task_struct *t, int sig)
{
	u64 bit = SIG_BIT(sig);

	return sig == SIGKILL || (!((t->sig.blocked | t->sig.awaited | g->sig.handled) & bit) &&
				  !(bit & (SIGS_STOP | SIGS_DEFAULT_IGNORED)));
}

/*
 * Queues, and says which thread is to take it, NULL: none, for now. `e` is used up when it is taken
 * over: then it is NULL. In RCU, sig.lock held.
 */
static struct task_struct *post(struct thread_group *g, struct task_struct *t, int sig,
				struct sig_entry **e)
{
	struct sig_queue *q = t ? &t->sig.queue : &g->sig.queue;

	if (is_ignored(g, t ?: g->leader, sig))
		return NULL;
	/* The standard ones do not queue. */
	if (sig < SIGRTMIN && (q->set & SIG_BIT(sig)))
		return NULL;
	q->set |= SIG_BIT(sig);
	if (*e) {
		list_add_tail(&(*e)->node, &q->entries);
		*e = NULL;
	}
	if (!t)
		return choose(g, sig, NULL);
	return wants(t, sig) ? t : NULL;
}

int signal_send(struct thread_group *g, struct task_struct *t, const struct siginfo *info)
{
	struct sig_entry *e = kmem_cache_alloc(entry_cache, GFP_KERNEL);
	int sig = info->signo, ret = 0;
	struct task_struct *taker = NULL;
	bool fatal = false, tell = false, counted;
	unsigned long flags;

	if (e)
		e->info = *info;
	rcu_read_lock();
	flags = sig_lock(&g->sig);
	counted = e && g->sig.nr_entries < rlimit_of(g, RLIMIT_SIGPENDING);
	if (!counted && sig >= SIGRTMIN && info->code != SI_USER) {
		ret = -EAGAIN;
	} else {
		struct sig_entry *given = counted ? e : NULL;

		tell = job_prepare(g, sig);
		taker = post(g, t, sig, &given);
		if (counted && !given) {
			g->sig.nr_entries++;
			e = NULL;
		}
		fatal = taker && is_fatal(g, taker, sig);
		if (taker && !fatal)
			signal_kick(taker);
	}
	sig_unlock(&g->sig, flags);
	if (tell)
		job_tell_parent(g, JOB_CONTINUED);
	if (fatal)
		group_kill(g, sig);
	rcu_read_unlock();
	if (e)
		kmem_cache_free(entry_cache, e);
	return ret;
}

void signal_send_child(struct thread_group *parent, const struct siginfo *info)
{
	struct group_signals *s = &parent->sig;
	bool usual = info->signo == SIGCHLD;
	struct sig_entry *mine = usual ? &s->chld : kmem_cache_alloc(entry_cache, GFP_KERNEL);
	struct sig_entry *e = mine;
	struct task_struct *taker;
	unsigned long flags;

	rcu_read_lock();
	flags = sig_lock(s);
	if (mine && !(usual && s->queue.set & SIG_BIT(SIGCHLD)))
		mine->info = *info;
	taker = post(parent, NULL, info->signo, &e);
	s->nr_entries += !usual && mine && !e;
	if (taker)
		signal_kick(taker);
	sig_unlock(s, flags);
	rcu_read_unlock();
	if (e && !usual)
		kmem_cache_free(entry_cache, e);
}

void signal_send_irq(struct thread_group *g, int sig)
{
	struct sig_entry *none = NULL;
	struct task_struct *taker;
	unsigned long flags;

	rcu_read_lock();
	flags = sig_lock(&g->sig);
	taker = post(g, NULL, sig, &none);
	if (taker)
		signal_kick(taker);
	sig_unlock(&g->sig, flags);
	rcu_read_unlock();
}

bool signal_is_caught(int sig)
{
	return (READ_ONCE(current->group->sig.handled) & SIG_BIT(sig)) &&
	       !(current->sig.blocked & SIG_BIT(sig));
}

void signal_force(const struct siginfo *info)
{
	if (!signal_is_caught(info->signo))
		do_group_exit(info->signo);
	(void)signal_send(current->group, current, info);
}
