/*
 * printk: formats a message and hands it to the early console in one piece: see
 * kernel/base/printk.h.
 *
 * The console has a lock of its own kind, because printk must work where a spinlock may not be
 * taken: in an NMI that interrupted the holder, in a fault inside of printk, on a CPU whose rival
 * is dead. A waiter waits for a bounded time and then writes anyway: a mixed line is better than
 * none. Interrupts are off while it is held, so that a holder is delayed by nothing but the port.
 *
 * After printk_enter_panic() only that CPU writes; what others print is dropped.
 */
#include "kernel/base/printk.h"

#include "arch/console.h"
#include "arch/cpu.h"
#include "kernel/base/atomic.h"
#include "kernel/base/barrier.h"
#include "kernel/base/string.h"

/* Bytes of one message; the rest is cut and marked. */
#define MESSAGE_SIZE 512

/* Tries before a waiter gives up: seconds, also when 64 CPUs share two. */
#define CONSOLE_TRIES (1u << 24)

static u32 console_owner; /* CPU number + 1, 0 when free */
static u32 panic_owner;   /* CPU number + 1 of the CPU that panics, 0 before */

/*
 * True when the console is now ours to release. False: write all the same, but leave the word
 * alone: this CPU holds it already in what was interrupted, or the holder does not let go.
 */
static bool console_acquire(u32 me)
{
	u32 tries;

	for (tries = 0; tries < CONSOLE_TRIES; tries++) {
		u32 owner = READ_ONCE(console_owner);

		if (owner == me)
			return false;
		if (owner == 0 && atomic_cmpxchg(&console_owner, 0, me) == 0)
			return true;
		cpu_relax();
	}
	return false;
}

void printk_write(const char *buf, size_t n)
{
	unsigned long flags = irq_save();
	u32 me = cpu_id() + 1;
	u32 panicking = READ_ONCE(panic_owner);
	bool locked;

	if (panicking == 0 || panicking == me) {
		locked = console_acquire(me);
		early_console_write(buf, n);
		if (locked)
			smp_store_release(&console_owner, 0);
	}
	irq_restore(flags);
}

void vprintk(const char *fmt, va_list ap)
{
	static const char cut[] = " [cut]\n";
	char buf[MESSAGE_SIZE];
	size_t n = (size_t)vsnprintf(buf, sizeof(buf), fmt, ap);

	if (n >= sizeof(buf)) {
		n = sizeof(buf);
		memcpy(buf + n - sizeof(cut), cut, sizeof(cut));
		n--;
	}
	printk_write(buf, n);
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

/* The holder may be stopped in the middle of its line: the word is overwritten, not waited for. */
void printk_enter_panic(void)
{
	u32 me = cpu_id() + 1;

	WRITE_ONCE(panic_owner, me);
	WRITE_ONCE(console_owner, me);
}
