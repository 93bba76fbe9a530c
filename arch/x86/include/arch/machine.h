/*
 * The machine as a whole: how it ends, and what panic() asks of it.
 *
 * The exit codes go to QEMU's isa-debug-exit device, which makes QEMU exit with (code << 1) | 1.
 * The device is used only with `debugexit=1` on the kernel command line: on a real PC port 0xf4 may
 * be anybody's.
 */
#ifndef ARCH_MACHINE_H
#define ARCH_MACHINE_H

#include "kernel/base/types.h"

struct regs;

enum machine_exit_code {
	EXIT_SUCCESS_CODE = 0x10, /* QEMU exits with 33 */
	EXIT_FAILURE_CODE = 0x11, /* 35 */
	EXIT_PANIC_CODE = 0x12,   /* 37 */
};

/*
 * Ends the machine by the exit device; where there is none, powers it off, but halts after a panic
 * so that its message stays on the screen. Any context.
 */
__noreturn void machine_exit(enum machine_exit_code code);

/* ACPI S5; where that does nothing, halts. */
__noreturn void machine_poweroff(void);

/* This CPU, interrupts off, for good. */
__noreturn void machine_halt(void);

/* Prints the calls that led to `pc`, with frame pointer `frame`, by name. Any context. */
void backtrace_print(unsigned long frame, unsigned long pc);

/* Prints `text` and a kernel address with its function, one line. Any context. */
void pc_print(const char *text, unsigned long pc);

/* The end of the kernel stack on which the address lies, or 0: it is on none. Any context. */
unsigned long stack_end(unsigned long addr);

/* Prints registers, the code at the instruction pointer and the fault address. Any context. */
void regs_print(const struct regs *r);

/* The calls that led to the instruction of `r`. */
void regs_backtrace(const struct regs *r);

/* panic() with the registers of the trap that led to it (kernel/base/panic.c). */
__noreturn void panic_regs(const struct regs *r, const char *fmt, ...) __printf(2, 3);

/*
 * The functions of the calls that led to `pc`, innermost first, in one line, at most so many that they fit. Any
 * context; the stack may be another CPU's, which stands still.
 */
void backtrace_line(unsigned long frame, unsigned long pc, char *buf, size_t size);

/* Whether a CPU that is stopped at `pc` was waiting for an interrupt. */
bool cpu_waits_at(unsigned long pc);

/*
 * For the NMI handler, first thing: does not return when some other CPU is in panic(). Where this one was is noted
 * for its report.
 */
void panic_check_stop(unsigned long frame, unsigned long pc);

/* The id of the task that `cpu` runs, for a panic; the scheduler overrides a weak one that says 0. */
int panic_pid_of(unsigned int cpu);

#endif
