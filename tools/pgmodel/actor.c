/*
 * Actors: coroutines on stacks of their own, and what each of their steps does under SC and x86-TSO
 * (Sewell et al., "x86-TSO", CACM 2010): a FIFO store buffer for each CPU, whose stores reach memory
 * one by one at any time; a load sees the own buffer first; fences and LOCKed instructions wait
 * until it is empty.
 *
 * Plain accesses are done by the code itself, after the callback that announces them. A store's
 * value is known at the next callback only: there it is taken back and goes the way of all stores.
 * For a load of something that is buffered, memory is patched until the next callback. No other
 * actor runs in between.
 *
 * Limits: an access of more than 8 bytes (a structure assignment) loads, and under SC stores, all
 * of them at once.
 */
#include "tools/pgmodel/engine.h"

#include <stdlib.h>
#include <string.h>

#define STACK_BYTES 32768

struct actor actors[MAX_ACTORS];
unsigned int nr_actors;
struct actor *running;
enum memory_model memory_model;

static u8 stacks[MAX_ACTORS][STACK_BYTES] __aligned(64);
static void *engine_sp;

/* Pushes the callee-saved registers, leaves rsp in *save, takes the other stack. */
void switch_stack(void **save, void *to);
__asm__(".text\n"
	".globl switch_stack\n"
	"switch_stack:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n	push %r13\n	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n");

static u8 *stack_top(const struct actor *a)
{
	return stacks[actor_number(a)] + STACK_BYTES;
}

static bool on_stack(const struct actor *a, const void *addr)
{
	return (const u8 *)addr >= stacks[actor_number(a)] && (const u8 *)addr < stack_top(a);
}

static void to_engine(void)
{
	switch_stack(&running->sp, engine_sp);
}

static void to_actor(struct actor *a)
{
	running = a;
	switch_stack(&engine_sp, a->sp);
	running = NULL;
}

void actor_abandon(void)
{
	to_engine();
	abort();
}

static bool conflicts(const struct actor *a, const struct op *op)
{
	unsigned int cpu = actor_number(a);

	return !pool_fresh(op->addr, cpu) && sharing_conflicts(cpu, op, a->held);
}

/* --- stores and loads --- */

static void store_piece(struct actor *a, void *addr, const void *bytes, u32 size, u32 event)
{
	struct op op = {.kind = OP_STORE, .addr = addr, .size = size};
	struct store *s;

	/* What nobody else can see need not wait, if nothing older waits in its place. */
	if (memory_model == MODEL_SC || (!conflicts(a, &op) && !memory_buffered(a, addr, size))) {
		memory_write(addr, bytes, size);
		return;
	}
	s = &a->buffer[a->nr_stores++];
	*s = (struct store){.addr = addr, .size = size, .event = event};
	memcpy(&s->value, bytes, size);
	trace_buffered(event);
}

void actor_store(struct actor *a, const struct op *op, const void *bytes)
{
	u64 value = 0;
	u32 event;

	for (size_t done = 0; done < op->size; done += 8) {
		memcpy(&value, (const u8 *)bytes + done, MIN(op->size - done, sizeof(value)));
		pool_escape(op->addr, value, actor_number(a));
	}
	memcpy(&value, bytes, MIN(op->size, sizeof(value)));
	event = trace_step(a, op, value);
	for (size_t done = 0; done < op->size; done += 8)
		store_piece(a, (u8 *)op->addr + done, (const u8 *)bytes + done,
			    (u32)MIN(op->size - done, 8), event);
}

u64 actor_load(struct actor *a, const struct op *op)
{
	u64 value = 0;

	memory_view(a, op->addr, &value, MIN(op->size, sizeof(value)));
	trace_step(a, op, value);
	return value;
}

/* The plain access announced last has been done by now. */
static void settle(struct actor *a)
{
	struct op op = a->plain;
	u8 bytes[MAX_ACCESS];

	if (op.kind == OP_END)
		return;
	a->plain.kind = OP_END;
	if (op.kind == OP_STORE)
		memcpy(bytes, op.addr, op.size);
	memcpy(op.addr, a->saved, op.size);
	if (op.kind == OP_STORE)
		actor_store(a, &op, bytes);
}

void actor_plain(struct actor *a, const struct op *op)
{
	u8 bytes[MAX_ACCESS];

	if (op->kind == OP_LOAD) {
		(void)actor_load(a, op);
		if (!memory_buffered(a, op->addr, op->size))
			return;
	}
	a->plain = *op;
	memcpy(a->saved, op->addr, op->size);
	if (op->kind == OP_LOAD) {
		memory_view(a, op->addr, bytes, op->size);
		memcpy(op->addr, bytes, op->size);
	}
}

void actor_drain(struct actor *a)
{
	struct store s = a->buffer[0];

	a->nr_stores--;
	memmove(a->buffer, a->buffer + 1, a->nr_stores * sizeof(s));
	pool_check(s.addr, s.size);
	memory_write(s.addr, &s.value, s.size);
	trace_drain(a, &s);
}

