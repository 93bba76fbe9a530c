/*
 * Race points: named places between two steps of a protocol where a debug build can wait for
 * another CPU (a forced schedule), call a test's function, or give way by a seed.
 *
 *	pte = READ_ONCE(reference[slot]);
 *	RACE_POINT(copy_loaded);
 *	WRITE_ONCE(root->pgd[slot], pte);
 *
 * The name is an identifier; several places may bear the same one and are then the same point. A
 * release build has no trace of it, neither code nor data. A debug build (debug.h) registers the
 * place in the linker set .race_points and calls race_point() there, in any context, with whatever
 * locks, preemption and interrupts the surrounding code has. kernel/racepoint.h is for those who
 * direct the schedule.
 */
#ifndef KERNEL_BASE_RACEPOINT_H
#define KERNEL_BASE_RACEPOINT_H

#include "kernel/base/compiler.h"
#include "kernel/base/debug.h"
#include "kernel/base/types.h"

#if DEBUG_KERNEL

/* 32 bytes, so that the linker set is an array without gaps. */
struct race_point {
	const char *name;
	const char *file;
	u32 line;
	u16 id;     /* equal names, equal numbers; written at boot */
	bool armed; /* a rule names the point: kernel/racepoint.c */
} __aligned(32);

/* clang-format off */
_Static_assert(sizeof(struct race_point) == 32, "linker set stride");
/* clang-format on */

/* Any context. */
void race_point(struct race_point *point);

#define RACE_POINT(name_)                                                                          \
	do {                                                                                       \
		static struct race_point race_point_##name_ __used __section(".race_points") = {   \
			.name = #name_, .file = __FILE__, .line = __LINE__};                       \
		race_point(&race_point_##name_);                                                   \
	} while (0)

#else

#define RACE_POINT(name_)                                                                          \
	do {                                                                                       \
	} while (0)

#endif

#endif
