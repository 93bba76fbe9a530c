/*
 * Debug builds: what a context may do, and how it must leave things. A release build has nothing of it.
 *
 *	might_sleep()			the caller would sleep, if it had to: whether it may is asked now, every time
 *	context_enter_irq() ...		around interrupt handlers: balance of locks, preemption, read sections
 *	context_leave_kernel()		a task goes back to user mode, with nothing in its hands
 *
 * A violation is a panic that says what is wrong; the locks of all CPUs, with the places where they were taken, are in
 * its report (lockdep.h).
 */
#ifndef KERNEL_BASE_CONTEXTCHECK_H
#define KERNEL_BASE_CONTEXTCHECK_H

#include "kernel/base/debug.h"
#include "kernel/base/types.h"

#if DEBUG_KERNEL

/* As it was found by an interrupt handler. */
struct context_frame {
	u32 locks, base, mutex_base, preempt;
	int readers;
};

/* Process context without a spin lock, interrupts and preemption on, outside of read sections: else a panic. */
void might_sleep(void);
/* The same, but a read section is no obstacle: the caller gives way, and stays runnable. */
void might_schedule(void);

/*
 * Around the handler of an interrupt and of an NMI: the locks of what is interrupted are not its own, and it leaves
 * as many locks, read sections and reasons against preemption as it found. Interrupts off.
 */
struct context_frame context_enter_irq(void);
void context_leave_irq(const struct context_frame *frame, u64 vector);
struct context_frame context_enter_nmi(void);
void context_leave_nmi(const struct context_frame *frame);

/* Around what a test does in the middle of a step, in place of another CPU or task (racepoint.h). Any context. */
struct context_frame context_enter_aside(void);
void context_leave_aside(const struct context_frame *frame);

/* The running task returns to user mode, or ends. Any state of interrupts. */
void context_leave_kernel(void);

/* At what RCU protects: outside of a read section it is a panic. */
void context_check_reader(void);
/* Where an interrupt handler may not come. */
void context_check_no_irq(void);

#else

struct context_frame {
};

static inline void might_sleep(void)
{
}

static inline void might_schedule(void)
{
}

static inline struct context_frame context_enter_irq(void)
{
	return (struct context_frame){};
}

static inline void context_leave_irq(const struct context_frame *frame, u64 vector)
{
	(void)frame;
	(void)vector;
}

static inline struct context_frame context_enter_nmi(void)
{
	return (struct context_frame){};
}

static inline void context_leave_nmi(const struct context_frame *frame)
{
	(void)frame;
}

static inline struct context_frame context_enter_aside(void)
{
	return (struct context_frame){};
}

static inline void context_leave_aside(const struct context_frame *frame)
{
	(void)frame;
}

static inline void context_leave_kernel(void)
{
}

static inline void context_check_reader(void)
{
}

static inline void context_check_no_irq(void)
{
}

#endif

#endif
