/*
 * What code compiled with -fsanitize=thread calls at each access, in place of the compiler's own
 * library; and the calls of model.h. The return address of a callback is the source line.
 *
 * On x86 every atomic read-modify-write is LOCKed whatever order it asks for, loads are plain, and
 * of the stores only a sequentially consistent one is more than a plain store (it is an XCHG).
 * Fences weaker than sequentially consistent are for the compiler alone.
 */
#include "tools/pgmodel/engine.h"

#include <stdio.h>
#include <string.h>

static unsigned int direct_cpu;

#define HERE __builtin_return_address(0)

/*
 * setup(), finish(), invariant(): the access is done as it is. What the invariant reads, it depends
 * on.
 */
static void direct(const struct op *op)
{
	if (!op->size || !in_world(op->addr))
		return;
	if (op->kind != OP_LOAD)
		memory_log(op->addr, op->size);
	else if (explore_checking())
		explore_checker_reads(op);
}

/* --- plain accesses --- */

static void plain(enum op_kind kind, void *addr, size_t size, const void *pc)
{
	struct op op = {.kind = kind, .addr = addr, .size = size, .pc = pc};

	if (!running)
		direct(&op);
	else if (actor_sees(running, &op)) {
		actor_begin(running, &op);
		actor_plain(running, &op);
	}
}

#define PLAIN(n)                                                                                   \
	void __tsan_read##n(void *p);                                                              \
	void __tsan_read##n(void *p)                                                               \
	{                                                                                          \
		plain(OP_LOAD, p, n, HERE);                                                        \
	}                                                                                          \
	void __tsan_write##n(void *p);                                                             \
	void __tsan_write##n(void *p)                                                              \
	{                                                                                          \
		plain(OP_STORE, p, n, HERE);                                                       \
	}                                                                                          \
	void __tsan_unaligned_read##n(void *p);                                                    \
	void __tsan_unaligned_read##n(void *p)                                                     \
	{                                                                                          \
		plain(OP_LOAD, p, n, HERE);                                                        \
	}                                                                                          \
	void __tsan_unaligned_write##n(void *p);                                                   \
	void __tsan_unaligned_write##n(void *p)                                                    \
	{                                                                                          \
		plain(OP_STORE, p, n, HERE);                                                       \
	}
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

void __tsan_read_range(void *p, size_t n);
void __tsan_write_range(void *p, size_t n);
void __tsan_func_entry(void *pc);
void __tsan_func_exit(void);
void __tsan_init(void);

void __tsan_read_range(void *p, size_t n)
{
	plain(OP_LOAD, p, n, HERE);
}

void __tsan_write_range(void *p, size_t n)
{
	plain(OP_STORE, p, n, HERE);
}

void __tsan_func_entry(void *pc)
{
	(void)pc;
}

void __tsan_func_exit(void)
{
}

void __tsan_init(void)
{
}

/* --- atomics --- */

/* Returns when the step may be done; false: there is nothing to explore, do it. */
static bool begin(const struct op *op)
{
	if (!running) {
		direct(op);
		return false;
	}
	if (op->size && !actor_sees(running, op))
		return false;
	actor_begin(running, op);
	return true;
}

static void done(const struct op *op, const void *new)
{
	u64 value = 0;

	memcpy(&value, new, op->size);
	pool_escape(op->addr, value, actor_number(running));
	memory_write(op->addr, new, op->size);
	trace_step(running, op, value);
}

#define RMW(n, type, name, expr)                                                                   \
	type __tsan_atomic##n##_##name(type *p, type v, int order);                                \
	type __tsan_atomic##n##_##name(type *p, type v, int order)                                 \
	{                                                                                          \
		struct op op = {.kind = OP_RMW, .addr = p, .size = sizeof(type), .pc = HERE};      \
		bool model = begin(&op);                                                           \
		type old = *p, new = (type)(expr);                                                 \
                                                                                                   \
		(void)order;                                                                       \
		if (model)                                                                         \
			done(&op, &new);                                                           \
		else                                                                               \
			*p = new;                                                                  \
		return old;                                                                        \
	}

#define CMPXCHG(n, type, name)                                                                     \
	int __tsan_atomic##n##_compare_exchange_##name(type *p, type *expected, type v, int order, \
						       int failure);                               \
	int __tsan_atomic##n##_compare_exchange_##name(type *p, type *expected, type v, int order, \
						       int failure)                                \
	{                                                                                          \
		struct op op = {.kind = OP_RMW, .addr = p, .size = sizeof(type), .pc = HERE};      \
		bool model = begin(&op);                                                           \
		type old = *p, new = old == *expected ? v : old;                                   \
		bool equal = old == *expected;                                                     \
                                                                                                   \
		(void)order;                                                                       \
		(void)failure;                                                                     \
		if (model)                                                                         \
			done(&op, &new);                                                           \
		else                                                                               \
			*p = new;                                                                  \
		*expected = old;                                                                   \
		return equal;                                                                      \
	}

