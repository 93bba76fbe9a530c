/*
 * What every host test links in place of the kernel's own: panic, printk, the preemption count, the task
 * whose allocations are counted.
 *
 * panic() ends the test through cmocka, so expect_assert_failure() can show that an ASSERT fires.
 * printk goes to standard output and is weak: the test of the real one links that instead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arch/page.h"
#include "kernel/base/lockdep.h"
#include "kernel/base/panic.h"
#include "kernel/base/preempt.h"
#include "kernel/base/printk.h"
#include "mm/allocfail.h"
#include "mm/mm.h"
#include "mm/oom.h"

DEFINE_PER_CPU(u32, preempt_count)
= PREEMPT_NO_RESCHED;

/* The last panic message, for tests that look at its values. */
char host_panic_message[512];
unsigned int host_levels = 4;

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(vsnprintf)(host_panic_message, sizeof(host_panic_message), fmt, ap);
	va_end(ap);
	mock_assert(0, host_panic_message, "panic", 0);
	abort();
}

__attribute__((weak)) void vprintk(const char *fmt, va_list ap)
{
	vprintf(fmt, ap);
}

__attribute__((weak)) void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

__attribute__((weak)) void printk_write(const char *buf, size_t n)
{
	fwrite(buf, 1, n, stdout);
}

/* It holds no mutex. */
struct task_locks *task_locks_self(void)
{
	return NULL;
}

struct task_locks *task_locks_of(unsigned int cpu)
{
	(void)cpu;
	return NULL;
}

bool task_is_idle(void)
{
	return false;
}

/* All of a test is one task. */
struct alloc_failure *current_alloc_failure(void)
{
	static struct alloc_failure failure;

	return &failure;
}

/* No test has set one. */
unsigned long mm_limit(enum mm_limit which)
{
	return which == MM_LIMIT_STACK ? STACK_MAX : ~0UL;
}

/* Nobody is there who could be killed. */
bool out_of_memory(void)
{
	return false;
}

/* No host test sets the need to reschedule unless it brings its own. */
__attribute__((weak)) void preempt_schedule(void)
{
	panic("preempt_schedule called in a host test");
}
