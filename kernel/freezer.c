/*
 * Freezing of processes: see freezer.h.
 *
 * freeze_processes() asks every thread (WORK_FREEZE, and an interrupt when it runs), takes killable
 * sleepers out of reach of their wakers, and looks again until a whole scan has found everybody
 * frozen. One such scan is not enough by itself: a task may fork behind the scan and be frozen
 * before the scan comes to it, and the child be missed. So every freezing is counted, and the scan
 * counts only if nobody was frozen while it went on: then all that it met stood still from its
 * beginning, and who stands still has no new child.
 */
#include "kernel/freezer.h"

#include "arch/timer.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/sched.h"

#define NAP_MIN_NS 100000UL
#define NAP_MAX_NS 10000000UL
#define NAMED_MAX  8 /* lines about those that do not freeze */

static struct task_struct *holder; /* A: who has frozen the others, or is about to */
static struct wait_queue holder_gone = WAIT_QUEUE_INIT(holder_gone);
static u64 freezings; /* A: tasks that became frozen, ever */

static bool can_be_frozen(const struct task_struct *t)
{
	return t != holder && (READ_ONCE(t->group->parent) || READ_ONCE(t->mm));
}

/*
 * All threads of all processes, by their groups: an exec that is taking its leader's place is not in
 * the task table for a moment. Inside rcu_read_lock().
 */
static unsigned int count_threads(bool (*counts)(struct task_struct *t))
{
	struct task_struct *p, *t;
	unsigned int b, n = 0;

	for_each_process (b, p)
		list_for_each_entry_rcu (t, &p->group->threads, thread_node)
			if (can_be_frozen(t))
				n += counts(t);
	return n;
}

/* --- freezing --- */

static bool ask_to_freeze(struct task_struct *t)
{
	/*
	 * In exec, a thread that waits for the others to die holds a root that nobody can find: it may
	 * go on, and be frozen with its new program.
	 */
	bool execs = READ_ONCE(t->group->exec) == t;

	if (!(READ_ONCE(t->work) & WORK_FREEZE))
		(void)atomic_fetch_or(&t->work, WORK_FREEZE);
	switch (sched_freeze_task(t, !execs)) {
	case WAS_FROZEN:
		return false;
	case NOW_FROZEN:
		(void)atomic_fetch_add(&freezings, 1);
		return false;
	default:
		sched_kick_running(t);
		return true;
	}
}

static bool scan_finds_all_frozen(void)
{
	u64 before = smp_load_acquire(&freezings);
	unsigned int awake;

	rcu_read_lock();
	awake = count_threads(ask_to_freeze);
	rcu_read_unlock();
	/* Full barrier: what the scan has read, before the count. */
	return !awake && atomic_fetch_add(&freezings, 0) == before;
}

static bool is_awake(struct task_struct *t)
{
	return sched_freeze_task(t, false) != WAS_FROZEN;
}

bool processes_are_frozen(void)
{
	unsigned int awake;

	ASSERT(holder);
	rcu_read_lock();
	awake = count_threads(is_awake);
	rcu_read_unlock();
	return !awake;
}

static unsigned int named;

static bool name_awake(struct task_struct *t)
{
	static const char *const states[] = {
		[TASK_RUNNING] = "runs or wants to",
		[TASK_KILLABLE] = "sleeps killably",
		[TASK_SLEEPING] = "sleeps",
		[TASK_FROZEN] = "is about to freeze",
		[TASK_DEAD] = "is dead",
	};

	if (is_awake(t) && named++ < NAMED_MAX)
		printk("freezer: process %d does not freeze: thread %d (%s) %s, CPU %u\n",
		       t->group->tgid, t->pid, t->comm, states[READ_ONCE(t->state)],
		       READ_ONCE(t->cpu));
	return false;
}

/* By the holder alone. */
static void name_those_awake(u64 limit_ns)
{
	named = 0;
	rcu_read_lock();
	(void)count_threads(name_awake);
	rcu_read_unlock();
	printk("freezer: gave up after %llu ms, %u threads awake\n",
	       (unsigned long long)limit_ns / 1000000, named);
}

static bool claim(void *unused)
{
	(void)unused;
	return atomic_cmpxchg(&holder, (struct task_struct *)NULL, current) == NULL;
}

int freeze_processes(u64 limit_ns)
{
	/* A killable wait: the holder can freeze who waits to be the next one. */
	int ret = wait_until(&holder_gone, claim, NULL, 0);
	u64 deadline = time_ns() + limit_ns, nap = NAP_MIN_NS;

	if (ret)
		return ret;
	while (!scan_finds_all_frozen()) {
		ret = sleep_until(time_ns() + nap);
		if (!ret && time_ns() >= deadline) {
			name_those_awake(limit_ns);
			ret = -EBUSY;
		}
		if (ret) {
			thaw_processes();
			return ret;
		}
		nap = MIN(2 * nap, NAP_MAX_NS);
	}
	return 0;
}

/* --- thawing --- */

static bool thaw(struct task_struct *t)
{
	/* First the work, then the state. Partner: freezer_stop(), the other way round. */
	if (READ_ONCE(t->work) & WORK_FREEZE) {
		(void)atomic_fetch_and(&t->work, ~WORK_FREEZE);
		(void)sched_thaw_task(t);
	}
	return false;
}

void thaw_processes(void)
{
	ASSERT(holder == current);
	rcu_read_lock();
	(void)count_threads(thaw);
	rcu_read_unlock();
	smp_store_release(&holder, NULL);
	wake_up_all(&holder_gone);
}

void freezer_stop(void)
{
	for (;;) {
		/* Full barrier: the state before the work. Partner: thaw(). */
		task_set_state(TASK_FROZEN);
		if ((READ_ONCE(current->work) & (WORK_FREEZE | WORK_FATAL)) != WORK_FREEZE)
			break;
		(void)atomic_fetch_add(&freezings, 1);
		schedule();
	}
	task_set_state(TASK_RUNNING);
}
