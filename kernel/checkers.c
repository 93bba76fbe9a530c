/* Debug builds: what the checkers of kernel/base ask about tasks, and what they say at the end: see checkers.h. */
#include "kernel/checkers.h"

#include "arch/smp.h"
#include "boot/bootinfo.h"
#include "kernel/base/contextcheck.h"
#include "kernel/base/lockgraph.h"
#include "kernel/base/panic.h"
#include "kernel/stackcheck.h"
#include "kernel/task.h"

struct task_locks *task_locks_self(void)
{
	return current ? &current->locks : NULL;
}

struct task_locks *task_locks_of(unsigned int cpu)
{
	struct task_struct *t = READ_ONCE(per_cpu(current_task, cpu));

	return t ? &t->locks : NULL;
}

bool task_is_idle(void)
{
	return current->prio == PRIO_IDLE || current == &init_task;
}

void checkers_irqs_left_off(void)
{
	current->locks.irqs_left_off = true;
}

void checkers_leave_syscall(void)
{
	if (unlikely(!irqs_enabled() && !current->locks.irqs_left_off))
		panic("a system call leaves interrupts off");
	current->locks.irqs_left_off = false;
	context_leave_kernel();
}

/* All that live: what the dead have needed is known. */
static void note_all_stacks(void)
{
	struct task_struct *t;
	unsigned int b;

	rcu_read_lock();
	for (b = 0; b < TASK_BUCKETS; b++)
		list_for_each_entry_rcu (t, &task_table[b].tasks, table_node)
			stackcheck_note(t);
	rcu_read_unlock();
}

void checkers_panic(void)
{
	unsigned int cpu;

	for_each_online_cpu (cpu)
		if (READ_ONCE(per_cpu(current_task, cpu)))
			stackcheck_note(per_cpu(current_task, cpu));
	stackcheck_print();
}

void checkers_end(void)
{
	note_all_stacks();
	stackcheck_print();
	if (boot_option_u64("locks", 0))
		lockgraph_print();
}
