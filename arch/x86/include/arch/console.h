/* The early console: the first serial port, polled. For printk(); one writer at a time, by its
 * lock. */
#ifndef ARCH_CONSOLE_H
#define ARCH_CONSOLE_H

#include "kernel/base/types.h"

/* Sets the port up; may be called before anything else. Without a port every write is dropped. */
void early_console_init(void);

/* Writes n bytes; '\n' goes out as "\r\n". Any context; waits for the transmitter, but never for
 * ever. */
void early_console_write(const char *buf, size_t n);

#endif
