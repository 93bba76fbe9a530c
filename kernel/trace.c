/* Tracing: the writer, and how it is turned on. See trace.h. */
#include "kernel/trace.h"

#include "arch/page.h"
#include "arch/smp.h"
#include "arch/syscall.h"
#include "arch/timer.h"
#include "boot/bootinfo.h"
#include "kernel/base/panic.h"
#include "kernel/base/string.h"
#include "kernel/base/trace.h"
#include "kernel/task.h"
#include "mm/memblock.h"

#define DEFAULT_SIZE 4096
#define MAX_SIZE     (1UL << 20)

/* For tools/trace, which finds it by its symbol in the image, and then reads physical memory. */
struct trace_places {
	u64 size;    /* entries a ring; 0: tracing is off */
	u64 nr_cpus; /* that have one */
	struct {
		phys_addr_t head, ring;
	} cpus[NR_CPUS];
};

struct trace_places trace_places;

/*
 * One XADD takes the next entry: this CPU's alone, and in one instruction, so neither an interrupt nor an NMI on it
 * can take the same one; what they write goes into the entries behind. The CPU's number comes with it, in the bits
 * above the count: a task that is preempted right here, and goes on elsewhere, still writes into the entry that it
 * took, and nothing depends on where it runs by then. So preemption and interrupts stay as they are.
 *
 * The event's number is stored last, and none before the rest: who reads the ring of a CPU that was stopped half-way
 * (by the NMI of a panic) finds TRACE_NONE, and not half an event. x86 keeps the order of stores; barrier() makes
 * the compiler keep it. A writer that slept while the whole ring went round would mix two events; that takes
 * trace_size of them between two of its instructions.
 */
void trace_write(enum trace_id event, u64 a, u64 b)
{
	u64 at = this_cpu_fetch_add(trace_head, 1);
	unsigned int cpu = (unsigned int)(at >> TRACE_COUNT_BITS);
	struct trace_event *e = &per_cpu(trace_ring, cpu)[at & (trace_size - 1)];

	WRITE_ONCE(e->event, TRACE_NONE);
	barrier();
	e->time = cpu_cycles();
	e->cpu = (u16)cpu;
	e->pid = current ? (u32)current->pid : 0;
	e->a = a;
	e->b = b;
	barrier();
	WRITE_ONCE(e->event, (u16)event);
}

static __noreturn void unknown_class(const char *list)
{
	panic("trace=%s: known are 1, all, and of pgsync rcu sched syscall mark race any, "
	      "separated by commas",
	      list);
}

/* The classes that one word of the option stands for, as bits. */
static u32 classes_of(const char *list, const char *word, size_t len)
{
	if (len == 1 && *word == '1')
		return (u32)~BIT(TRACE_CLASS_syscall);
	if (len == 3 && !strncmp(word, "all", len))
		return ~0U;
	for (enum trace_class c = 0; c < TRACE_CLASSES; c++)
		if (strlen(trace_class_name(c)) == len && !strncmp(word, trace_class_name(c), len))
			return (u32)BIT(c);
	unknown_class(list);
}

static u32 parse_classes(const char *list)
{
	const char *word = list, *end;
	u32 classes = 0;

	for (; (end = strchr(word, ',')); word = end + 1)
		classes |= classes_of(list, word, (size_t)(end - word));
	return classes | classes_of(list, word, strlen(word));
}

static void enable(u32 classes)
{
	const struct jump_label_place *p;

	for (p = __jump_labels_start; p < __jump_labels_end; p++)
		if (classes & BIT(trace_class_of((u16)p->key)))
			jump_label_enable(p);
}

static void add_ring(unsigned int cpu)
{
	struct trace_event *ring = early_alloc(trace_size * sizeof(*ring), PAGE_SIZE);
	u64 *head = per_cpu_ptr(&trace_head, cpu);

	trace_set_ring(cpu, ring);
	trace_places.cpus[cpu].ring = virt_to_phys(ring);
	trace_places.cpus[cpu].head = cpu ? virt_to_phys(head) : kernel_image_phys(head);
	trace_places.nr_cpus = cpu + 1;
}

void trace_init(void)
{
	char list[64];
	u64 size = boot_option_u64("trace_events", DEFAULT_SIZE);
	u32 classes;

	if (!boot_option("trace", list, sizeof(list)) || !strcmp(list, "0"))
		return;
	if (size < 2 || size > MAX_SIZE || (size & (size - 1)))
		panic("trace_events=%llu: a power of two, 2 to %lu", (unsigned long long)size,
		      MAX_SIZE);
	classes = parse_classes(list);
	trace_size = trace_places.size = size;
	add_ring(0);
	enable(classes);
	/* The entry code compares with it anyway: so calls that are not traced cost nothing for those that are. */
	if (classes & BIT(TRACE_CLASS_syscall))
		sys_call_count = 0;
}

void trace_init_cpus(void)
{
	unsigned int cpu;

	if (!trace_size)
		return;
	for_each_cpu (cpu)
		if (cpu)
			add_ring(cpu);
}
