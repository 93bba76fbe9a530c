/*
 * Memory that modelled code allocates: a pool for each CPU, taken in order, so that who allocates
 * first makes no difference. Nothing is ever used twice: an object that has been freed stays
 * poison, and whoever touches it is told.
 *
 * An object is fresh from its allocation by an actor until that actor stores a pointer into it
 * anywhere but in another fresh object: until then nobody else can reach it.
 */
#include "tools/pgmodel/engine.h"

#include <string.h>

#define POOL_BYTES   24576
#define POOL_OBJECTS 16

struct object {
	const char *what;
	u32 offset, size;
	u32 freed, fresh;
};

struct pool {
	u32 nr, used;
	u32 nr_fresh;
	struct object objects[POOL_OBJECTS];
	u8 bytes[POOL_BYTES] __aligned(4096);
};

/* In the world, so that stepping back takes allocations back. */
static struct pool pools[MAX_ACTORS] __section("world") __aligned(4096) = {{0}};

static void set(u32 *field, u32 value)
{
	if (running)
		memory_write(field, &value, sizeof(value));
	else
		memory_log(field, sizeof(value)), *field = value;
}

void *model_alloc(size_t size, const char *what)
{
	struct pool *p = &pools[model_cpu()];
	struct object *o = &p->objects[p->nr];
	size_t align = size >= 4096 ? 4096 : 64;
	u32 offset = (u32)ALIGN_UP((size_t)p->used, align);

	if (p->nr == POOL_OBJECTS || offset + size > POOL_BYTES)
		violation("CPU %u's pool is too small for another %s", model_cpu(), what);
	memory_log(o, sizeof(*o));
	*o = (struct object){
		.what = what, .offset = offset, .size = (u32)size, .fresh = running != NULL};
	set(&p->used, offset + (u32)size);
	set(&p->nr, p->nr + 1);
	if (running)
		set(&p->nr_fresh, p->nr_fresh + 1);
	return p->bytes + offset;
}

static struct pool *pool_of(const void *addr)
{
	if ((const u8 *)addr < (const u8 *)pools ||
	    (const u8 *)addr >= (const u8 *)(pools + MAX_ACTORS))
		return NULL;
	return &pools[((const u8 *)addr - (const u8 *)pools) / sizeof(struct pool)];
}

static struct object *object_of(const void *addr)
{
	struct pool *p = pool_of(addr);
	size_t offset;

	if (!p || (const u8 *)addr < p->bytes)
		return NULL;
	offset = (size_t)((const u8 *)addr - p->bytes);
	for (struct object *o = p->objects; o < p->objects + p->nr; o++)
		if (offset >= o->offset && offset < o->offset + o->size)
			return o;
	return NULL;
}

bool pool_fresh(const void *addr, unsigned int cpu)
{
	struct object *o;

	if (!reduce_fresh || !pools[cpu].nr_fresh || pool_of(addr) != &pools[cpu])
		return false;
	o = object_of(addr);
	return o && o->fresh;
}

/* All at once: fresh objects may point to each other. */
void pool_escape(const void *addr, u64 value, unsigned int cpu)
{
	struct pool *p = &pools[cpu];

	if (!p->nr_fresh || pool_of((void *)value) != p || pool_fresh(addr, cpu))
		return;
	for (struct object *o = p->objects; o < p->objects + p->nr; o++)
		if (o->fresh)
			set(&o->fresh, 0);
	set(&p->nr_fresh, 0);
}

void model_free(void *addr)
{
	struct object *o = object_of(addr);
	struct op op = {.kind = OP_FREE, .addr = addr, .pc = __builtin_return_address(0)};

	if (!o)
		violation("free of %p, which is no object", addr);
	op.size = o->size;
	if (running) {
		actor_begin(running, &op);
		trace_step(running, &op, 0);
	}
	if (o->freed)
		violation("%s is freed twice", o->what);
	set(&o->freed, 1);
}

void pool_check(const void *addr, size_t size)
{
	struct object *o = object_of(addr);

	(void)size;
	if (o && o->freed)
		violation("%s has been freed, and is used", o->what);
}

bool pool_find(const void *addr, struct pool_place *place)
{
	struct object *o = object_of(addr);

	if (!o)
		return false;
	*place = (struct pool_place){.what = o->what};
	for (struct pool *p = pools; p < pools + MAX_ACTORS; p++)
		for (struct object *i = p->objects; i < p->objects + p->nr; i++) {
			if (i == o) {
				place->offset = (size_t)((const u8 *)addr - p->bytes - o->offset);
				return true;
			}
			place->nr += strcmp(i->what, o->what) == 0;
		}
	return false;
}
