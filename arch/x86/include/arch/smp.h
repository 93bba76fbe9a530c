/*
 * The CPUs of this machine.
 *
 * CPU numbers are dense: 0 .. nr_cpus - 1, 0 is the boot CPU. Order at boot: smp_prepare()
 * (memory), smp_start_aps() (the first maxcpus= start together), whatever else boot has to do
 * meanwhile, smp_wait_online(). The others are brought up later, or never: smp_bring_up().
 *
 * So CPUs join at any time, and none ever leaves. Who goes by nr_cpus looks at per-CPU data, which
 * is there for all from the beginning, and has no need to know; who goes by cpu_online_mask must be
 * right whether a CPU that joins meanwhile is met or not.
 */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include "kernel/base/bitops.h"
#include "kernel/base/percpu.h"

/* CPUs that can be used: those of the MADT that are enabled. Fixed by smp_prepare(). */
extern unsigned int nr_cpus;

/* Set once per CPU, by itself, when it is ready for interrupts; never cleared. */
extern DECLARE_BITMAP(cpu_online_mask, NR_CPUS);

#define for_each_cpu(cpu) for ((cpu) = 0; (cpu) < nr_cpus; (cpu)++)

/* clang-format off */
#define for_each_online_cpu(cpu) for_each_set_bit((cpu), cpu_online_mask, NR_CPUS)
/* clang-format on */

static inline bool cpu_online(unsigned int cpu)
{
	return test_bit(cpu, cpu_online_mask);
}

/* A full barrier: who sees the bit sees all that the running CPU has set up. For pgsync_cpu_join(). */
static inline void cpu_set_online(unsigned int cpu)
{
	set_bit(cpu, cpu_online_mask);
}

unsigned int cpus_online(void);

/*
 * Boot CPU, after acpi_init(), while early_alloc() works: numbers the CPUs and gives each its
 * per-CPU area and its exception stacks. From here on per_cpu(var, cpu) is valid for every cpu <
 * nr_cpus.
 */
void smp_prepare(void);

/* Boot CPU, when sched_prepare_cpu() works: INIT and start-up IPIs to all. Returns at once. */
void smp_start_aps(void);

/* Any CPU, once, after tsc_init(): returns when all that were started are online, or panics naming
 * the dead and their stages. */
void smp_wait_online(void);

/*
 * Starts `cpu`, which is not online, and returns when it is; calls pause() while it waits. -ENOMEM;
 * -ETIMEDOUT: it has stood still for a second. The log then has its last stage; it does not join
 * any more, and may be started again. Process context, one caller at a time (kernel/workers.c).
 */
int smp_bring_up(unsigned int cpu, void (*pause)(void));

/* Top of the stack that an application CPU came up on, for its idle thread. */
unsigned long ap_stack_top(unsigned int cpu);

/* --- written by the consumer (kernel/balance.c) --- */

/* Before `cpu` is started: its idle task. The top of its stack, or 0: no memory. May be repeated. */
unsigned long sched_prepare_cpu(unsigned int cpu);

/* An application CPU, before it joins, on the stack of its idle task: that is `current` from here on. */
void sched_ap_enter(void);

/* Its last call: interrupts off, preemption off, CPU already in cpu_online_mask. */
__noreturn void sched_ap_start(void);

#endif
