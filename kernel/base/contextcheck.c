/* Contexts, and what they may do: see contextcheck.h. */
#include "kernel/base/contextcheck.h"

#include "arch/cpu.h"
#include "kernel/base/lockdep.h"
#include "kernel/base/mutant.h"
#include "kernel/base/panic.h"
#include "kernel/base/preempt.h"
#include "kernel/base/rcu.h"

/* Before the first task there is nobody who could be a reader. */
static int readers(void)
{
	return task_locks_self() ? rcu_current_reader()->nesting : 0;
}

/*
 * Of this CPU, in one instruction: who may migrate between two has a zero everywhere, but another CPU has not.
 */
#define LOCKS_HERE(field) this_cpu_read(cpu_locks.field)

/* --- sleeping --- */

/* Boot runs with preemption off until the scheduler has its first task to run, and never waits. */
static bool before_scheduling(void)
{
	return !task_locks_self() || task_is_idle();
}

static void check_atomic(void)
{
	if (unlikely(LOCKS_HERE(irq)))
		panic("sleeping in an interrupt handler");
	if (before_scheduling())
		return;
	if (unlikely(!irqs_enabled()))
		panic("sleeping with interrupts off");
	if (unlikely(preempt_depth()))
		panic("sleeping with preemption off, depth %u, and %u spin locks held",
		      preempt_depth(), LOCKS_HERE(n));
}

void might_sleep(void)
{
	check_atomic();
	if (unlikely(readers()))
		panic("sleeping in an RCU read section, depth %d", readers());
}

void might_schedule(void)
{
	check_atomic();
}

/* --- interrupts --- */

struct context_frame context_enter_irq(void)
{
	struct held_locks *h = this_cpu_ptr(&cpu_locks);
	struct context_frame frame = {
		.locks = h->n, .base = h->base, .preempt = preempt_depth(), .readers = readers()};

	h->irq++;
	WRITE_ONCE(h->base, h->n);
	return frame;
}

void context_leave_irq(const struct context_frame *frame, u64 vector)
{
	struct held_locks *h = this_cpu_ptr(&cpu_locks);

	if (unlikely(h->n != frame->locks || preempt_depth() != frame->preempt ||
		     readers() != frame->readers || irqs_enabled()))
		panic("the handler of vector %llu found %u locks, preemption depth %u and "
		      "%d read sections, and leaves %u, %u and %d, interrupts %s",
		      (unsigned long long)vector, frame->locks, frame->preempt, frame->readers,
		      h->n, preempt_depth(), readers(), irqs_enabled() ? "on" : "off");
	WRITE_ONCE(h->base, frame->base);
	h->irq--;
}

struct context_frame context_enter_nmi(void)
{
	struct context_frame frame = context_enter_irq();

	this_cpu_ptr(&cpu_locks)->nmi++;
	return frame;
}

void context_leave_nmi(const struct context_frame *frame)
{
	this_cpu_ptr(&cpu_locks)->nmi--;
	context_leave_irq(frame, 2);
}

/* With a spin lock held it stays on this CPU; without one it need not, and has no base to keep there. */
struct context_frame context_enter_aside(void)
{
	struct held_locks *h = this_cpu_ptr(&cpu_locks);
	struct task_locks *mine = task_locks_self();
	struct context_frame frame = {
		.locks = h->n, .base = h->base, .mutex_base = mine ? mine->held.base : 0};

	if (h->n)
		h->base = h->n;
	if (mine)
		mine->held.base = mine->held.n;
	return frame;
}

void context_leave_aside(const struct context_frame *frame)
{
	struct task_locks *mine = task_locks_self();

	if (frame->locks)
		this_cpu_ptr(&cpu_locks)->base = frame->base;
	if (mine)
		mine->held.base = frame->mutex_base;
}

/* --- tasks --- */

void context_leave_kernel(void)
{
	const struct task_locks *mine = task_locks_self();

	if (unlikely(preempt_depth() || LOCKS_HERE(irq) || readers() || mine->held.n))
		panic("a task leaves the kernel: preemption depth %u, %u spin locks, %u mutexes, "
		      "%d read sections, %u interrupts",
		      preempt_depth(), LOCKS_HERE(n), mine->held.n, readers(), LOCKS_HERE(irq));
}

/* --- RCU --- */

void context_check_reader(void)
{
	/* That mutant is for the test of what happens then. */
	if (unlikely(!readers()) && !MUTANT(walk_no_rcu))
		panic("what RCU protects is looked at outside of a read section");
}

void context_check_no_irq(void)
{
	if (unlikely(LOCKS_HERE(irq)))
		panic("call_rcu() in an interrupt handler");
}
