/*
 * The world's memory: every byte that modelled code may share is in the linker section `world`.
 *
 * Each write is logged, so that the search can step back, and changes a hash that always stands for
 * the whole section: the XOR over all its words of a mix of address and value.
 */
#include "tools/pgmodel/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct undo {
	u64 *word;
	u64 old;
};

u64 memory_hash;

static u8 *image;
static u8 *ignored; /* by word */
static struct undo *log_entries;
static size_t log_length, log_room;

static size_t world_size(void)
{
	return (size_t)(__stop_world - __start_world);
}

u64 hash_mix(u64 key, u64 value)
{
	u64 x = value + key * 0x9e3779b97f4a7c15ULL + 0x632be59bd9b4e019ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

void memory_image_save(void)
{
	image = malloc(world_size());
	ignored = malloc(world_size() / 8 + 1);
	if (!image || !ignored)
		abort();
	memcpy(image, __start_world, world_size());
}

void memory_image_restore(void)
{
	memcpy(__start_world, image, world_size());
	memset(ignored, 0, world_size() / 8 + 1);
	log_length = 0;
	memory_hash = 0;
}

static size_t word_index(const void *addr)
{
	return (size_t)((const u8 *)addr - __start_world) / 8;
}

static u64 *word_of(const void *addr)
{
	return (u64 *)__start_world + word_index(addr);
}

void memory_ignore(const void *addr, size_t size)
{
	memset(ignored + word_index(addr), 1, (size + 7) / 8);
}

static void log_word(u64 *word)
{
	if (log_length == log_room) {
		log_room = log_room ? 2 * log_room : 4096;
		log_entries = realloc(log_entries, log_room * sizeof(*log_entries));
		if (!log_entries)
			abort();
	}
	log_entries[log_length++] = (struct undo){word, *word};
}

void memory_log(void *addr, size_t size)
{
	for (u64 *w = word_of(addr); (u8 *)w < (u8 *)addr + size; w++)
		log_word(w);
}

void memory_write(void *addr, const void *bytes, size_t size)
{
	u64 *first = word_of(addr);

	for (u64 *w = first; (u8 *)w < (u8 *)addr + size; w++) {
		log_word(w);
		if (!ignored[word_index(w)])
			memory_hash ^= hash_mix((u64)w, *w);
	}
	memcpy(addr, bytes, size);
	for (u64 *w = first; (u8 *)w < (u8 *)addr + size; w++)
		if (!ignored[word_index(w)])
			memory_hash ^= hash_mix((u64)w, *w);
}

struct memory_mark memory_mark(void)
{
	return (struct memory_mark){log_length, memory_hash};
}

void memory_undo(struct memory_mark mark)
{
	while (log_length > mark.length) {
		struct undo *u = &log_entries[--log_length];

		*u->word = u->old;
	}
	memory_hash = mark.hash;
}

/* --- store buffers --- */

static bool overlap(const struct store *s, const void *addr, size_t size)
{
	return (u8 *)s->addr < (const u8 *)addr + size &&
	       (const u8 *)addr < (u8 *)s->addr + s->size;
}

bool memory_buffered(const struct actor *a, const void *addr, size_t size)
{
	for (u32 i = 0; i < a->nr_stores; i++)
		if (overlap(&a->buffer[i], addr, size))
			return true;
	return false;
}

void memory_view(const struct actor *a, const void *addr, void *bytes, size_t size)
{
	memcpy(bytes, addr, size);
	for (u32 i = 0; i < a->nr_stores; i++) {
		const struct store *s = &a->buffer[i];

		if (!overlap(s, addr, size))
			continue;
		for (u32 b = 0; b < s->size; b++) {
			ptrdiff_t at = (u8 *)s->addr + b - (const u8 *)addr;

			if (at >= 0 && (size_t)at < size)
				((u8 *)bytes)[at] = ((const u8 *)&s->value)[b];
		}
	}
}
