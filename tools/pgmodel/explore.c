/*
 * The search: depth first over all orders of the actors' steps and of their store buffers' drains.
 *
 * A state is the world's memory, the store buffers and the suspended stacks; one that was met
 * before is not entered again. A step that commutes with all others (sharing.c) is taken alone.
 * There are no cycles: waiting is not a step.
 *
 * explain() searches again for the interleaving that is easiest to read: with at most 0, 1, 2, ...
 * switches from one CPU to another, or steps of a CPU past its own buffered stores.
 */
#include "tools/pgmodel/engine.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_DEPTH 20000
#define NO_LIMIT  ~0U

struct choice {
	struct actor *actor;
	bool drain;
};

const struct program *program;

static struct result *result;
static struct choice path[MAX_DEPTH];
static unsigned int depth, found_depth;
static unsigned int limit; /* of switches */
static bool limit_met;     /* something was left out because of it */
static bool restart, checking;
static jmp_buf to_search;

/* --- states that were met --- */

static struct seen {
	u64 key;
	u32 cost;
} * table;
static size_t table_size, table_used;

static void seen_reset(void)
{
	if (!table) {
		table_size = 1UL << 16;
		table = malloc(table_size * sizeof(*table));
	}
	memset(table, 0, table_size * sizeof(*table));
	table_used = 0;
}

static struct seen *seen_slot(u64 key)
{
	size_t i = key & (table_size - 1);

	while (table[i].key && table[i].key != key)
		i = (i + 1) & (table_size - 1);
	return &table[i];
}

static void seen_grow(void)
{
	struct seen *old = table;
	size_t n = table_size;

	table_size *= 4;
	table = calloc(table_size, sizeof(*table));
	if (!table)
		abort();
	for (size_t i = 0; i < n; i++)
		if (old[i].key)
			*seen_slot(old[i].key) = old[i];
	free(old);
}

/* Whether the state was entered before at no greater cost. */
static bool seen(unsigned int last, unsigned int cost)
{
	u64 key = memory_hash;
	struct seen *s;

	for (unsigned int i = 0; i < nr_actors; i++)
		key += actor_hash(&actors[i]);
	if (limit != NO_LIMIT)
		key = hash_mix(last, key);
	key |= 1;
	s = seen_slot(key);
	if (s->key && s->cost <= cost)
		return true;
	if (!s->key) {
		result->states++;
		table_used++;
	}
	*s = (struct seen){key, cost};
	if (2 * table_used > table_size)
		seen_grow();
	return false;
}

/* --- ends of an execution --- */

void violation(const char *fmt, ...)
{
	va_list args;

	if (!result->violation) {
		result->violation = true;
		found_depth = depth;
		va_start(args, fmt);
		vsnprintf(result->why, sizeof(result->why), fmt, args);
		va_end(args);
	}
	if (running)
		actor_abandon();
	longjmp(to_search, 1);
}

void explore_restart(void)
{
	restart = true;
	actor_abandon();
}

/* An execution this long is a loop that waits for what it cannot see. */
#define MAX_STEPS 200000

static unsigned int steps_in_a_row;

void explore_count_step(void)
{
	result->steps++;
	if (++steps_in_a_row > MAX_STEPS)
		violation("CPU %u loops without end", actor_number(running));
}

static void final_state(void)
{
	struct memory_mark mark = memory_mark();

	for (unsigned int i = 0; i < nr_actors; i++)
		if (!actors[i].finished && !program->actors[i].daemon)
			violation("deadlock: CPU %u (%s) waits for ever", i,
				  program->actors[i].name);
	if (program->finish) {
		model_run_on(0);
		program->finish();
	}
	memory_undo(mark);
}

/* --- the search --- */

static unsigned int enabled_choices(struct choice *choices)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < nr_actors; i++) {
		if (actors[i].nr_stores)
			choices[n++] = (struct choice){&actors[i], true};
		if (actor_enabled(&actors[i]))
			choices[n++] = (struct choice){&actors[i], false};
	}
	return n;
}

static const struct choice *independent_choice(const struct choice *choices, unsigned int n)
{
	for (const struct choice *c = choices; c < choices + n; c++)
		if (c->drain ? actor_drain_independent(c->actor) : actor_independent(c->actor))
			return c;
	return NULL;
}

bool explore_checking(void)
{
	return checking;
}

