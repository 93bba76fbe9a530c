/*
 * Poison: every byte that is changed is found, wherever the piece begins and ends. That the
 * allocators ask, and panic, is shown on the host (poison_test.c). Mutant: poison_unchecked.
 */
#include "mm/poison.h"

#include "kernel/base/ktest.h"

#define BYTES 40

KTEST(poison, finds_the_first_changed_byte)
{
	static u8 bytes[BYTES] __aligned(8);
	unsigned int wrong = 0;

	for (size_t from = 0; from < 9; from++) {
		for (size_t to = from; to <= BYTES; to++) {
			poison_fill(bytes, BYTES);
			wrong += poison_intact(bytes + from, to - from) != to - from;
			for (size_t at = from; at < to; at++) {
				bytes[at] ^= 1;
				wrong += poison_intact(bytes + from, to - from) != at - from;
				bytes[at] ^= 1;
			}
		}
	}
	KTEST_EXPECT_EQ(wrong, 0);
}

KTEST(poison, looks_no_further_than_asked)
{
	static u8 bytes[BYTES] __aligned(8);

	poison_fill(bytes, BYTES);
	bytes[7] = 0;
	bytes[32] = 0;
	KTEST_EXPECT_EQ(poison_intact(bytes + 8, 24), 24);
	KTEST_EXPECT_EQ(poison_intact(bytes + 8, 25), 24);
}
