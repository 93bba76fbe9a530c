/*
 * Names of kernel addresses, for backtraces.
 *
 * The table is made from the linked kernel by tools/ksyms and linked in last, where it moves
 * nothing.
 */
#ifndef ARCH_X86_KSYMS_H
#define ARCH_X86_KSYMS_H

#include "kernel/base/types.h"

/*
 * The function that `addr` lies in, and in *offset the bytes from its beginning; NULL when it is
 * not kernel text or there is no table. Any context.
 */
const char *ksym_lookup(unsigned long addr, unsigned long *offset);

#endif
