/*
 * The printed interleaving. During a replay every step on a shared location becomes a line; a store
 * that reaches memory before anything else happens is shown as one line, one that does not as two:
 * into the store buffer, and drained from there to memory.
 *
 * Fields are separated by tabs for tools/pgmodel/run, which puts source lines in place of the
 * code addresses and a symbol in place of <0x...>.
 */
#include "tools/pgmodel/engine.h"

#include <stdio.h>
#include <string.h>

#define MAX_LINES   4000
#define MAX_CALLERS 6

struct line {
	unsigned int cpu;
	enum op_kind kind;
	const void *pc[MAX_CALLERS]; /* the access, who called that function, and so on */
	char what[240];
	u32 drain; /* of a store: the line of its drain */
	bool buffered, is_drain, hidden;
};

bool tracing;

static struct line lines[MAX_LINES + 1]; /* line 0 is none */
static u32 nr_lines;

void trace_begin(void)
{
	nr_lines = 0;
}

static struct line *add(const struct actor *a, enum op_kind kind)
{
	struct line *l = &lines[nr_lines < MAX_LINES ? ++nr_lines : MAX_LINES];

	*l = (struct line){.cpu = actor_number(a), .kind = kind};
	return l;
}

struct frame {
	const struct frame *caller;
	const void *return_address;
};

/* The frames above the callback's, by frame pointers; below it are the explorer's own. */
static void add_callers(struct line *l, const void *pc)
{
	const struct frame *f = __builtin_frame_address(0);
	unsigned int n = 0;

	l->pc[n++] = pc;
	while (f && f->return_address != pc)
		f = f->caller;
	while (f && n < MAX_CALLERS && (f = f->caller))
		l->pc[n++] = f->return_address;
}

static void name(const void *addr, char *buf, size_t n)
{
	if (!world_name(addr, buf, n))
		snprintf(buf, n, "<%p>", addr);
}

/* Addresses by name, page-table entries by what they lead to, everything else as a number. */
static void value_name(u64 value, char *buf, size_t n)
{
	if (world_value(value, buf, n))
		return;
	if (in_world((void *)value))
		name((void *)value, buf, n);
	else
		snprintf(buf, n, value < 4096 ? "%llu" : "%#llx", (unsigned long long)value);
}

static const char *const verbs[] = {
	[OP_LOAD] = "load %s -> %s",      [OP_STORE] = "store %s = %s", [OP_RMW] = "LOCKed %s = %s",
	[OP_FENCE] = "full barrier",      [OP_LOCK] = "lock %s",        [OP_FREE] = "free %s",
	[OP_AWAIT] = "wait for %s -> %s", [OP_NOW] = "%s = %s",
};

static bool of_interest(const struct actor *a, const struct op *op)
{
	unsigned int cpu = actor_number(a);

	return !pool_fresh(op->addr, cpu) && sharing_of_interest(cpu, op);
}

u32 trace_step(const struct actor *a, const struct op *op, u64 value)
{
	char where[100] = "", what[100];
	struct line *l;

	if (!tracing || (op->size && !of_interest(a, op)))
		return 0;
	if (op->size)
		name(op->addr, where, sizeof(where));
	value_name(value, what, sizeof(what));
	l = add(a, op->kind);
	add_callers(l, op->pc);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(l->what, sizeof(l->what), verbs[op->kind], where, what);
#pragma GCC diagnostic pop
	return nr_lines;
}

void trace_note(const struct actor *a, const char *text)
{
	struct line *l = add(a, OP_END);

	snprintf(l->what, sizeof(l->what), "%s", text);
}

void trace_buffered(u32 event)
{
	lines[event].buffered = true;
}

void trace_drain(const struct actor *a, const struct store *s)
{
	struct line *store = &lines[s->event], *l;
	char what[sizeof(store->what)];

	if (!tracing || !s->event)
		return;
	memcpy(what, store->what + strlen("store "), sizeof(what) - strlen("store "));
	l = add(a, OP_STORE);
	memcpy(l->pc, store->pc, sizeof(l->pc));
	l->is_drain = true;
	snprintf(l->what, sizeof(l->what), "drained: %.200s", what);
	store->drain = nr_lines;
}

/*
 * A store is issued as soon as its CPU gets there, because that is no choice. It reads better where
 * the CPU goes on: right before its next line.
 */
static void sink_stores(u32 *order)
{
	for (u32 i = 1; i <= nr_lines; i++)
		order[i] = i;
	for (u32 i = nr_lines; i >= 1; i--) {
		const struct line *l = &lines[order[i]];

		if (!l->buffered)
			continue;
		for (u32 j = i; j < nr_lines && lines[order[j + 1]].cpu != l->cpu; j++) {
			u32 swap = order[j];

			order[j] = order[j + 1];
			order[j + 1] = swap;
		}
	}
}

/* Nothing but this CPU's stores, and their drains, between the store and its drain. */
static bool at_once(const u32 *order, u32 at)
{
	const struct line *l = &lines[order[at]];

	for (u32 i = at + 1; i <= nr_lines; i++) {
		if (order[i] == l->drain)
			return true;
		if (lines[order[i]].cpu != l->cpu || lines[order[i]].kind != OP_STORE)
			return false;
	}
	return false;
}

static void mark_buffered(const u32 *order)
{
	for (u32 i = 1; i <= nr_lines; i++) {
		struct line *l = &lines[order[i]];

		if (!l->buffered)
			continue;
		if (at_once(order, i))
			lines[l->drain].hidden = true;
		else
			strncat(l->what,
				l->drain ? "   (in its store buffer)"
					 : "   (in its store buffer to the end)",
				sizeof(l->what) - strlen(l->what) - 1);
	}
}

void trace_print(const struct program *p, const char *why)
{
	static u32 order[MAX_LINES + 2];
	unsigned int nr = 0;

	sink_stores(order);
	mark_buffered(order);
	for (u32 i = 1; i <= nr_lines; i++) {
		const struct line *l = &lines[order[i]];

		if (l->hidden)
			continue;
		printf("step\t%u\tCPU %u %s\t%s\t", ++nr, l->cpu, p->actors[l->cpu].name, l->what);
		for (unsigned int c = 0; c < MAX_CALLERS && l->pc[c]; c++)
			printf("%s%p", c ? " " : "", l->pc[c]);
		printf("\n");
	}
	printf("wrong\t%s\n", why);
}
