/*
 * panic(): see panic.h. panic_regs() and panic_check_stop() are in arch/machine.h.
 *
 * One CPU wins and reports; any other that panics meanwhile halts. A panic within the winner's own
 * report prints one line and ends the machine, so a broken printer cannot hide the first message or
 * hang.
 */
#include "kernel/base/panic.h"

#include "arch/cpu.h"
#include "arch/ipi.h"
#include "arch/machine.h"
#include "kernel/base/atomic.h"
#include "kernel/base/lockdep.h"
#include "kernel/base/printk.h"

/* CPU number + 1 of the CPU that reports; 0: none. */
static u32 panic_owner;
static u32 panic_depth; /* panics of that CPU */
static void (*panic_report)(void);

void panic_set_report(void (*report)(void))
{
	panic_report = report;
}

__attribute__((weak)) int panic_current_pid(void)
{
	return 0;
}

/* Returns once, to the first CPU that comes; the depth tells a nested panic. */
static u32 panic_claim(void)
{
	u32 self, owner;

	irq_disable();
	self = cpu_id() + 1;
	owner = atomic_cmpxchg(&panic_owner, 0, self);
	if (owner && owner != self)
		machine_halt();
	return ++panic_depth;
}

static void headline(const char *fmt, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	printk("PANIC cpu %u pid %d: %s\n", cpu_id(), panic_current_pid(), text);
}

/* The first panic stops the others, then reports alone; `regs` NULL: the caller's own frames. */
static __noreturn void vpanic(const struct regs *regs, void *frame, void *pc, const char *fmt,
			      va_list ap)
{
	u32 depth = panic_claim();

	if (depth > 2)
		machine_exit(EXIT_PANIC_CODE);
	printk_enter_panic();
	if (depth == 1)
		ipi_broadcast_nmi();
	headline(fmt, ap);
	if (depth == 1 && regs) {
		regs_print(regs);
		regs_backtrace(regs);
	} else if (depth == 1) {
		backtrace_print((unsigned long)frame, (unsigned long)pc);
	}
	if (depth == 1)
		lockdep_print_panic();
	if (depth == 1 && panic_report)
		panic_report();
	machine_exit(EXIT_PANIC_CODE);
}

/*
 * Both keep their callers' frames apart: the backtrace begins with who called panic. Not inlined,
 * so that frame 0 is their own.
 */
noinline void panic(const char *fmt, ...)
{
	const void *const *frame = __builtin_frame_address(0);
	va_list ap;

	va_start(ap, fmt);
	vpanic(NULL, (void *)frame[0], __builtin_return_address(0), fmt, ap);
}

noinline void panic_regs(const struct regs *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vpanic(r, NULL, NULL, fmt, ap);
}

void panic_check_stop(void)
{
	u32 owner = READ_ONCE(panic_owner);

	if (owner && owner != cpu_id() + 1)
		machine_halt();
}