/* --- steps --- */

bool actor_enabled(const struct actor *a)
{
	const struct op *op = &a->op;

	if (a->finished)
		return false;
	switch (op->kind) {
	case OP_RMW:
	case OP_FREE:
	case OP_FENCE:
		return a->nr_stores == 0;
	case OP_LOCK:
		return a->nr_stores == 0 && *(u32 *)op->addr == 0;
	case OP_STORE:
		return a->nr_stores + (op->size + 7) / 8 <= MAX_STORES;
	case OP_AWAIT:
		return *(u64 *)op->addr >= op->value;
	default:
		return true;
	}
}

bool actor_independent(const struct actor *a)
{
	const struct op *op = &a->op;

	if (op->kind == OP_FENCE || op->kind == OP_END)
		return true;
	if (op->kind == OP_STORE && memory_model == MODEL_TSO)
		return true;
	return !conflicts(a, op);
}

bool actor_drain_independent(const struct actor *a)
{
	const struct store *s = &a->buffer[0];
	struct op op = {.kind = OP_STORE, .addr = s->addr, .size = s->size};

	return !sharing_conflicts(actor_number(a), &op, 0);
}

void actor_begin(struct actor *a, const struct op *op)
{
	settle(a);
	a->op = *op;
	if (op->kind != OP_FENCE && op->kind != OP_END && !pool_fresh(op->addr, actor_number(a))) {
		if (sharing_learn(actor_number(a), op, a->held))
			explore_restart();
	}
	if (!actor_enabled(a) || !actor_independent(a))
		to_engine();
	explore_count_step();
	if (op->size)
		pool_check(op->addr, op->size);
}

bool actor_sees(struct actor *a, const struct op *op)
{
	bool write = op->kind != OP_LOAD;

	if (on_stack(a, op->addr)) {
		settle(a);
		return false;
	}
	if (in_world(op->addr)) {
		if (op->size > MAX_ACCESS)
			violation("an access of %zu bytes: the explorer knows up to %d", op->size,
				  MAX_ACCESS);
		return true;
	}
	settle(a);
	if (write || (u64)op->addr < 4096)
		violation("%s at %p, which is nobody's memory", write ? "store" : "load", op->addr);
	return false; /* a constant */
}

static void actor_main(void)
{
	struct actor *a = running;
	struct op end = {.kind = OP_END};

	program->actors[actor_number(a)].run();
	actor_begin(a, &end);
	a->finished = true;
	actor_abandon();
}

static void hash_stack(struct actor *a)
{
	u64 h = 0;

	for (const u64 *w = a->sp; (const u8 *)w < stack_top(a); w++)
		h = (h ^ *w) * 0x9e3779b97f4a7c15ULL, h ^= h >> 29;
	a->stack_hash = h;
}

u64 actor_hash(const struct actor *a)
{
	u64 h = hash_mix(actor_number(a), a->finished ? 0 : a->stack_hash);

	for (u32 i = 0; i < a->nr_stores; i++)
		h = hash_mix(h ^ (u64)a->buffer[i].addr, a->buffer[i].value);
	return h;
}

void actor_run(struct actor *a)
{
	to_actor(a);
	if (!a->finished)
		hash_stack(a);
}

void actors_start(void)
{
	for (struct actor *a = actors; a < actors + nr_actors; a++) {
		void **sp = (void **)stack_top(a);

		memset(stacks[actor_number(a)], 0, STACK_BYTES);
		*a = (struct actor){.plain.kind = OP_END};
		*--sp = NULL; /* as if actor_main() had been called: its frame is aligned so */
		*--sp = (void *)actor_main;
		a->sp = sp - 6;
	}
}

/* --- stepping back --- */

struct actor_snapshot {
	struct actor actor;
	size_t depth; /* bytes of stack that follow */
	u8 stack[];
};

static u8 *snapshots;
static size_t snapshots_used;
#define SNAPSHOT_BYTES (256UL << 20)

struct actor_snapshot *actor_save(const struct actor *a)
{
	size_t depth = a->finished ? 0 : (size_t)(stack_top(a) - (u8 *)a->sp);
	struct actor_snapshot *s;

	if (!snapshots)
		snapshots = malloc(SNAPSHOT_BYTES);
	s = (struct actor_snapshot *)(snapshots + snapshots_used);
	if (!snapshots || snapshots_used + sizeof(*s) + depth + 64 > SNAPSHOT_BYTES)
		abort();
	snapshots_used += ALIGN_UP(sizeof(*s) + depth, 64UL);
	memcpy(&s->actor, a, offsetof(struct actor, saved));
	s->depth = depth;
	memcpy(s->stack, a->sp, depth);
	return s;
}

void actor_restore(struct actor *a, struct actor_snapshot *s)
{
	memcpy(a, &s->actor, offsetof(struct actor, saved));
	memcpy(stack_top(a) - s->depth, s->stack, s->depth);
	snapshots_used = (size_t)((u8 *)s - snapshots);
}

void actors_forget_snapshots(void)
{
	snapshots_used = 0;
}
