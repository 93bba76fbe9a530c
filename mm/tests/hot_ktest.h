/*
 * For the in-kernel tests of memory hot-plug: the DIMM that the machine was started with
 * (`tools/qemu.py --dimm`), which kernel/memhp.c has added at boot. A test takes it away, adds it
 * again in its own way, and leaves it added.
 */
#ifndef MM_TESTS_HOT_KTEST_H
#define MM_TESTS_HOT_KTEST_H

#include "mm/hotplug.h"

/* The range, or bytes 0, and the test is skipped: the machine has none. */
struct memory_range hot_range_or_skip(void);

/* Takes it away; panics if that cannot be done: no test keeps pages of it. */
void hot_take_away(const struct memory_range *hot);

/* Whether the direct map has a root slot for the range alone: not with five levels. */
bool hot_has_own_slot(const struct memory_range *hot);

/* Empties a root slot below which nothing is mapped, in all roots, and frees what hangs from it. */
void hot_reset_slot(unsigned int slot);

#endif
