/*
 * The kernel half of the page tables as a text: see format.h.
 *
 *	slots  273-276 402 468 511
 *	  pid command         class     table       gen     life cpus missing slots
 *	    - (reference)     init      0x1f5000      3        -    2       - #######
 *	    1 init            live      0x2c7000      2        1    1       0 #######
 *
 * A strip has a character for each slot that the reference has, or some root: `#` it is there, `o` it is there
 * and not ready yet, `.` it is not, `!` it is there and not in the reference.
 */
#include <stdio.h>

#include "user/proc/format.h"

struct columns {
	unsigned int n;
	uint8_t slots[PROCINFO_SLOTS]; /* less PROCINFO_FIRST_SLOT */
};

static bool has(const uint64_t *words, unsigned int slot)
{
	return words[slot / 64] >> slot % 64 & 1;
}

static void find_columns(struct columns *c, const struct procinfo_pgsync *s,
			 const struct named_root *roots, unsigned int n)
{
	c->n = 0;
	for (unsigned int slot = 0; slot < PROCINFO_SLOTS; slot++) {
		bool any = has(s->present, slot);

		for (unsigned int i = 0; i < n; i++)
			any |= has(roots[i].root.present, slot);
		if (any)
			c->slots[c->n++] = (uint8_t)slot;
	}
}

static void print_columns(struct text *t, const struct columns *c)
{
	text_printf(t, "slots ");
	for (unsigned int i = 0, last; i < c->n; i = last + 1) {
		last = i;
		while (last + 1 < c->n && c->slots[last + 1] == c->slots[last] + 1)
			last++;
		text_printf(t, " %u", PROCINFO_FIRST_SLOT + c->slots[i]);
		if (last > i)
			text_printf(t, "-%u", PROCINFO_FIRST_SLOT + c->slots[last]);
	}
	text_printf(t, "\n");
}

static void print_strip(struct text *t, const struct columns *c, const struct procinfo_pgsync *s,
			const uint64_t *present)
{
	for (unsigned int i = 0; i < c->n; i++) {
		unsigned int slot = c->slots[i];
		char mark = '.';

		if (has(present, slot))
			mark = !has(s->present, slot) ? '!' : has(s->ready, slot) ? '#' : 'o';
		text_printf(t, "%c", mark);
	}
	text_printf(t, "\n");
}

static const char *class_of(const struct procinfo_root *r)
{
	if (r->state == PROCINFO_ROOT_FREE)
		return "free";
	if (r->state == PROCINFO_ROOT_NEW)
		return "new";
	if (r->owners)
		return "live";
	if (r->cpus)
		return "borrowed";
	return r->state == PROCINFO_ROOT_DEAD ? "dead" : "unowned";
}

static void print_root(struct text *t, const struct columns *c, const struct procinfo_pgsync *s,
		       const struct named_root *named)
{
	const struct procinfo_root *r = &named->root;
	char pid[12] = "-";

	if (r->owners)
		snprintf(pid, sizeof(pid), "%d", r->pid);
	text_printf(t, "%7s %-15s %-8s 0x%010lx %6lu %8lu %4u %7u ", pid, named->comm, class_of(r),
		    r->table, r->generation, r->life, r->cpus, r->missing);
	print_strip(t, c, s, r->present);
}

static void print_summary(struct text *t, const struct procinfo_pgsync *s,
			  const struct named_root *roots, unsigned int n)
{
	unsigned int in_cache = 0;

	for (unsigned int i = 0; i < n; i++)
		in_cache += roots[i].root.state == PROCINFO_ROOT_FREE;
	text_printf(t, "strategy %s, %u levels, generation %lu, %u roots, %u more in caches\n",
		    s->strategy, s->levels, s->generation, n - in_cache, in_cache);
	text_printf(t, "growths %lu, roots visited %lu, slots late at load %lu, at fault %lu\n",
		    s->growths, s->walk_visits, s->late_syncs, s->fault_syncs);
	text_printf(t,
		    "shootdown interrupts %lu, user flushes %lu, kernel flushes %lu, lazy CPUs "
		    "spared %lu\n",
		    s->shootdown_interrupts, s->user_flushes, s->kernel_flushes, s->lazy_spared);
}

void format_pgsync(struct text *t, const struct procinfo_pgsync *s, const struct named_root *roots,
		   unsigned int n)
{
	struct columns c;

	find_columns(&c, s, roots, n);
	print_summary(t, s, roots, n);
	print_columns(t, &c);
	text_printf(t, "%7s %-15s %-8s %-12s %6s %8s %4s %7s slots\n", "pid", "command", "class",
		    "table", "gen", "life", "cpus", "missing");
	text_printf(t, "%7s %-15s %-8s 0x%010lx %6lu %8s %4u %7s ", "-", "(reference)", "init",
		    s->reference, s->generation, "-", s->reference_cpus, "-");
	print_strip(t, &c, s, s->present);
	for (unsigned int i = 0; i < n; i++)
		if (roots[i].root.state != PROCINFO_ROOT_FREE)
			print_root(t, &c, s, &roots[i]);
}

static void print_words(struct text *t, const uint64_t *words)
{
	for (unsigned int w = PROCINFO_SLOT_WORDS; w-- > 0;)
		text_printf(t, "%016lx", words[w]);
	text_printf(t, "\n");
}

void format_pgsync_tsv(struct text *t, const struct procinfo_pgsync *s,
		       const struct named_root *roots, unsigned int n)
{
	text_printf(t,
		    "pid\towners\tcommand\tclass\ttable\tgeneration\tlife\tcpus\tmissing\tslots\n");
	text_printf(t, "0\t0\t\tinit\t%#lx\t%lu\t0\t%u\t0\t", s->reference, s->generation,
		    s->reference_cpus);
	print_words(t, s->present);
	for (unsigned int i = 0; i < n; i++) {
		const struct procinfo_root *r = &roots[i].root;

		text_printf(t, "%d\t%u\t%s\t%s\t%#lx\t%lu\t%lu\t%u\t%u\t", r->pid, r->owners,
			    roots[i].comm, class_of(r), r->table, r->generation, r->life, r->cpus,
			    r->missing);
		print_words(t, r->present);
	}
}
