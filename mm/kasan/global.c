/*
 * Static objects: the compiler puts a redzone behind each, and registers those of a source file in a
 * constructor (kasan_start()). Objects in sections of their own, per-CPU variables and linker sets, have none.
 */
#include "kernel/base/panic.h"
#include "mm/kasan/kasan.h"

/* One for each source file that has any. */
#define FILES_MAX 512

static struct {
	const struct kasan_global *first;
	size_t n;
} files[FILES_MAX];
static unsigned int nr_files;

void __asan_register_globals(const struct kasan_global *first, size_t n);
void __asan_register_globals(const struct kasan_global *first, size_t n)
{
	ASSERT_MSG(nr_files < FILES_MAX, "more than %d files with static objects", FILES_MAX);
	files[nr_files].first = first;
	files[nr_files].n = n;
	nr_files++;
	for (size_t i = 0; i < n; i++) {
		const struct kasan_global *g = &first[i];
		unsigned long end = ALIGN_UP(g->start + g->size, GRANULE);

		kasan_poison_range(end, g->start + g->size_with_redzone - end, KASAN_GLOBAL);
		kasan_unpoison_range(g->start, g->size);
	}
}

/* A destructor's: never called, as nothing is ever unloaded. */
void __asan_unregister_globals(const struct kasan_global *first, size_t n);
void __asan_unregister_globals(const struct kasan_global *first, size_t n)
{
	BUG("%zu objects from %p", n, (const void *)first);
}

const struct kasan_global *kasan_global_at(unsigned long addr)
{
	for (unsigned int f = 0; f < nr_files; f++)
		for (size_t i = 0; i < files[f].n; i++)
			if (addr - files[f].first[i].start < files[f].first[i].size_with_redzone)
				return &files[f].first[i];
	return NULL;
}
