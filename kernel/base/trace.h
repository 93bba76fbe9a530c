/*
 * Tracing: each CPU writes what happens on it into a ring of its own.
 *
 *	TRACE(grow_ready, slot, gen);		one event of trace_events.h, two numbers
 *	TRACE_RACE_POINT(walk_found, root, slot);	the same, and a race point of that name behind it
 *	trace_last(cpu, events, n)		the last events of a CPU, for reports
 *
 * Off, which is the default, an event is one NOP (arch/jump_label.h) and its arguments are not looked at. `trace=1`
 * on the kernel command line, or a list of classes (`trace=pgsync,sched`), turns it on at boot and for good.
 *
 * An event may be written in any context: with any lock held, in interrupts, in NMIs, before there are tasks. It
 * takes no lock, waits for nobody, allocates nothing, and has no LOCKed instruction, so that it is not the barrier
 * whose absence it is to show. A full ring overwrites its oldest events; the head says how many there were.
 *
 * On the host (unit tests, pgmodel) TRACE() is nothing.
 */
#ifndef KERNEL_BASE_TRACE_H
#define KERNEL_BASE_TRACE_H

#include "arch/jump_label.h"
#include "arch/trace.h"
#include "kernel/base/percpu.h"
#include "kernel/base/racepoint.h"

enum trace_id {
	TRACE_NONE, /* an entry that is empty, or is just being written */
#define TRACE_EVENT(name, class, a, b) TRACE_##name,
#include "kernel/base/trace_events.h"
#undef TRACE_EVENT
	TRACE_EVENTS,
};

enum trace_class {
	TRACE_CLASS_pgsync,
	TRACE_CLASS_rcu,
	TRACE_CLASS_sched,
	TRACE_CLASS_syscall,
	TRACE_CLASS_mark,
	TRACE_CLASS_race,
	TRACE_CLASSES,
};

/* The host's tools read it as it is: 32 bytes, no holes. */
struct trace_event {
	u64 time; /* TSC */
	u16 event;
	u16 cpu;
	u32 pid; /* of the task that ran; in an interrupt, of the interrupted one */
	u64 a, b;
};

/* clang-format off */
_Static_assert(sizeof(struct trace_event) == 32, "read by tools/trace");
/* clang-format on */

#define TRACE(name, a, b)                                                                          \
	do {                                                                                       \
		if (unlikely(jump_label(TRACE_##name)))                                            \
			arch_trace_write(TRACE_##name, (u64)(a), (u64)(b));                        \
	} while (0)

/* The event first: who waits at the race point has come there. */
#define TRACE_RACE_POINT(name, a, b)                                                               \
	do {                                                                                       \
		TRACE(name, a, b);                                                                 \
		RACE_POINT(name);                                                                  \
	} while (0)

/*
 * The ring: a power of two of entries, `trace_size` on every CPU, or NULL. Event number n is in entry n modulo the
 * size. The head is the number of events ever written, in its low 48 bits, below the CPU's own number: see
 * trace_write().
 */
#define TRACE_COUNT_BITS 48
#define TRACE_COUNT_MASK ((1UL << TRACE_COUNT_BITS) - 1)

DECLARE_PER_CPU(struct trace_event *, trace_ring);
DECLARE_PER_CPU(u64, trace_head);
extern u64 trace_size;

/* Behind TRACE(), implemented by the kernel, which knows who runs. Called by trace_call (arch/trace.h) alone. */
__attribute__((no_caller_saved_registers)) void trace_write(enum trace_id event, u64 a, u64 b);

/* Gives `cpu` its ring, zeroed, of trace_size entries. Before the CPU runs anything that is traced. */
void trace_set_ring(unsigned int cpu, struct trace_event *ring);

/* How many events `cpu` has written since boot; those before the last trace_size of them are overwritten. */
u64 trace_count(unsigned int cpu);

/*
 * Copies the last `n` events of `cpu`, oldest first, into `out`. Returns how many there were: none if tracing is off.
 * An event that is just being written is left out. The CPU must be this one, or stand still; of one that runs, the
 * oldest may be overwritten meanwhile. Any context.
 */
unsigned int trace_last(unsigned int cpu, struct trace_event *out, unsigned int n);

/* Names of an event, and of the class that it belongs to; "?" for none of them. Any context. */
const char *trace_name(u16 event);
enum trace_class trace_class_of(u16 event);
const char *trace_class_name(enum trace_class class);

/* One line of text without an end of line, as snprintf(). Any context. */
int trace_text(const struct trace_event *event, char *buf, size_t size);

#endif
