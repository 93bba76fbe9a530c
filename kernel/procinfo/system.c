/*
 * The machine: see kernel/abi/procinfo.h. Every number is a sum of what each part counts for itself, read
 * without a lock while it goes on counting.
 */
#include "arch/smp.h"
#include "arch/timer.h"
#include "arch/uaccess.h"
#include "kernel/abi/procinfo.h"
#include "kernel/kstack.h"
#include "kernel/process.h"
#include "kernel/procinfo/right.h"
#include "kernel/rq.h"
#include "kernel/sched.h"
#include "kernel/syscalls.h"
#include "mm/buddy.h"
#include "mm/memobj.h"
#include "mm/pgsync/pgsync.h"
#include "mm/pgtable.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

static void count_tasks(struct procinfo_system *s)
{
	struct task_struct *p, *t;
	unsigned int b;

	rcu_read_lock();
	for_each_process (b, p) {
		s->processes++;
		s->highest_pid = MAX(s->highest_pid, (u32)p->group->tgid);
		list_for_each_entry_rcu (t, &p->group->threads, thread_node) {
			s->threads++;
			s->highest_pid = MAX(s->highest_pid, (u32)READ_ONCE(t->pid));
		}
	}
	rcu_read_unlock();
}

static void count_cpus(struct procinfo_system *s)
{
	unsigned int cpu;

	for_each_online_cpu (cpu) {
		const struct process_counts *c = per_cpu_ptr(&process_counts, cpu);
		const struct rq *rq = per_cpu_ptr(&cpu_rq, cpu);

		s->forks += READ_ONCE(c->forks);
		s->execs += READ_ONCE(c->execs);
		s->exits += READ_ONCE(c->exits);
		s->runnable += READ_ONCE(rq->nr_queued) + (READ_ONCE(rq->curr) != rq->idle);
	}
}

SYSCALL(procinfo_system)
{
	struct procinfo_system s = {
		.uptime = time_ns(),
		.boot_time = wall_time_ns_at_boot,
		.total = nr_managed_pages() * PAGE_SIZE,
		.free = nr_free_pages() * PAGE_SIZE,
		.slab = slab_pages() * PAGE_SIZE,
		.tables = pt_pages() * PAGE_SIZE,
		.stacks = kstack_pages() * PAGE_SIZE,
		.vmalloc = vmalloc_bytes(),
		.objects = memobj_pages() * PAGE_SIZE,
		.switches = sched_switches(),
		.cpus = cpus_online(),
		.cpus_present = nr_cpus,
		.pid_max = PID_MAX,
	};

	UNUSED_ARGS(a2, a3, a4, a5);
	if (!procinfo_right_held(a0))
		return -EBADF;
	count_tasks(&s);
	count_cpus(&s);
	return copy_to_user((void __user *)a1, &s, sizeof(s));
}

#define CPUS_MAX 16

static struct procinfo_cpu cpu_info(unsigned int cpu)
{
	const struct rq *rq = per_cpu_ptr(&cpu_rq, cpu);
	const struct mm_root *root;
	u64 idle;
	struct usage busy = usage_of_cpu(cpu, &idle);
	struct procinfo_cpu info = {
		.cpu = cpu,
		.waiting = READ_ONCE(rq->nr_queued),
		.switches = READ_ONCE(rq->switches),
		.busy = {.user = usage_mode_ns(&busy, USAGE_USER),
			 .system = usage_mode_ns(&busy, USAGE_SYSTEM)},
		.idle = tsc_to_ns(idle),
	};

	/* Inside, the task and the root are what they are, although the CPU may have left them. */
	rcu_read_lock();
	root = loaded_root(cpu);
	info.running = READ_ONCE(READ_ONCE(rq->curr)->pid);
	info.root = virt_to_phys(root ? root->pgd : swapper_root.pgd);
	rcu_read_unlock();
	return info;
}

SYSCALL(procinfo_cpus)
{
	struct procinfo_cpu info[CPUS_MAX];
	unsigned int cpu, n = 0;

	UNUSED_ARGS(a4, a5);
	if (!procinfo_right_held(a0))
		return -EBADF;
	if (!a3)
		return -EINVAL;
	for_each_online_cpu (cpu)
		if (cpu >= a1 && n < MIN(a3, (u64)CPUS_MAX))
			info[n++] = cpu_info(cpu);
	return copy_to_user((void __user *)a2, info, n * sizeof(info[0])) ? -EFAULT : (long)n;
}
