/* The order of locks as seen at run time: see lockgraph.h. */
#include "kernel/base/lockgraph.h"

#include "arch/cpu.h"
#include "arch/machine.h"
#include "kernel/base/barrier.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"

#define LOCKDEP_INFO(rank_, name_) [LOCK_##name_] = {.name = #name_, .rank = (rank_)},
const struct lock_class_info lock_classes[NR_LOCK_CLASSES] = {
	[LOCK_unclassed] = {.name = "(no class)"}, LOCK_CLASSES(LOCKDEP_INFO)};

struct edge_sites {
	unsigned long outer, inner;
};

/* All written by who has the graph; lock_edges and lock_uses are read by everybody. */
u64 lock_edges[NR_LOCK_CLASSES];
u64 lock_uses[NR_LOCK_USES];
static u64 reach[NR_LOCK_CLASSES]; /* by any number of edges */
static struct edge_sites edge_sites[NR_LOCK_CLASSES][NR_LOCK_CLASSES];
static unsigned long use_sites[NR_LOCK_USES][NR_LOCK_CLASSES];

/*
 * A word of its own kind: the checker cannot use what it checks. Interrupts are off while it is held, and an NMI does
 * not come here.
 */
static u32 graph_owner;

static unsigned long graph_lock(void)
{
	unsigned long flags = irq_save();

	while (atomic_cmpxchg(&graph_owner, 0, cpu_owner_mark()) != 0)
		cpu_relax();
	return flags;
}

static void graph_unlock(unsigned long flags)
{
	smp_store_release(&graph_owner, 0);
	irq_restore(flags);
}

/* --- the report: lines for the panic, collected before it; the graph is ours, for good --- */

#define REPORT_LINES 24

static struct {
	const char *what;
	enum lock_class class;
	unsigned long site;
} lines[REPORT_LINES];

static unsigned int nr_lines;

static void line(const char *what, enum lock_class class, unsigned long site)
{
	if (nr_lines == REPORT_LINES)
		return;
	lines[nr_lines].what = what;
	lines[nr_lines].class = class;
	lines[nr_lines++].site = site;
}

void lockgraph_print_report(void)
{
	char text[80];

	for (unsigned int i = 0; i < nr_lines; i++) {
		snprintf(text, sizeof(text), "  %s: %s", lines[i].what,
			 lock_classes[lines[i].class].name);
		pc_print(text, lines[i].site);
	}
}

static const char *name(enum lock_class class)
{
	return lock_classes[class].name;
}

/* The edges of a shortest way between two classes, of which there is one. */
static void line_path(enum lock_class from, enum lock_class to)
{
	u8 before[NR_LOCK_CLASSES] = {0}, way[NR_LOCK_CLASSES];
	u64 seen = BIT(from), front = seen, next;
	unsigned int n = 0;

	for (; front && !(seen & BIT(to)); front = next) {
		next = 0;
		for (unsigned int a = 0; a < NR_LOCK_CLASSES; a++) {
			u64 more = front & BIT(a) ? lock_edges[a] & ~seen : 0;

			for (unsigned int b = 0; b < NR_LOCK_CLASSES; b++)
				if (more & BIT(b))
					before[b] = (u8)a;
			seen |= more;
			next |= more;
		}
	}
	for (unsigned int b = to; b != from && n < NR_LOCK_CLASSES; b = before[b])
		way[n++] = (u8)b;
	for (unsigned int a = from; n; a = way[n]) {
		n--;
		line("before, held", a, edge_sites[a][way[n]].outer);
		line("       took", way[n], edge_sites[a][way[n]].inner);
	}
}

static void line_edge(const struct held_lock *outer, const struct held_lock *inner)
{
	line("now, holds", outer->class, outer->site);
	line("     takes", inner->class, inner->site);
}

/* --- edges --- */

static void check_edge(const struct held_lock *outer, const struct held_lock *inner)
{
	unsigned int a = lock_classes[outer->class].rank, b = lock_classes[inner->class].rank;

	if (outer->class == inner->class) {
		line_edge(outer, inner);
		panic("lock recursion: %s %p is taken while %s %p is held", name(inner->class),
		      (const void *)inner->lock,
		      outer->lock == inner->lock ? "the same" : "another",
		      (const void *)outer->lock);
	}
	if (a && b && b <= a) {
		line_edge(outer, inner);
		panic("lock order: %s (rank %u) is taken while %s (rank %u) is held",
		      name(inner->class), b, name(outer->class), a);
	}
	if (reach[inner->class] & BIT(outer->class)) {
		line_edge(outer, inner);
		line_path(inner->class, outer->class);
		panic("lock order: %s is taken while %s is held, and elsewhere the other way round",
		      name(inner->class), name(outer->class));
	}
}

