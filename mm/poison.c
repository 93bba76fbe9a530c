/* Poison: see poison.h. */
#include "mm/poison.h"

#include "kernel/base/mutant.h"
#include "kernel/base/string.h"

void poison_fill(void *p, size_t size)
{
	memset(p, POISON_BYTE, size);
}

size_t poison_intact(const void *p, size_t size)
{
	const u8 *bytes = p;
	size_t n = 0;

	if (MUTANT(poison_unchecked))
		return size;
	while (n < size && !IS_ALIGNED((unsigned long)(bytes + n), sizeof(u64)) &&
	       bytes[n] == POISON_BYTE)
		n++;
	while (n + sizeof(u64) <= size && IS_ALIGNED((unsigned long)(bytes + n), sizeof(u64)) &&
	       *(const u64 *)(const void *)(bytes + n) == POISON_WORD)
		n += sizeof(u64);
	while (n < size && bytes[n] == POISON_BYTE)
		n++;
	return n;
}
