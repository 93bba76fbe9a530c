/* Host twin: what the lock checker prints is looked at as it is. */
#ifndef ARCH_MACHINE_H
#define ARCH_MACHINE_H

#include "kernel/base/printk.h"

static inline void pc_print(const char *text, unsigned long pc)
{
	printk("%s %#lx\n", text, pc);
}

#endif
