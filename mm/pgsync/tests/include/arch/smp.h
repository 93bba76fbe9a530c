/* The CPUs of a host test with several: all of them, always online. */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include "kernel/base/percpu.h"

#define for_each_online_cpu(cpu) for ((cpu) = 0; (cpu) < HOST_CPUS; (cpu)++)

static inline void cpu_set_online(unsigned int cpu)
{
	(void)cpu;
}

#endif
