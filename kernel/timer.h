/*
 * Timers: each CPU has a list by deadline, and its one-shot hardware timer is armed for the first
 * of them. A CPU that waits for nothing has its timer stopped.
 */
#ifndef KERNEL_TIMER_H
#define KERNEL_TIMER_H

#include "kernel/base/list.h"
#include "kernel/base/types.h"

struct ktimer {
	struct list_head node; /* the CPU's timer lock */
	u64 expires;           /* time_ns() */
	unsigned int cpu;
	bool pending;
	/* interrupts off, under the CPU's timer lock: wakes somebody, no more */
	void (*fn)(struct ktimer *timer);
};

/* Boot CPU, when the per-CPU areas are there. */
void timers_init(void);

/* Starts `timer` on this CPU. Any context. */
void ktimer_start(struct ktimer *timer, u64 expires, void (*fn)(struct ktimer *));
/* On return fn is not running and will not run. Any context but fn. */
void ktimer_cancel(struct ktimer *timer);

/* This CPU wants a timer interrupt at `deadline` at the latest. Interrupts off. */
void timer_want(u64 deadline);
/* The hardware timer fired. Interrupts off. */
void timer_expired(void);

#endif
