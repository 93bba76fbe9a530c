/*
 * Bitmaps in arrays of unsigned long.
 *
 * set_bit, clear_bit and test_and_* are atomic and full barriers; the __ forms are neither.
 */
#ifndef KERNEL_BASE_BITOPS_H
#define KERNEL_BASE_BITOPS_H

#include "arch/bits.h"
#include "kernel/base/atomic.h"
#include "kernel/base/types.h"

#define BITS_PER_LONG              64
#define BIT(n)                     (1UL << (n))
#define BITS_TO_LONGS(n)           (((n) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

#define BIT_WORD_INDEX(n) ((n) / BITS_PER_LONG)
#define BIT_IN_WORD(n)    (1UL << ((n) % BITS_PER_LONG))

static inline bool test_bit(unsigned int n, const unsigned long *map)
{
	return READ_ONCE(map[BIT_WORD_INDEX(n)]) & BIT_IN_WORD(n);
}

static inline void __set_bit(unsigned int n, unsigned long *map)
{
	map[BIT_WORD_INDEX(n)] |= BIT_IN_WORD(n);
}

static inline void __clear_bit(unsigned int n, unsigned long *map)
{
	map[BIT_WORD_INDEX(n)] &= ~BIT_IN_WORD(n);
}

static inline bool test_and_set_bit(unsigned int n, unsigned long *map)
{
	return atomic_fetch_or(&map[BIT_WORD_INDEX(n)], BIT_IN_WORD(n)) & BIT_IN_WORD(n);
}

static inline bool test_and_clear_bit(unsigned int n, unsigned long *map)
{
	return atomic_fetch_and(&map[BIT_WORD_INDEX(n)], ~BIT_IN_WORD(n)) & BIT_IN_WORD(n);
}

static inline void set_bit(unsigned int n, unsigned long *map)
{
	arch_set_bit(n, map);
}

static inline void clear_bit(unsigned int n, unsigned long *map)
{
	arch_clear_bit(n, map);
}

/* The first set bit at or after `from`, or `bits` when there is none. */
static inline unsigned int find_next_bit(const unsigned long *map, unsigned int bits,
					 unsigned int from)
{
	while (from < bits) {
		unsigned long word = READ_ONCE(map[BIT_WORD_INDEX(from)]) >> (from % BITS_PER_LONG);

		if (word) {
			from += (unsigned int)__builtin_ctzl(word);
			return from < bits ? from : bits;
		}
		from = (unsigned int)ALIGN_DOWN(from, BITS_PER_LONG) + BITS_PER_LONG;
	}
	return bits;
}

#define for_each_set_bit(bit, map, bits)                                                           \
	for ((bit) = find_next_bit((map), (bits), 0); (bit) < (bits);                              \
	     (bit) = find_next_bit((map), (bits), (bit) + 1))

#endif
