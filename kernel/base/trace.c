/* The rings and their readers: see trace.h. kernel/trace.c writes and turns on. */
#include "kernel/base/trace.h"

#include "kernel/base/printk.h"

DEFINE_PER_CPU(struct trace_event *, trace_ring);
DEFINE_PER_CPU(u64, trace_head);
u64 trace_size;

struct description {
	const char *name, *a, *b;
	enum trace_class class;
};

static const struct description events[TRACE_EVENTS] = {
#define TRACE_EVENT(name, class, a, b) [TRACE_##name] = {#name, #a, #b, TRACE_CLASS_##class},
#include "kernel/base/trace_events.h"
#undef TRACE_EVENT
};

static const char *const class_names[TRACE_CLASSES] = {
	[TRACE_CLASS_pgsync] = "pgsync", [TRACE_CLASS_rcu] = "rcu",
	[TRACE_CLASS_sched] = "sched",   [TRACE_CLASS_syscall] = "syscall",
	[TRACE_CLASS_mark] = "mark",     [TRACE_CLASS_race] = "race",
};

void trace_set_ring(unsigned int cpu, struct trace_event *ring)
{
	per_cpu(trace_head, cpu) = (u64)cpu << TRACE_COUNT_BITS;
	per_cpu(trace_ring, cpu) = ring;
}

u64 trace_count(unsigned int cpu)
{
	return READ_ONCE(per_cpu(trace_head, cpu)) & TRACE_COUNT_MASK;
}

unsigned int trace_last(unsigned int cpu, struct trace_event *out, unsigned int n)
{
	const struct trace_event *ring = per_cpu(trace_ring, cpu);
	u64 end = trace_count(cpu), at = end - MIN(MIN(end, trace_size), (u64)n);
	unsigned int found = 0;

	if (!ring)
		return 0;
	for (; at < end; at++) {
		out[found] = ring[at & (trace_size - 1)];
		/* An NMI has stopped the CPU between its number and its last store. */
		if (out[found].event != TRACE_NONE)
			found++;
	}
	return found;
}

static const struct description *describe(u16 event)
{
	static const struct description unknown = {"?", "a", "b", TRACE_CLASSES};

	return event < TRACE_EVENTS && events[event].name ? &events[event] : &unknown;
}

const char *trace_name(u16 event)
{
	return describe(event)->name;
}

enum trace_class trace_class_of(u16 event)
{
	return describe(event)->class;
}

const char *trace_class_name(enum trace_class class)
{
	return class < TRACE_CLASSES ? class_names[class] : "?";
}

int trace_text(const struct trace_event *event, char *buf, size_t size)
{
	const struct description *d = describe(event->event);

	return snprintf(buf, size, "%llu cpu %u pid %u %s %s=%#llx %s=%#llx",
			(unsigned long long)event->time, event->cpu, event->pid, d->name, d->a,
			(unsigned long long)event->a, d->b, (unsigned long long)event->b);
}