#define ATOMICS(n, type)                                                                           \
	type __tsan_atomic##n##_load(const type *p, int order);                                    \
	type __tsan_atomic##n##_load(const type *p, int order)                                     \
	{                                                                                          \
		struct op op = {.addr = (void *)p, .size = sizeof(type), .pc = HERE};              \
                                                                                                   \
		(void)order;                                                                       \
		op.kind = OP_LOAD;                                                                 \
		return begin(&op) ? (type)actor_load(running, &op) : *p;                           \
	}                                                                                          \
	void __tsan_atomic##n##_store(type *p, type v, int order);                                 \
	void __tsan_atomic##n##_store(type *p, type v, int order)                                  \
	{                                                                                          \
		struct op op = {.addr = p, .size = sizeof(type), .pc = HERE};                      \
                                                                                                   \
		op.kind = order == __ATOMIC_SEQ_CST ? OP_RMW : OP_STORE;                           \
		if (!begin(&op))                                                                   \
			*p = v;                                                                    \
		else if (op.kind == OP_RMW)                                                        \
			done(&op, &v);                                                             \
		else                                                                               \
			actor_store(running, &op, &v);                                             \
	}                                                                                          \
	RMW(n, type, exchange, v)                                                                  \
	RMW(n, type, fetch_add, old + v)                                                           \
	RMW(n, type, fetch_sub, old - v)                                                           \
	RMW(n, type, fetch_and, old &v)                                                            \
	RMW(n, type, fetch_or, old | v)                                                            \
	RMW(n, type, fetch_xor, old ^ v)                                                           \
	CMPXCHG(n, type, strong)                                                                   \
	CMPXCHG(n, type, weak)
ATOMICS(8, u8)
ATOMICS(16, u16)
ATOMICS(32, u32)
ATOMICS(64, u64)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_signal_fence(int order);

void __tsan_atomic_thread_fence(int order)
{
	struct op op = {.kind = OP_FENCE, .pc = HERE};

	if (order == __ATOMIC_SEQ_CST && begin(&op))
		trace_step(running, &op, 0);
}

void __tsan_atomic_signal_fence(int order)
{
	(void)order;
}

/* --- model.h --- */

unsigned int model_cpu(void)
{
	return running ? actor_number(running) : direct_cpu;
}

unsigned int model_cpus(void)
{
	return nr_actors;
}

void model_run_on(unsigned int cpu)
{
	direct_cpu = cpu;
}

static void take(struct op *op, u32 owner)
{
	if (!begin(op)) {
		*(u32 *)op->addr = owner;
		return;
	}
	running->held |= sharing_lock_bit(op->addr);
	done(op, &owner);
}

void model_lock(u32 *word, u32 owner)
{
	struct op op = {.kind = OP_LOCK, .addr = word, .size = sizeof(*word), .pc = HERE};

	if (running && (running->held & sharing_lock_bit(word)))
		violation("CPU %u takes a lock that it holds", model_cpu());
	if (!running && *word)
		violation("a lock is held, and nobody is left to release it");
	take(&op, owner);
}

bool model_trylock(u32 *word, u32 owner)
{
	struct op op = {.kind = OP_RMW, .addr = word, .size = sizeof(*word), .pc = HERE};
	bool model = begin(&op);

	if (*word)
		return false;
	if (model) {
		running->held |= sharing_lock_bit(word);
		done(&op, &owner);
	} else {
		*word = owner;
	}
	return true;
}

void model_unlock(u32 *word)
{
	struct op op = {.kind = OP_STORE, .addr = word, .size = sizeof(*word), .pc = HERE};
	u32 free = 0;

	if (!begin(&op)) {
		*word = 0;
		return;
	}
	running->held &= ~sharing_lock_bit(word);
	actor_store(running, &op, &free);
}

bool model_holds(const u32 *word)
{
	return running ? (running->held & sharing_lock_bit(word)) != 0 : *word == direct_cpu + 1;
}

void model_await(const u64 *word, u64 at_least)
{
	struct op op = {.kind = OP_AWAIT,
			.addr = (void *)word,
			.size = sizeof(*word),
			.value = at_least,
			.pc = HERE};

	if (begin(&op))
		(void)actor_load(running, &op);
}

void model_store_now(u64 *word, u64 value)
{
	struct op op = {.kind = OP_NOW, .addr = word, .size = sizeof(*word), .pc = HERE};

	if (begin(&op))
		done(&op, &value);
	else
		*word = value;
}

void model_ignore(const void *addr, size_t size)
{
	memory_ignore(addr, size);
}

void model_note(const char *fmt, ...)
{
	char text[200];
	va_list args;

	if (!tracing || !running)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	trace_note(running, text);
}

void model_fail(const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	violation("%s", text);
}
