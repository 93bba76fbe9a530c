/* Bring-up of the application CPUs, what only arch/x86 uses; arch/smp.h has the rest. */
#ifndef ARCH_X86_SMP_H
#define ARCH_X86_SMP_H

#include "kernel/base/types.h"

/* Every CPU that the firmware reported is online: a broadcast reaches nobody else. */
extern bool smp_all_online;

/* What CR3 of an application CPU named when it joined cpu_online_mask: the reference root (I38). */
phys_addr_t ap_joined_root(unsigned int cpu); /* ap.c */

#endif
