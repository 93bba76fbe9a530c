/* Host twin of the early console: the test that links printk.c brings the function. */
#ifndef ARCH_CONSOLE_H
#define ARCH_CONSOLE_H

#include "kernel/base/types.h"

void early_console_write(const char *buf, size_t n);

#endif
