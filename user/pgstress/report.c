/*
 * What a person reads: one progress line a second, the table at the end, one verdict line.
 *
 * The verdict line is the last: `PGSTRESS: PASS` or `PGSTRESS: FAIL: why`. All numbers are
 * differences to the start of the measured run, except the missing slots: one in the warm-up counts
 * as well.
 */
#include <stdio.h>
#include <string.h>

#include "user/pgstress/pgstress.h"

static uint64_t began_ns, next_ns;
static struct pgctl_stats base;

/* The kernel's counts since the start; the board's when there is no kernel of ours. */
static struct pgctl_stats counts(const struct pgctl_stats *start)
{
	struct pgctl_stats s;

	memset(&s, 0, sizeof(s));
	if (cfg.dry || pgctl(PGCTL_STATS, 0, 0, &s) != 0) {
		s.forks = s.exits = atomic_load(&board->forks);
		s.execs = atomic_load(&board->execs);
	}
	s.forks -= start->forks;
	s.execs -= start->execs;
	s.exits -= start->exits;
	s.growths -= start->growths;
	s.touches -= start->touches;
	s.audits -= start->audits;
	s.roots_audited -= start->roots_audited;
	s.late_syncs -= start->late_syncs;
	s.fault_syncs -= start->fault_syncs;
	s.ranges_grown -= start->ranges_grown;
	s.walk_visits -= start->walk_visits;
	s.ipis -= start->ipis;
	s.tlb_flushes -= start->tlb_flushes;
	s.kernel_flushes -= start->kernel_flushes;
	s.lazy_spared -= start->lazy_spared;
	return s;
}

void progress_begin(const struct pgctl_stats *start)
{
	base = *start;
	began_ns = now_ns();
	next_ns = began_ns + 1000000000;
}

void progress_tick(void)
{
	uint64_t now = now_ns();
	struct pgctl_stats s;

	if (now < next_ns)
		return;
	next_ns = now + 1000000000;
	s = counts(&base);
	say("t=%lus forks %lu execs %lu exits %lu growths %lu slots %lu touches %lu audits %lu "
	    "missing %lu",
	    (ulong)((now - began_ns) / 1000000000), (ulong)s.forks, (ulong)s.execs, (ulong)s.exits,
	    (ulong)s.growths, (ulong)s.slots_present, (ulong)s.touches, (ulong)s.audits,
	    (ulong)s.missing);
}

static void row(const char *name, uint64_t value)
{
	say("  %-28s %12lu", name, (ulong)value);
}

/* Where the first missing slot was: an audit finds it in a root that no CPU has loaded, too. */
static const char *first_missing(const struct pgctl_stats *s)
{
	static char text[120];
	char cpu[24] = "no CPU";

	if (s->first_missing_cpu < MAX_CPUS)
		snprintf(cpu, sizeof(cpu), "CPU %u", s->first_missing_cpu);
	snprintf(text, sizeof(text), "slot %u (%#lx) on %s, pid %u", s->first_missing_slot,
		 (ulong)s->first_missing_va, cpu, s->first_missing_pid);
	return text;
}

static void row_missing(const struct pgctl_stats *s)
{
	row("missing slots found", s->missing);
	if (s->missing)
		say("  %-28s %s", "  the first", first_missing(s));
}

static void table(const struct result *r, const struct pgctl_stats *s, int64_t leaked)
{
	uint64_t ms = (r->end_ns - r->begin_ns) / 1000000;
	uint64_t operations = s->forks + s->execs + s->exits + s->growths + s->audits;

	say("  %-28s %12s", "strategy", cfg.dry ? "(dry)" : s->strategy);
	row("CPUs", cfg.nr_cpus);
	row("seed", cfg.seed);
	say("  %-28s %8lu.%03lu", "seconds", (ulong)(ms / 1000), (ulong)(ms % 1000));
	row("forks", s->forks);
	row("execs", s->execs);
	row("exits", s->exits);
	row("operations a second", ms ? operations * 1000 / ms : 0);
	if (cfg.dry)
		return;
	row("ranges mapped", s->ranges_grown);
	row("growths (slots installed)", s->growths);
	row("slots present now", s->slots_present);
	row("pages touched", s->touches);
	row("audits", s->audits);
	row("roots audited", s->roots_audited);
	row("roots visited by growth", s->walk_visits);
	row("slots filled at CR3 load", s->late_syncs);
	row("slots filled by faults", s->fault_syncs);
	row("TLB flushes, user", s->tlb_flushes);
	row("TLB flushes, kernel", s->kernel_flushes);
	row("TLB shootdown IPIs", s->ipis);
	row("lazy CPUs not interrupted", s->lazy_spared);
	row_missing(s);
	row("pages in use before", r->used_before);
	row("pages in use after", r->used_after);
	say("  %-28s %12ld   (%u allowed)", "leaked pages", (long)leaked, cfg.allowed_leak);
	say("  %-28s %#12lx", "schedule hash", (ulong)s->schedule_hash);
}

/* Ranges were mapped, and slots came with them, unless they have all been there from birth. */
static bool grew(const struct pgctl_stats *s)
{
	return s->ranges_grown && (s->growths || strcmp(s->strategy, "prealloc") == 0);
}

/* The reason of a failure, or NULL. The worst finding first: what is missing, then what broke, then
 * what leaked. */
static const char *why(const struct result *r, const struct pgctl_stats *s, int64_t leaked)
{
	static char text[200];

	if (s->missing || r->outcome == OUTCOME_MISSING)
		snprintf(text, sizeof(text), "%lu missing slots, first: %s", (ulong)s->missing,
			 first_missing(s));
	else if (r->outcome != OUTCOME_OK)
		snprintf(text, sizeof(text), "a process of the run failed, see above");
	else if (leaked > (int64_t)cfg.allowed_leak)
		snprintf(text, sizeof(text), "%ld pages leaked", (long)leaked);
	else if (!cfg.dry && cfg.growers && !grew(s))
		snprintf(text, sizeof(text), "nothing grew");
	else if (!s->forks)
		snprintf(text, sizeof(text), "nothing was forked");
	else
		return NULL;
	return text;
}

int report(const struct result *r)
{
	struct pgctl_stats s = counts(&r->start);
	int64_t leaked = (int64_t)(r->used_after - r->used_before);
	const char *failure = why(r, &s, leaked);

	say("pgstress: the run is over");
	table(r, &s, leaked);
	if (failure)
		say("PGSTRESS: FAIL: %s", failure);
	else
		say("PGSTRESS: PASS");
	return failure ? 1 : 0;
}
