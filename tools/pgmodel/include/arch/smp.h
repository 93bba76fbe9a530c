/* The explorer's twin of the set of CPUs: the actors of the program, always online. */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include "kernel/base/percpu.h"

unsigned int model_cpus(void);

static inline bool cpu_online(unsigned int cpu)
{
	return cpu < model_cpus();
}

#define for_each_cpu(cpu)        for ((cpu) = 0; (cpu) < model_cpus(); (cpu)++)
#define for_each_online_cpu(cpu) for_each_cpu (cpu)

#endif
