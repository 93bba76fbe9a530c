/* Tasks that never run: see dummy.h. */
#include "kernel/tests/dummy.h"

#include "kernel/base/atomic.h"
#include "kernel/base/panic.h"

struct task_struct *dummy_task(int pid, struct thread_group *group)
{
	struct task_struct *t = task_alloc();

	ASSERT(t);
	t->pid = pid;
	t->group = group ? group : group_alloc(pid);
	ASSERT(t->group);
	if (group)
		atomic_inc(&group->refs);
	else
		t->group->leader = t;
	/* A process, for who asks: kernel threads have no parent. */
	t->group->parent = current->group;
	list_add_tail(&t->thread_node, &t->group->threads);
	return t;
}

void dummy_free(struct task_struct *t)
{
	ASSERT(!t->mm);
	synchronize_rcu();
	group_put(t->group);
	task_free(t);
}
