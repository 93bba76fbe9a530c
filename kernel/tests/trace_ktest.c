/*
 * Tracing in the running kernel: off it leaves nothing, on it loses nothing, whoever interrupts whom. The tests of
 * what it says are on the host (tools/tests/test_trace.py).
 */
#include "arch/cpu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "kernel/base/atomic.h"
#include "kernel/base/ktest.h"
#include "kernel/base/mix.h"
#include "kernel/base/string.h"
#include "kernel/base/trace.h"
#include "kernel/sched.h"
#include "kernel/tests/actor.h"
#include "kernel/timer.h"
#include "mm/slab.h"

#define WRITERS  4
#define EACH     200
#define TIMER_ID WRITERS

/* How many marks of each writer were found, and how often the timer has written one. */
static u32 found[WRITERS + 1], ticks;
static struct trace_event *copy;

static bool on(enum trace_class class)
{
	const struct jump_label_place *p;

	for (p = __jump_labels_start; p < __jump_labels_end; p++)
		if (trace_class_of((u16)p->key) == class)
			return jump_label_enabled(p);
	return false;
}

/* All places of a class are on, or all are off. */
KTEST(trace, a_class_is_on_as_a_whole)
{
	const struct jump_label_place *p;

	KTEST_EXPECT(&__jump_labels_start[0] < &__jump_labels_end[0]);
	for (p = __jump_labels_start; p < __jump_labels_end; p++) {
		KTEST_EXPECT(p->key > TRACE_NONE && p->key < TRACE_EVENTS);
		KTEST_EXPECT_EQ(jump_label_enabled(p), on(trace_class_of((u16)p->key)));
	}
}

KTEST(trace, off_nothing_is_written)
{
	unsigned int evaluated = 0, cpu;

	if (trace_size)
		KTEST_SKIP("tracing is on");
	TRACE(mark, ++evaluated, 0);
	KTEST_EXPECT_EQ(evaluated, 0);
	for_each_cpu (cpu)
		KTEST_EXPECT_EQ(trace_count(cpu), 0);
}

/* b says whether a belongs to it: half of one event and half of another do not fit. */
static void mark(u64 writer, u64 n)
{
	TRACE(mark, writer << 32 | n, mix64(writer << 32 | n));
}

static void tick(struct ktimer *timer)
{
	(void)timer;
	mark(TIMER_ID, atomic_fetch_add(&ticks, 1));
}

/* With a timer that goes off somewhere in between, and a chance to move. */
static int write_marks(void *number)
{
	struct ktimer timer = {0};

	for (u64 n = 0; n < EACH; n++) {
		if (n % 20 == 0) {
			ktimer_cancel(&timer);
			yield_and_relax();
			ktimer_start(&timer, time_ns() + 1000 + ktest_random() % 4000, tick);
		}
		mark((u64)number % WRITERS, n);
	}
	ktimer_cancel(&timer);
	return 0;
}

static void count_marks(const struct trace_event *e, unsigned int cpu)
{
	if (e->event != TRACE_mark)
		return;
	KTEST_EXPECT_EQ(e->cpu, cpu);
	KTEST_EXPECT_EQ(e->b, mix64(e->a));
	KTEST_EXPECT(e->a >> 32 <= TIMER_ID);
	found[e->a >> 32]++;
}

/*
 * Threads that are preempted and moved between the steps of an event, and a timer that interrupts them there: each
 * event is in one ring, whole, once.
 */
KTEST(trace, nothing_is_lost_or_torn)
{
	unsigned int cpu, n;

	if (!on(TRACE_CLASS_mark))
		KTEST_SKIP("tracing is off");
	copy = kmalloc(trace_size * sizeof(*copy), GFP_KERNEL);
	KTEST_EXPECT(copy);
	if (!copy)
		return;
	memset(found, 0, sizeof(found));
	ticks = 0;
	run_crowd(WRITERS * 2, write_marks);
	for_each_cpu (cpu) {
		KTEST_EXPECT(trace_count(cpu) <= trace_size);
		n = trace_last(cpu, copy, (unsigned int)trace_size);
		for (unsigned int i = 0; i < n; i++)
			count_marks(&copy[i], cpu);
	}
	for (unsigned int writer = 0; writer < WRITERS; writer++)
		KTEST_EXPECT_EQ(found[writer], 2 * EACH);
	KTEST_EXPECT(ticks > 0);
	KTEST_EXPECT_EQ(found[TIMER_ID], ticks);
	kfree(copy);
}
