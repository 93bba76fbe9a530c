/*
 * Names for what the world's addresses and values mean: for the printed interleaving. Not part of
 * the world: it looks at memory as it is.
 */
#include "tools/pgmodel/engine.h"
#include "tools/pgmodel/world.h"

#include "arch/root.h"
#include "mm/mm.h"
#include "mm/pgsync/strategy.h"

#include <stdio.h>
#include <string.h>

struct field {
	const char *what;
	size_t offset, size;
	const char *name;
};

#define FIELD(what, type, member, name)                                                            \
	{                                                                                          \
		what, offsetof(type, member), sizeof(((type *)0)->member), name                    \
	}

static const struct field fields[] = {
	FIELD("mm_root", struct mm_root, pgd, "pgd"),
	FIELD("mm_root", struct mm_root, gen, "gen"),
	FIELD("mm_root", struct mm_root, state, "state"),
	FIELD("mm_root", struct mm_root, life, "life"),
	FIELD("mm_root", struct mm_root, pgd_list, "link in pgd_list"),
	FIELD("mm_root", struct mm_root, registry, "link in the registry"),
	FIELD("mm_struct", struct mm_struct, root, "root"),
	FIELD("mm_struct", struct mm_struct, mm_users, "mm_users"),
	FIELD("mm_struct", struct mm_struct, mm_count, "mm_count"),
	FIELD("mm_struct", struct mm_struct, cpus, "cpus"),
	FIELD("task", struct task_struct, mm, "mm"),
	FIELD("task", struct task_struct, active_mm, "active_mm"),
	FIELD("task", struct task_struct, alloc_lock, "task_lock"),
	FIELD("task", struct task_struct, table_node, "link in the task table"),
	FIELD("task", struct task_struct, thread_node, "link in the group"),
	FIELD("task", struct task_struct, pid, "pid"),
	FIELD("group", struct thread_group, leader, "leader"),
	FIELD("group", struct thread_group, tgid, "tgid"),
	FIELD("group", struct thread_group, threads, "threads"),
};

/* What the objects of each kind are called, and by letter or number. */
static void object_name(const char *what, unsigned int nr, char *buf, size_t n)
{
	if (strcmp(what, "mm_root") == 0 || strcmp(what, "root page") == 0)
		snprintf(buf, n, "root %c", 'A' + nr);
	else if (strcmp(what, "mm_struct") == 0)
		snprintf(buf, n, "mm %c", 'a' + nr);
	else
		snprintf(buf, n, "%s %u", what, nr + 1);
}

static bool pool_name(const void *addr, char *buf, size_t n)
{
	struct pool_place place;
	char object[40];

	if (!pool_find(addr, &place))
		return false;
	object_name(place.what, place.nr, object, sizeof(object));
	if (strcmp(place.what, "root page") == 0) {
		snprintf(buf, n, "%s slot %zu", object, place.offset / sizeof(pte_t));
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];

		if (strcmp(f->what, place.what) == 0 && place.offset >= f->offset &&
		    place.offset < f->offset + f->size) {
			snprintf(buf, n, "%s's %s", object, f->name);
			return true;
		}
	}
	snprintf(buf, n, "%s + %zu", object, place.offset);
	return true;
}

static bool percpu_name(const void *addr, char *buf, size_t n)
{
	unsigned long offset = (unsigned long)((const char *)addr - __percpu_start);

	if ((const char *)addr < __percpu_start || offset >= MAX_ACTORS * PERCPU_SIZE)
		return false;
	snprintf(buf, n, "CPU %lu's <%p>", offset / PERCPU_SIZE,
		 (void *)(__percpu_start + offset % PERCPU_SIZE));
	return true;
}

bool world_name(const void *addr, char *buf, size_t n)
{
	if ((const pte_t *)addr >= swapper_pg_dir &&
	    (const pte_t *)addr < swapper_pg_dir + PT_ENTRIES) {
		snprintf(buf, n, "reference slot %zu",
			 (size_t)((const pte_t *)addr - swapper_pg_dir));
		return true;
	}
	return pool_name(addr, buf, n) || percpu_name(addr, buf, n);
}

/* A pointer to the beginning of an object is the object. */
static bool pointer_name(u64 value, char *buf, size_t n)
{
	struct pool_place place;

	if ((pte_t *)value == swapper_pg_dir || (struct mm_root *)value == &swapper_root) {
		snprintf(buf, n, "the reference root");
		return true;
	}
	if (!pool_find((void *)value, &place) || place.offset)
		return false;
	object_name(place.what, place.nr, buf, n);
	return true;
}

bool world_value(u64 value, char *buf, size_t n)
{
	u64 table = (value & PTE_PHYS_MASK) / PAGE_SIZE - 1;

	if ((value & ~PTE_PHYS_MASK) == PTE_KERNEL_TABLE && table < MODEL_TABLES) {
		snprintf(buf, n, "table %llu", (unsigned long long)table);
		return true;
	}
	return pointer_name(value, buf, n);
}
