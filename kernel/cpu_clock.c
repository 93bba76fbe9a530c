/* Clocks of CPU time: see cpu_clock.h. */
#include "kernel/cpu_clock.h"

#include "kernel/base/errno.h"
#include "kernel/task.h"

static bool may_ask(const struct task_struct *t, bool thread)
{
	return thread ? t->group == current->group : t->pid == t->group->tgid;
}

/* Whom the clock is of, with a reference, or NULL. */
static struct task_struct *clock_task(int clock)
{
	int pid = ~(clock >> 3);
	struct task_struct *t;

	rcu_read_lock();
	t = pid ? find_task(pid) : current;
	if (t && pid && !may_ask(t, clock & CPU_CLOCK_THREAD))
		t = NULL;
	if (t && !task_tryget(t))
		t = NULL;
	rcu_read_unlock();
	return t;
}

int cpu_clock_now(int clock, u64 *ns)
{
	int which = clock & CPU_CLOCK_WHICH;
	struct task_struct *t;
	struct usage u;

	if (which > CPU_CLOCK_SCHED)
		return -EINVAL;
	t = clock_task(clock);
	if (!t)
		return -EINVAL;
	u = clock & CPU_CLOCK_THREAD ? usage_of_thread(t) : usage_of_group(t->group);
	task_put(t);
	*ns = which == CPU_CLOCK_USER ? usage_mode_ns(&u, USAGE_USER) : usage_ns(&u);
	return 0;
}
