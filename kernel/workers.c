/*
 * Per-CPU workers, and the stopped machine: see workers.h.
 *
 * run_lock is also what a CPU joins under. So during a job the workers are those of all CPUs that
 * are online, and a stopped machine has none that is on its way.
 */
#include "kernel/workers.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/sched.h"

static struct mutex run_lock = MUTEX_INIT(run_lock, workers);
static unsigned int nr_workers; /* run_lock; boot */

/* run_lock; the workers read it after they were woken. */
static struct {
	void (*fn)(void *);
	void *arg;
	u64 round;   /* release by the caller, acquire by the workers */
	u32 pending; /* A */
} job;

static struct wait_queue job_posted = WAIT_QUEUE_INIT(job_posted);
static struct wait_queue job_done = WAIT_QUEUE_INIT(job_done);

/* `round`: the job that was the last one when this worker was made, and is none of its. */
static int worker(void *round)
{
	u64 seen = (u64)round;

	for (;;) {
		wait_event(&job_posted, smp_load_acquire(&job.round) != seen);
		seen = job.round;
		job.fn(job.arg);
		if (atomic_dec_and_test(&job.pending))
			wake_up_all(&job_done);
	}
	return 0;
}

static struct task_struct *worker_alloc(unsigned int cpu)
{
	struct task_struct *w;
	char name[COMM_LEN];

	snprintf(name, sizeof(name), "worker/%u", cpu);
	w = kthread_alloc(worker, (void *)job.round, name, (int)cpu);
	/* A job is for all CPUs, those too that a SCHED_FIFO task has and does not give away. */
	if (w) {
		w->sched = (struct sched_policy){.policy = SCHED_FIFO, .rt_prio = RT_PRIO_MAX};
		w->prio = RT_PRIO_MAX;
	}
	return w;
}

static void worker_start(struct task_struct *w)
{
	nr_workers++;
	kthread_launch(w);
}

void workers_init(void)
{
	unsigned int cpu;

	for_each_online_cpu (cpu) {
		struct task_struct *w = worker_alloc(cpu);

		if (!w)
			panic("too little memory for the worker of CPU %u", cpu);
		worker_start(w);
	}
}

/* While a CPU is on its way. No sleep: who is frozen in one would keep run_lock (kernel/freezer.h). */
static void look_again(void)
{
	sched_yield_cpu();
	cpu_relax();
}

/* run_lock. The worker's memory first: a CPU that is online cannot be sent away again. */
static int bring_online(unsigned int cpu)
{
	struct task_struct *w;
	int err;

	if (cpu_online(cpu))
		return -EEXIST;
	w = worker_alloc(cpu);
	if (!w)
		return -ENOMEM;
	err = smp_bring_up(cpu, look_again);
	if (err)
		kthread_discard(w);
	else
		worker_start(w);
	return err;
}

int cpu_bring_online(unsigned int cpu)
{
	int err;

	if (cpu >= nr_cpus)
		return -EINVAL;
	mutex_lock(&run_lock);
	err = bring_online(cpu);
	mutex_unlock(&run_lock);
	return err;
}

void run_on_each_cpu(void (*fn)(void *), void *arg)
{
	mutex_lock(&run_lock);
	job.fn = fn;
	job.arg = arg;
	WRITE_ONCE(job.pending, nr_workers);
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
	unsigned int n = nr_workers;
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
