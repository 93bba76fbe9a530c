/*
 * Between the explorer's own files.
 *
 *	callbacks.c	what the instrumented code calls at each access; model.h for the rest
 *	actor.c		actors: their stacks, their pending step, what a step does
 *	memory.c	the world's memory: undo log, state hash, store buffers
 *	pool.c		memory that is allocated, and poisoned when it is freed
 *	sharing.c	which locations are shared, learned as the exploration goes
 *	explore.c	the depth-first search over all interleavings
 *	report.c	the printed interleaving
 */
#ifndef TOOLS_PGMODEL_ENGINE_H
#define TOOLS_PGMODEL_ENGINE_H

#include "tools/pgmodel/model.h"

enum memory_model { MODEL_SC, MODEL_TSO };

enum op_kind {
	OP_LOAD,
	OP_STORE,
	OP_RMW,   /* LOCKed: waits for the own store buffer */
	OP_FENCE, /* likewise */
	OP_LOCK,  /* OP_RMW that waits for 0 */
	OP_FREE,  /* OP_RMW of a whole object */
	OP_AWAIT, /* a load that waits for at least op.value */
	OP_NOW,   /* a store past the buffer */
	OP_END,
};

struct op {
	enum op_kind kind;
	void *addr;
	size_t size;
	const void *pc; /* return address of the callback: the source line */
	u64 value;
};

/* One entry of a store buffer; at most 8 bytes, stores of more are several entries. */
struct store {
	void *addr;
	u64 value;
	u32 size;
	u32 event; /* the report's line of its issue */
};

#define MAX_STORES 64
#define MAX_ACCESS 512

/*
 * A simulated CPU and the code that runs on it. Everything the code's future depends on is in the
 * world's memory, in `buffer`, and on its stack above `sp`.
 */
struct actor {
	void *sp;        /* suspended: callee-saved registers on top */
	struct op op;    /* suspended: the step to be done next */
	struct op plain; /* an access that the code itself does: settled at its next callback */
	bool finished;
	u32 nr_stores;
	u64 stack_hash; /* of the suspended stack */
	u32 held;       /* locks, as bits of sharing_lock_bit() */
	struct store buffer[MAX_STORES];
	u8 saved[MAX_ACCESS]; /* last: the bytes at plain.addr as memory has them */
};

extern struct actor actors[MAX_ACTORS];
extern unsigned int nr_actors;
extern struct actor *running; /* NULL: setup(), finish(), invariant() or the explorer itself */
extern enum memory_model memory_model;
extern const struct program *program;

static inline unsigned int actor_number(const struct actor *a)
{
	return (unsigned int)(a - actors);
}

/* --- actor.c: called by the running actor --- */

/* Whether the explorer has to know of the access: not of the own stack, nor of constants. */
bool actor_sees(struct actor *a, const struct op *op);
/* Returns when it is the step's turn. */
void actor_begin(struct actor *a, const struct op *op);
/* The step itself. */
u64 actor_load(struct actor *a, const struct op *op);
void actor_store(struct actor *a, const struct op *op, const void *bytes);
/* The code itself will do it right after. */
void actor_plain(struct actor *a, const struct op *op);
/* Leaves for the explorer, for good. */
__noreturn void actor_abandon(void);

/* --- actor.c: called by the explorer --- */

/* Puts every actor of the program before its first step. */
void actors_start(void);
/* Whether the pending step can be done now. */
bool actor_enabled(const struct actor *a);
/* Whether it commutes with everything that others can do: its turn is as good now as ever. */
bool actor_independent(const struct actor *a);
bool actor_drain_independent(const struct actor *a);
/* Runs the actor from its pending step to the next choice point. */
void actor_run(struct actor *a);
/* Moves the oldest store from the buffer to memory. */
void actor_drain(struct actor *a);
u64 actor_hash(const struct actor *a);

