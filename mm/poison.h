/*
 * Poison: what the allocators fill freed memory with in a debug build, so that a write after the
 * free is found when the memory is allocated again, and a read after it yields no plausible value:
 * as an address the pattern is not canonical.
 */
#ifndef MM_POISON_H
#define MM_POISON_H

#include "kernel/base/types.h"

#define POISON_BYTE 0x6b
#define POISON_WORD 0x6b6b6b6b6b6b6b6bul

void poison_fill(void *p, size_t size);

/* How many bytes from `p` on still hold the pattern: `size` when nobody wrote to them. */
size_t poison_intact(const void *p, size_t size);

#endif
