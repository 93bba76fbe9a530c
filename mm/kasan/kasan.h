/* What the files of the address sanitizer know of each other: see kernel/base/kasan.h. */
#ifndef MM_KASAN_H
#define MM_KASAN_H

#include "kernel/base/kasan.h"

#define GRANULE 8UL

static inline u8 *shadow_of(unsigned long addr)
{
	return (u8 *)kasan_shadow(addr);
}

/* Whether the address has shadow: only then may shadow_of() be read. */
bool kasan_covered(unsigned long addr);

/* The first of the bytes that may not be used, or 0: all may, or they have no shadow. */
unsigned long kasan_first_bad(unsigned long addr, size_t bytes);

/* No checks any more: the machine is about to end. */
void kasan_stop(void);

enum kasan_access { KASAN_READ, KASAN_WRITE, KASAN_FREE };

/* Prints what is known of an access that was refused, and panics. `pc`: who made it. */
__noreturn void kasan_report(unsigned long addr, size_t bytes, enum kasan_access access,
			     unsigned long pc, unsigned long bad);

/* --- objects (object.c) --- */

#define TRACK_DEPTH 7

/* Who was it? Return addresses without their upper half, which is ones; 0 behind the last. */
struct kasan_track {
	u32 pid;
	u32 pc[TRACK_DEPTH];
};

/* At the end of an object's place, in its redzone. */
struct kasan_tracks {
	struct kasan_track alloc, free;
};

_Static_assert(sizeof(struct kasan_tracks) == 64, "KASAN_REDZONE");

struct kasan_tracks *kasan_tracks(const struct kmem_cache *cache, const void *obj);
void kasan_track_print(const char *what, const struct kasan_track *t);

/* --- globals (global.c) --- */

/* As the compiler lays it out (GCC, libsanitizer/asan/asan_interface_internal.h). */
struct kasan_global {
	unsigned long start, size, size_with_redzone;
	const char *name, *file;
	unsigned long dynamic_init;
	const struct {
		const char *file;
		u32 line, column;
	} * where;
	unsigned long odr;
};

/* That which `addr` lies in, or in the redzone behind; or NULL. */
const struct kasan_global *kasan_global_at(unsigned long addr);

#endif
