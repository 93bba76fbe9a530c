/*
 * The explorer's twin of the set of CPUs: the actors of the program, online but for those that a
 * scenario lets join.
 */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include "kernel/base/atomic.h"
#include "kernel/base/percpu.h"

unsigned int model_cpus(void);

/* One word, as the growers of the kernel read it: one look for 64 CPUs. */
extern u64 model_online_mask;

static inline bool cpu_online(unsigned int cpu)
{
	return cpu < model_cpus() && READ_ONCE(model_online_mask) & 1ull << cpu;
}

static inline void cpu_set_online(unsigned int cpu)
{
	(void)atomic_fetch_or(&model_online_mask, 1ull << cpu);
}

#define for_each_cpu(cpu) for ((cpu) = 0; (cpu) < model_cpus(); (cpu)++)

/* clang-format off */
#define for_each_online_cpu(cpu) for_each_cpu (cpu) if (!cpu_online(cpu)) {} else
/* clang-format on */

#endif
