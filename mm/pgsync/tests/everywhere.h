/*
 * A process on every CPU, each on a root of its own: for the guard tests that ask whether something
 * reaches every root, and every CPU.
 *
 *	everywhere_start(), everywhere_stop()
 *	everywhere_run(fn, arg)		fn(arg) in each of them, at the same time
 *	everywhere_missing(va)		how many cannot read there
 *	everywhere_has(slot)		how many of their roots hold the reference's slot
 *
 * One user at a time. While they have nothing to do they sleep; each CPU keeps its process's root.
 */
#ifndef MM_PGSYNC_TESTS_EVERYWHERE_H
#define MM_PGSYNC_TESTS_EVERYWHERE_H

#include "kernel/base/types.h"

void everywhere_start(void);
void everywhere_stop(void);

void everywhere_run(void (*fn)(void *), void *arg);

unsigned int everywhere_missing(const void *va);
unsigned int everywhere_has(unsigned int slot);

#endif
