/* Debug builds: what the checkers of kernel/base ask about tasks, and what they say at the end: see checkers.h. */
#include "kernel/checkers.h"

#include "boot/bootinfo.h"
#include "kernel/base/lockgraph.h"
#include "kernel/task.h"

struct task_locks *task_locks_of(unsigned int cpu)
{
	struct task_struct *t = READ_ONCE(per_cpu(current_task, cpu));

	return t ? &t->locks : NULL;
}

void checkers_end(void)
{
	if (boot_option_u64("locks", 0))
		lockgraph_print();
}
