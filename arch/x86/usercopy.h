/* The exception table, for the trap code. */
#ifndef ARCH_X86_USERCOPY_H
#define ARCH_X86_USERCOPY_H

#include "kernel/base/percpu.h"
#include "kernel/base/types.h"

/* Where to go on when the instruction at `rip` faults; 0: it is not one that may. */
u64 ex_table_fixup(u64 rip);

/* This CPU is in a copy whose faults are not to be handled. */
DECLARE_PER_CPU(bool, usercopy_nofault);

#endif
