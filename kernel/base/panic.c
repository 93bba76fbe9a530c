/*
 * panic(): see panic.h. panic_regs() and panic_check_stop() are in arch/machine.h.
 *
 * One CPU wins and reports; any other that panics meanwhile halts. The report is a list of parts, the most useful
 * first. A fault inside of one is a panic within the panic: it says so and goes on with the next part, so that a broken
 * one hides neither the first message nor what comes after it; too many of them end the machine.
 */
#include "kernel/base/panic.h"

#include "arch/cpu.h"
#include "arch/ipi.h"
#include "arch/machine.h"
#include "arch/smp.h"
#include "kernel/base/atomic.h"
#include "kernel/base/barrier.h"
#include "kernel/base/lockdep.h"
#include "kernel/base/printk.h"
#include "kernel/base/trace.h"

#define MAX_DEPTH    8
#define TRACE_OWN    32      /* events shown of the CPU that panics */
#define TRACE_OTHERS 8       /* and of each other */
#define STOP_TRIES   2000000 /* looks at CPUs that have not stopped, all together */

/* CPU number + 1 of the CPU that reports; 0: none. */
static u32 panic_owner;
static u32 panic_depth; /* panics of that CPU */
static void (*panic_details)(void), (*panic_last)(void);

/* What is reported; written by the first panic. */
static struct {
	char text[512];
	const struct regs *regs; /* NULL: the caller's own frames, below */
	unsigned long frame, pc;
} first;

/* Where the others were: written by each, then `stopped`. */
struct stop {
	unsigned long frame, pc;
	bool stopped; /* release, partner: the acquire in wait_stopped() */
};

static DEFINE_PER_CPU(struct stop, stop);

void panic_set_report(void (*details)(void), void (*last)(void))
{
	panic_details = details;
	panic_last = last;
}

__attribute__((weak)) int panic_pid_of(unsigned int cpu)
{
	(void)cpu;
	return 0;
}

static __noreturn void stop_here(unsigned long frame, unsigned long pc)
{
	struct stop *s = this_cpu_ptr(&stop);

	s->frame = frame;
	s->pc = pc;
	smp_store_release(&s->stopped, true);
	machine_halt();
}

/* Returns once, to the first CPU that comes; the depth tells a nested panic. */
static u32 panic_claim(unsigned long frame, unsigned long pc)
{
	u32 self, owner;

	irq_disable();
	self = cpu_id() + 1;
	owner = atomic_cmpxchg(&panic_owner, 0, self);
	if (owner && owner != self)
		stop_here(frame, pc);
	return ++panic_depth;
}

/* --- the parts of the report --- */

static void print_calls(const struct regs *regs, unsigned long frame, unsigned long pc)
{
	if (regs)
		regs_backtrace(regs);
	else
		backtrace_print(frame, pc);
}

static void print_where(void)
{
	if (first.regs)
		regs_print(first.regs);
	print_calls(first.regs, first.frame, first.pc);
}

/* False: it does not answer to the NMI, like one that is in a handler of such a kind itself. */
static bool wait_stopped(unsigned int cpu, u32 *tries)
{
	while (!smp_load_acquire(&per_cpu(stop, cpu).stopped)) {
		if (!*tries)
			return false;
		--*tries;
		cpu_relax();
	}
	return true;
}

/* Idle ones are counted only. */
static void print_others(void)
{
	unsigned int cpu, idle = 0;
	u32 tries = STOP_TRIES;
	char text[256];

	for_each_online_cpu (cpu) {
		const struct stop *s = per_cpu_ptr(&stop, cpu);

		if (cpu == cpu_id())
			continue;
		if (!wait_stopped(cpu, &tries)) {
			printk("cpu %u pid %d did not stop\n", cpu, panic_pid_of(cpu));
		} else if (cpu_waits_at(s->pc)) {
			idle++;
		} else {
			backtrace_line(s->frame, s->pc, text, sizeof(text));
			printk("cpu %u pid %d was in %s\n", cpu, panic_pid_of(cpu), text);
		}
	}
	if (idle)
		printk("%u other CPUs were idle\n", idle);
}

static void print_trace_of(unsigned int cpu, unsigned int n)
{
	static struct trace_event events[TRACE_OWN];
	char text[160];

	n = trace_last(cpu, events, n);
	if (n)
		printk("cpu %u, last of %llu events:\n", cpu, (unsigned long long)trace_count(cpu));
	for (unsigned int i = 0; i < n; i++) {
		(void)trace_text(&events[i], text, sizeof(text));
		printk("  %s\n", text);
	}
}

static void print_trace(void)
{
	unsigned int cpu;

	print_trace_of(cpu_id(), TRACE_OWN);
	for_each_online_cpu (cpu)
		if (cpu != cpu_id())
			print_trace_of(cpu, TRACE_OTHERS);
}

static void print_details(void)
{
	if (panic_details)
		panic_details();
}

static void print_last(void)
{
	if (panic_last)
		panic_last();
}

static void (*const parts[])(void) = {
	print_where, lockdep_print_panic, print_others, print_trace, print_details, print_last,
};

static unsigned int next_part;

static void headline(void)
{
	printk("PANIC cpu %u pid %d: %s\n", cpu_id(), panic_pid_of(cpu_id()), first.text);
}

/* Within the report: that the headline could not say who ran is one of the reasons. */
static void nested(const char *fmt, va_list ap)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, ap);
	printk("PANIC cpu %u, within the report of: %s: %s\n", cpu_id(), first.text, text);
}

/* The first panic stops the others, then reports alone; `regs` NULL: the caller's own frames. */
static __noreturn void vpanic(const struct regs *regs, void *frame, void *pc, const char *fmt,
			      va_list ap)
{
	u32 depth = panic_claim((unsigned long)frame, (unsigned long)pc);

	if (depth > MAX_DEPTH)
		machine_exit(EXIT_PANIC_CODE);
	printk_enter_panic();
	if (depth == 1) {
		ipi_broadcast_nmi();
		vsnprintf(first.text, sizeof(first.text), fmt, ap);
		first.regs = regs;
		first.frame = (unsigned long)frame;
		first.pc = (unsigned long)pc;
		headline();
	} else {
		nested(fmt, ap);
		print_calls(regs, (unsigned long)frame, (unsigned long)pc);
	}
	while (next_part < ARRAY_SIZE(parts))
		parts[next_part++]();
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

void panic_check_stop(unsigned long frame, unsigned long pc)
{
	u32 owner = READ_ONCE(panic_owner);

	if (owner && owner != cpu_id() + 1)
		stop_here(frame, pc);
}