/* News: what was read may have been stored past a store buffer, so no verdict may follow from it. */
void explore_checker_reads(const struct op *op)
{
	if (!sharing_learn(CHECKER, op, 0))
		return;
	restart = true;
	longjmp(to_search, 1);
}

static bool stopped(void)
{
	return result->violation || restart;
}

static void check_invariant(void)
{
	if (stopped() || !program->invariant)
		return;
	checking = true;
	program->invariant();
	checking = false;
}

static void take(const struct choice *c)
{
	if (depth == MAX_DEPTH)
		violation("an execution of more than %d choices", MAX_DEPTH);
	path[depth++] = *c;
	steps_in_a_row = 0;
	if (c->drain)
		actor_drain(c->actor);
	else
		actor_run(c->actor);
	check_invariant();
}

static void search(unsigned int last, unsigned int cost);

static void try(const struct choice *c, unsigned int last, unsigned int cost)
{
	unsigned int self = actor_number(c->actor);
	struct actor_snapshot *snapshot = actor_save(c->actor);
	struct memory_mark mark = memory_mark();

	cost += self != last;
	cost += !c->drain && c->actor->nr_stores;
	limit_met |= cost > limit;
	if (cost <= limit) {
		take(c);
		if (!stopped())
			search(self, cost);
		if (stopped())
			return;
		depth--;
	}
	memory_undo(mark);
	actor_restore(c->actor, snapshot);
}

static void search(unsigned int last, unsigned int cost)
{
	struct choice choices[2 * MAX_ACTORS];
	unsigned int n = enabled_choices(choices);
	const struct choice *alone = independent_choice(choices, n);

	if (alone) {
		struct actor_snapshot *snapshot = actor_save(alone->actor);
		struct memory_mark mark = memory_mark();

		take(alone);
		if (!stopped())
			search(last, cost);
		if (stopped())
			return;
		depth--;
		memory_undo(mark);
		actor_restore(alone->actor, snapshot);
		return;
	}
	if (seen(last, cost))
		return;
	if (!n)
		final_state();
	/* The CPU that is at it goes on first, its stores before its loads. */
	for (unsigned int i = 0; i < n && !stopped(); i++)
		if (actor_number(choices[i].actor) == last)
			try(&choices[i], last, cost);
	for (unsigned int i = 0; i < n && !stopped(); i++)
		if (actor_number(choices[i].actor) != last)
			try(&choices[i], last, cost);
}

static void begin_execution(void)
{
	restart = checking = false;
	depth = 0;
	running = NULL;
	for (nr_actors = 0; nr_actors < MAX_ACTORS && program->actors[nr_actors].run;)
		nr_actors++;
	memory_image_restore();
	actors_forget_snapshots();
	model_run_on(0);
	if (program->setup)
		program->setup();
	actors_start();
}

static void first_steps(void)
{
	for (unsigned int i = 0; i < nr_actors && !stopped(); i++) {
		steps_in_a_row = 0;
		actor_run(&actors[i]);
	}
	check_invariant();
}

static void search_all(unsigned int bound)
{
	limit = bound;
	do {
		seen_reset();
		result->states = result->steps = 0;
		if (setjmp(to_search) == 0) {
			begin_execution();
			first_steps();
			if (!stopped())
				search(0, 0);
		}
		result->restarts += restart;
	} while (restart);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void explore(const struct program *p, enum memory_model model, struct result *r)
{
	double begin = now();

	*r = (struct result){0};
	result = r;
	program = p;
	memory_model = model;
	sharing_reset();
	search_all(NO_LIMIT);
	r->shared = sharing_locations();
	r->seconds = now() - begin;
}

static void replay(void)
{
	unsigned int length = found_depth;

	result->violation = false;
	tracing = true;
	if (setjmp(to_search) == 0) {
		begin_execution();
		trace_begin();
		first_steps();
		while (depth < length && !stopped()) {
			struct choice c = path[depth];

			take(&c);
		}
		if (!stopped())
			final_state();
	}
	tracing = false;
}

void explain(const struct program *p, enum memory_model model, struct result *r)
{
	program = p;
	memory_model = model;
	result = r;
	r->violation = false;
	for (unsigned int bound = 0; !r->violation; bound++) {
		limit_met = false;
		search_all(bound);
		if (!r->violation && !limit_met)
			abort(); /* it was there without a limit */
	}
	replay();
	trace_print(p, r->why);
}
