/*
 * One kernel thread a CPU, for what must be done on each CPU in process context.
 *
 * A worker keeps whatever root its CPU had loaded before (lazy TLB): what it touches shows whether
 * that root is complete.
 */
#ifndef KERNEL_WORKERS_H
#define KERNEL_WORKERS_H

/* Boot, all CPUs online. Panics when memory is short. */
void workers_init(void);

/*
 * Brings a CPU online that was not started at boot (maxcpus=), with its worker. 0: tasks run there.
 * -EINVAL: the machine has no such CPU; -EEXIST: it is online; -ENOMEM; -ETIMEDOUT: it does not
 * answer, and may be tried again. May sleep; one at a time, and not during a job.
 */
int cpu_bring_online(unsigned int cpu);

/*
 * Runs fn(arg) once on every online CPU, on its worker, at the same time, and returns when all
 * have. May sleep; one at a time.
 */
void run_on_each_cpu(void (*fn)(void *), void *arg);

/*
 * Runs fn(arg) while every other CPU spins with interrupts off in its worker: nobody is inside a
 * section with preemption off. All CPUs drop all their translations afterwards. For tests that
 * change what may never change.
 */
void stop_machine(void (*fn)(void *), void *arg);

#endif
