/* A process on every CPU: see everywhere.h. */
#include "mm/pgsync/tests/everywhere.h"

#include "arch/smp.h"
#include "arch/uaccess.h"
#include "kernel/base/atomic.h"
#include "mm/pgsync/tests/support.h"

static struct {
	struct actor actor;
	struct mm_root *root;
} process[NR_CPUS];

void everywhere_start(void)
{
	unsigned int cpu;

	for_each_online_cpu (cpu) {
		struct mm_struct *mm = mm_alloc();

		ASSERT(mm);
		process[cpu].root = mm->root;
		actor_start(&process[cpu].actor, (int)cpu);
		actor_run(&process[cpu].actor, adopt_new_mm, mm);
	}
}

void everywhere_stop(void)
{
	unsigned int cpu;

	for_each_online_cpu (cpu)
		actor_stop(&process[cpu].actor);
}

void everywhere_run(void (*fn)(void *), void *arg)
{
	unsigned int cpu;

	for_each_online_cpu (cpu)
		actor_post(&process[cpu].actor, fn, arg);
	for_each_online_cpu (cpu)
		actor_wait(&process[cpu].actor);
}

struct reading {
	const void *va;
	u32 missing; /* A */
};

static void read_there(void *arg)
{
	struct reading *reading = arg;
	u64 value;

	if (probe_kernel_read(&value, reading->va))
		atomic_inc(&reading->missing);
}

unsigned int everywhere_missing(const void *va)
{
	struct reading reading = {.va = va};

	everywhere_run(read_there, &reading);
	return READ_ONCE(reading.missing);
}

unsigned int everywhere_has(unsigned int slot)
{
	unsigned int cpu, n = 0;

	for_each_online_cpu (cpu)
		n += root_has(process[cpu].root, slot);
	return n;
}