struct actor_snapshot;
struct actor_snapshot *actor_save(const struct actor *a);
/* Also frees the snapshot and all that were taken after it. */
void actor_restore(struct actor *a, struct actor_snapshot *s);
void actors_forget_snapshots(void);

/* --- memory.c --- */

extern u8 __start_world[], __stop_world[];
extern u64 memory_hash;

static inline bool in_world(const void *addr)
{
	return (const u8 *)addr >= __start_world && (const u8 *)addr < __stop_world;
}

/* The image after linking, before any setup(): taken once, put back before each exploration. */
void memory_image_save(void);
void memory_image_restore(void);
void memory_ignore(const void *addr, size_t size);
void memory_write(void *addr, const void *bytes, size_t size);
/* setup() and finish(): the code is about to store natively. */
void memory_log(void *addr, size_t size);

struct memory_mark {
	size_t length;
	u64 hash;
};

struct memory_mark memory_mark(void);
void memory_undo(struct memory_mark mark);
u64 hash_mix(u64 key, u64 value);

/* What the actor sees: memory, overlaid with its own buffered stores. */
void memory_view(const struct actor *a, const void *addr, void *bytes, size_t size);
bool memory_buffered(const struct actor *a, const void *addr, size_t size);

/* --- pool.c --- */

/* A violation when the bytes belong to an object that has been freed. */
void pool_check(const void *addr, size_t size);

struct pool_place {
	const char *what;
	unsigned int nr; /* how many of that name were allocated before */
	size_t offset;
};

/* False: not in an object. */
bool pool_find(const void *addr, struct pool_place *place);
/* Whether the object is the CPU's own, and nobody else can have a pointer to it. */
bool pool_fresh(const void *addr, unsigned int cpu);
/* The CPU is about to store the value there: a pointer to a fresh object may get out. */
void pool_escape(const void *addr, u64 value, unsigned int cpu);

/* --- sharing.c --- */

#define CHECKER MAX_ACTORS /* the invariant, as a reader that never finishes */

void sharing_init(void);
/* Forgets all that has been learned. */
void sharing_reset(void);
/* Records an access. True: it was news that earlier decisions did not know of, so start again. */
bool sharing_learn(unsigned int who, const struct op *op, u32 held);
/* Whether another actor's present or future steps may conflict with this one. */
bool sharing_conflicts(unsigned int who, const struct op *op, u32 held);
/* Whether anybody else's accesses there conflict with this one, be it at another time. */
bool sharing_of_interest(unsigned int who, const struct op *op);
u32 sharing_lock_bit(const void *word);
unsigned int sharing_locations(void);
/* For measuring what the reductions bring; true by default. */
extern bool reduce_private, reduce_locks, reduce_fresh;

/* --- explore.c --- */

struct result {
	bool violation;
	char why[512];
	u64 states, steps, restarts;
	unsigned int shared; /* locations that are choice points */
	double seconds;
};

void explore(const struct program *p, enum memory_model model, struct result *result);
/* After explore() found a violation: prints the one with the fewest switches between CPUs. */
void explain(const struct program *p, enum memory_model model, struct result *result);

/* Ends the execution. From an actor, setup(), finish() or invariant(). */
__noreturn void violation(const char *fmt, ...) __printf(1, 2);
/* From an actor: what was believed of the sharing is wrong. */
__noreturn void explore_restart(void);
void explore_count_step(void);
/* Whether the invariant runs, and what it reads. */
bool explore_checking(void);
void explore_checker_reads(const struct op *op);

/* --- report.c --- */

extern bool tracing;
void trace_begin(void);
/* The number of the line, or 0. */
u32 trace_step(const struct actor *a, const struct op *op, u64 value);
/* The store of that line waits in the store buffer. */
void trace_buffered(u32 event);
void trace_note(const struct actor *a, const char *text);
void trace_drain(const struct actor *a, const struct store *s);
void trace_print(const struct program *p, const char *why);

#endif