static void close_over(enum lock_class outer, enum lock_class inner)
{
	u64 more = BIT(inner) | reach[inner];

	for (unsigned int a = 0; a < NR_LOCK_CLASSES; a++)
		if (a == outer || reach[a] & BIT(outer))
			reach[a] |= more;
}

/* --- contexts --- */

struct use_pair {
	enum lock_use outer, inner;
	const char *outer_text, *inner_text;
};

/*
 * Of one class, or of two of which the second is taken inside of the first.
 *
 * The first: a CPU that holds the inner one with interrupts on is interrupted, and its handler waits for the outer one;
 * whose holder waits for the inner one. The second: a CPU waits with interrupts off for the outer one, whose
 * holder waits for the inner one, whose holder waits for the first CPU to take an interrupt.
 */
static const struct use_pair bad_pairs[] = {
	{USE_IN_IRQ, USE_IRQS_ON, "taken in an interrupt handler", "held with interrupts on"},
	{USE_IRQS_OFF, USE_OVER_CALL, "waited for with interrupts off",
	 "held while other CPUs are interrupted and waited for"},
};

static void check_pair(const struct use_pair *pair, enum lock_class a)
{
	u64 bad = (reach[a] | BIT(a)) & lock_uses[pair->inner];
	enum lock_class b = bad ? (enum lock_class)__builtin_ctzl(bad) : LOCK_unclassed;

	if (!bad)
		return;
	line(pair->outer_text, a, use_sites[pair->outer][a]);
	if (a != b)
		line_path(a, b);
	line(pair->inner_text, b, use_sites[pair->inner][b]);
	if (a == b)
		panic("interrupt state: %s is %s, and %s", name(a), pair->outer_text,
		      pair->inner_text);
	panic("interrupt state: %s is %s; %s, taken inside of it, is %s", name(a), pair->outer_text,
	      name(b), pair->inner_text);
}

static void check_uses(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bad_pairs); i++)
		for (unsigned int a = 0; a < NR_LOCK_CLASSES; a++)
			if (lock_uses[bad_pairs[i].outer] & BIT(a))
				check_pair(&bad_pairs[i], a);
}

void lock_edge_add(const struct held_lock *outer, const struct held_lock *inner)
{
	unsigned long flags = graph_lock();
	struct edge_sites *sites = &edge_sites[outer->class][inner->class];

	if (!lock_edge_known(outer->class, inner->class)) {
		sites->outer = outer->site;
		sites->inner = inner->site;
		check_edge(outer, inner);
		close_over(outer->class, inner->class);
		WRITE_ONCE(lock_edges[outer->class], lock_edges[outer->class] | BIT(inner->class));
		check_uses();
	}
	graph_unlock(flags);
}

void lock_use_add(enum lock_class class, enum lock_use use, unsigned long site)
{
	unsigned long flags = graph_lock();

	if (!lock_use_known(class, use)) {
		use_sites[use][class] = site;
		WRITE_ONCE(lock_uses[use], lock_uses[use] | BIT(class));
		check_uses();
	}
	graph_unlock(flags);
}

void lockgraph_print(void)
{
	static const char *const words[NR_LOCK_USES] = {
		[USE_IN_IRQ] = "irq",
		[USE_IRQS_ON] = "irqs-on",
		[USE_OVER_CALL] = "over-call",
		[USE_IRQS_OFF] = "irqs-off",
	};

	for (unsigned int a = 1; a < NR_LOCK_CLASSES; a++) {
		printk("# locks: %s", name(a));
		for (unsigned int use = 0; use < NR_LOCK_USES; use++)
			if (lock_use_known(a, use))
				printk(" %s", words[use]);
		printk(":");
		for (unsigned int b = 1; b < NR_LOCK_CLASSES; b++)
			if (lock_edge_known(a, b))
				printk(" %s", name(b));
		printk("\n");
	}
}
