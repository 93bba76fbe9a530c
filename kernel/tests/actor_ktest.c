/* Threads for in-kernel tests: see actor.h. */
#include "kernel/tests/actor.h"

#include "arch/cpu.h"
#include "arch/smp.h"
#include "kernel/base/panic.h"
#include "kernel/rq.h"
#include "kernel/sched.h"

#define CROWD_MAX 512

void stay_on_cpu(int cpu)
{
	DECLARE_BITMAP(mask, NR_CPUS) = {0};

	for (unsigned int c = 0; c < cpus_online(); c++)
		if (cpu < 0 || c == (unsigned int)cpu)
			__set_bit(c, mask);
	if (sched_set_affinity(current, mask))
		panic("no CPU %d to run a test on", cpu);
}

void yield_and_relax(void)
{
	sched_give_way();
	cpu_relax();
}

static bool task_exists(int pid)
{
	bool exists;

	rcu_read_lock();
	exists = find_task(pid) != NULL;
	rcu_read_unlock();
	return exists;
}

/* A thread leaves the table after it has left its address space. */
static void wait_gone(int pid)
{
	while (task_exists(pid))
		yield_and_relax();
}

static int actor_thread(void *arg)
{
	struct actor *a = arg;
	void (*fn)(void *);

	smp_store_release(&a->pid, current->pid);
	for (u64 n = 1;; n++) {
		/* Killable, although nobody kills it: an actor with an address space can be frozen. */
		(void)wait_event_killable(&a->wq, smp_load_acquire(&a->posted) == n);
		fn = a->fn;
		if (!fn)
			return 0;
		fn(a->arg);
		smp_store_release(&a->done, n);
		wake_up_all(&a->wq);
	}
}

/* The thread itself says who it is: when this returns, it may have ended already. */
static void start_thread(int (*fn)(void *), void *arg, const char *name, int cpu)
{
	if (IS_ERR(kthread_create(fn, arg, name, cpu)))
		panic("%s: no memory for a thread on CPU %d", name, cpu);
}

void actor_start(struct actor *a, int cpu)
{
	*a = (struct actor){0};
	wait_queue_init(&a->wq);
	start_thread(actor_thread, a, "actor", cpu);
	while (!smp_load_acquire(&a->pid))
		yield_and_relax();
}

void actor_post(struct actor *a, void (*fn)(void *), void *arg)
{
	ASSERT(a->posted == a->done);
	a->fn = fn;
	a->arg = arg;
	smp_store_release(&a->posted, a->posted + 1);
	wake_up_all(&a->wq);
}

void actor_wait(struct actor *a)
{
	wait_event(&a->wq, smp_load_acquire(&a->done) == a->posted);
}

void actor_run(struct actor *a, void (*fn)(void *), void *arg)
{
	actor_post(a, fn, arg);
	actor_wait(a);
}

static bool is_asleep(int pid)
{
	const struct task_struct *t;
	bool asleep;

	rcu_read_lock();
	t = find_task(pid);
	asleep = t && !READ_ONCE(t->on_rq) &&
		 READ_ONCE(per_cpu(cpu_rq, READ_ONCE(t->cpu)).curr) != t;
	rcu_read_unlock();
	return asleep;
}

void actor_wait_asleep(const struct actor *a)
{
	while (!is_asleep(a->pid))
		yield_and_relax();
}

void actor_stop(struct actor *a)
{
	actor_post(a, NULL, NULL);
	wait_gone(a->pid);
}

static struct {
	int (*fn)(void *number);
	int pids[CROWD_MAX]; /* release by each thread */
} crowd;

static int crowd_thread(void *number)
{
	smp_store_release(&crowd.pids[(unsigned long)number], current->pid);
	return crowd.fn(number);
}

void run_crowd(unsigned int n, int (*fn)(void *number))
{
	ASSERT_MSG(n <= CROWD_MAX, "a crowd of %u", n);
	crowd.fn = fn;
	for (unsigned int i = 0; i < n; i++) {
		crowd.pids[i] = 0;
		start_thread(crowd_thread, (void *)(unsigned long)i, "crowd",
			     (int)(i % cpus_online()));
	}
	for (unsigned int i = 0; i < n; i++) {
		while (!smp_load_acquire(&crowd.pids[i]))
			yield_and_relax();
		wait_gone(crowd.pids[i]);
	}
}
