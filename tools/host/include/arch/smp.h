/* Host twin: a host test is one CPU, and it is online. */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#define nr_cpus 1u

#define for_each_cpu(cpu)        for ((cpu) = 0; (cpu) < nr_cpus; (cpu)++)
#define for_each_online_cpu(cpu) for_each_cpu (cpu)

#endif
