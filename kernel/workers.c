/* Per-CPU workers, and the stopped machine: see workers.h. */
#include "kernel/workers.h"

#include "arch/mmu.h"
#include "arch/smp.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/sched.h"

static struct mutex run_lock = MUTEX_INIT(run_lock);

/* run_lock; the workers read it after they were woken. */
static struct {
	void (*fn)(void *);
	void *arg;
	u64 round;   /* release by the caller, acquire by the workers */
	u32 pending; /* A */
} job;

static struct wait_queue job_posted = WAIT_QUEUE_INIT(job_posted);
static struct wait_queue job_done = WAIT_QUEUE_INIT(job_done);

static int worker(void *arg)
{
	u64 seen = 0;

	(void)arg;
	for (;;) {
		wait_event(&job_posted, smp_load_acquire(&job.round) != seen);
		seen = job.round;
		job.fn(job.arg);
		if (atomic_dec_and_test(&job.pending))
			wake_up_all(&job_done);
	}
	return 0;
}

void workers_init(void)
{
	unsigned int cpu;

	for_each_online_cpu (cpu) {
		char name[COMM_LEN];

		snprintf(name, sizeof(name), "worker/%u", cpu);
		if (IS_ERR(kthread_create(worker, NULL, name, (int)cpu)))
			panic("too little memory for the worker of CPU %u", cpu);
	}
}

void run_on_each_cpu(void (*fn)(void *), void *arg)
{
	mutex_lock(&run_lock);
	job.fn = fn;
	job.arg = arg;
	WRITE_ONCE(job.pending, cpus_online());
	smp_store_release(&job.round, job.round + 1);
	wake_up_all(&job_posted);
	wait_event(&job_done, READ_ONCE(job.pending) == 0);
	mutex_unlock(&run_lock);
}

struct stop {
	void (*fn)(void *);
	void *arg;
	u32 arrived, off, done; /* A */
};

static void stop_cpu(void *arg)
{
	struct stop *s = arg;
	unsigned int n = cpus_online();
	bool first;

	preempt_disable();
	/*
	 * Interrupts stay on until all are here: one that is still on its way may wait for an
	 * answer.
	 */
	(void)atomic_add_return(&s->arrived, 1);
	while (READ_ONCE(s->arrived) != n)
		cpu_relax();
	irq_disable();
	first = atomic_add_return(&s->off, 1) == 1;
	if (first) {
		while (READ_ONCE(s->off) != n)
			cpu_relax();
		s->fn(s->arg);
		smp_store_release(&s->done, 1);
	} else {
		while (!smp_load_acquire(&s->done))
			cpu_relax();
	}
	tlb_flush_all_local();
	irq_enable();
	preempt_enable();
}

void stop_machine(void (*fn)(void *), void *arg)
{
	struct stop s = {.fn = fn, .arg = arg};

	run_on_each_cpu(stop_cpu, &s);
}
