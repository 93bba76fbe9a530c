/* Bring-up of the application CPUs, what only arch/x86 uses; arch/smp.h has the rest. */
#ifndef ARCH_X86_SMP_H
#define ARCH_X86_SMP_H

#include "kernel/base/types.h"

/* Every CPU that the firmware reported is online: a broadcast reaches nobody else. */
extern bool smp_all_online;

#endif
