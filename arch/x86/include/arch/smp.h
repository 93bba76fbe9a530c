/*
 * The CPUs of this machine.
 *
 * CPU numbers are dense: 0 .. nr_cpus - 1, 0 is the boot CPU. Order at boot: smp_prepare()
 * (memory), smp_start_aps() (all start together), whatever else boot has to do meanwhile,
 * smp_wait_online().
 */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include "kernel/base/bitops.h"
#include "kernel/base/percpu.h"

/* CPUs that will be used: those of the MADT that are enabled, cut to maxcpus=. Fixed by
 * smp_prepare(). */
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

unsigned int cpus_online(void);

/*
 * Boot CPU, after acpi_init(), while early_alloc() works: numbers the CPUs and gives each its
 * per-CPU area and its exception stacks. From here on per_cpu(var, cpu) is valid for every cpu <
 * nr_cpus.
 */
void smp_prepare(void);

/* Boot CPU, when kstack_alloc_boot() works: INIT and start-up IPIs to all. Returns at once. */
void smp_start_aps(void);

/* Any CPU, once, after tsc_init(): returns when all are online, or panics naming the dead and their
 * stages. */
void smp_wait_online(void);

/* Top of the stack that an application CPU came up on, for its idle thread. After smp_start_aps().
 */
unsigned long ap_stack_top(unsigned int cpu);

/*
 * Written by the consumer (kernel/sched.c): an application CPU's last call, on its idle stack,
 * interrupts off, preemption off, CPU already in cpu_online_mask.
 */
__noreturn void sched_ap_start(void);

#endif
