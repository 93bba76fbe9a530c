/*
 * The kernel's own messages.
 *
 * printk formats into a buffer on the stack and hands whole lines to the early console (a polled
 * UART), one CPU at a time. It may be called from any context, NMI included; it never sleeps.
 */
#ifndef KERNEL_BASE_PRINTK_H
#define KERNEL_BASE_PRINTK_H

#include "kernel/base/types.h"

/* %d %i %u %x %X %p %s %c %% with flags - 0 + space #, width, precision, * and hh h l ll z t j. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

void printk(const char *fmt, ...) __printf(1, 2);
void vprintk(const char *fmt, va_list ap);

/* Writes bytes as they are, as one piece among other CPUs' output. */
void printk_write(const char *buf, size_t n);

/* Called once nobody else may be trusted to release the console: takes it by force. */
void printk_enter_panic(void);

#endif
