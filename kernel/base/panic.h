/*
 * The end of the road: panic() prints what, where and on which CPU, with registers and a symbolised
 * backtrace, stops the other CPUs and ends the machine with the panic exit code.
 */
#ifndef KERNEL_BASE_PANIC_H
#define KERNEL_BASE_PANIC_H

#include "kernel/base/compiler.h"

__noreturn void panic(const char *fmt, ...) __printf(1, 2);

/* The first panic calls `details`, and last of all `last`, before the machine ends. They must not allocate or lock. */
void panic_set_report(void (*details)(void), void (*last)(void));

#define BUG(fmt, ...) panic("%s:%d: %s: " fmt, __FILE__, __LINE__, __func__, ##__VA_ARGS__)

/* The condition and, for what is compared, the values. */
#define ASSERT(cond)                                                                               \
	do {                                                                                       \
		if (unlikely(!(cond)))                                                             \
			BUG("assertion failed: %s", #cond);                                        \
	} while (0)

#define ASSERT_MSG(cond, fmt, ...)                                                                 \
	do {                                                                                       \
		if (unlikely(!(cond)))                                                             \
			BUG("assertion failed: %s: " fmt, #cond, ##__VA_ARGS__);                   \
	} while (0)

#endif
