/*
 * What a modelled program sees of the explorer.
 *
 * A program is a handful of actors, one on each simulated CPU. Their code is compiled with
 * -fsanitize=thread, whose calls (callbacks.c) are the explorer's choice points, so plain C and the
 * files of mm/pgsync need no annotation. The calls below are for what lies outside of such code:
 * locks, RCU, freed memory, verdicts.
 *
 * Rules for programs: static storage and model_alloc() only, no stack memory of another actor, no
 * loops that wait (model_await() waits), nothing of the C library that writes memory.
 */
#ifndef TOOLS_PGMODEL_MODEL_H
#define TOOLS_PGMODEL_MODEL_H

#include "kernel/base/types.h"

#define MAX_ACTORS 8

struct actor_def {
	const char *name;
	void (*run)(void);
	bool daemon; /* may be left waiting when all others have finished */
};

struct program {
	const char *name;
	const char *about;
	struct actor_def actors[MAX_ACTORS]; /* actor i is CPU i; one without run() ends the list */
	void (*setup)(void);                 /* alone, before everything; CPU 0 */
	void (*invariant)(void);             /* in every state; reads memory, changes nothing */
	void (*finish)(void); /* alone, in every final state; all stores are in memory */
};

/*
 * A check: the program must behave so under the memory model. Its name is group.name.variant.sc or
 * .tso, without the variant where there is none.
 */
enum verdict { GOOD, BAD };

struct row {
	const char *group, *name;
	const struct program *program;
	enum verdict sc, tso;
	const char *variant; /* the strategy; NULL: none */
	bool full;           /* takes long: only with --full */
};

/* The row's. A constant of the exploration. */
extern const char *model_variant;

/* --- for the code that runs in the world --- */

/* The running actor's CPU number, and how many there are. */
unsigned int model_cpu(void);
unsigned int model_cpus(void);
/* setup() and finish() only: the CPU that they go on as. */
void model_run_on(unsigned int cpu);

/* Ends this execution as a violation. */
__noreturn void model_fail(const char *fmt, ...) __printf(1, 2);

#define MODEL_REQUIRE(cond, ...)                                                                   \
	do {                                                                                       \
		if (!(cond))                                                                       \
			model_fail(__VA_ARGS__);                                                   \
	} while (0)

/*
 * A spin lock whose waiter is not runnable until the word is 0: no states are spent on spinning.
 * Taking it is a LOCKed instruction, giving it back a plain store, as in kernel/base/spinlock.h.
 */
void model_lock(u32 *word, u32 owner);
bool model_trylock(u32 *word, u32 owner);
void model_unlock(u32 *word);
bool model_holds(const u32 *word);

/* Not runnable until *word >= at_least. A load, otherwise. */
void model_await(const u64 *word, u64 at_least);

/* A store that goes past the store buffer, and is no barrier: for what stands for no instruction. */
void model_store_now(u64 *word, u64 value);

/* Nothing ever depends on these bytes: counters for statistics. They are left out of the state. */
void model_ignore(const void *addr, size_t size);

/* Memory of the running CPU's own pool, zeroed; never another CPU's, so that order is no matter. */
void *model_alloc(size_t size, const char *what);
/* Poisons the object: any later access by anybody is a violation. */
void model_free(void *addr);

/* A line in the printed interleaving. */
void model_note(const char *fmt, ...) __printf(1, 2);

/* --- written by the world --- */

/* A name for the address, e.g. "root A slot 403"; false: let the symbol table say. */
bool world_name(const void *addr, char *buf, size_t n);
/* Likewise for a value that is not an address, e.g. "table 403". */
bool world_value(u64 value, char *buf, size_t n);

#endif
