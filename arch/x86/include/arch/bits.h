/*
 * One bit of a bitmap, atomically and with a full barrier. One instruction, which finds the word by itself: a shift, a
 * mask and an index would be five more on the way of every switch of address spaces.
 */
#ifndef ARCH_BITS_H
#define ARCH_BITS_H

static inline void arch_set_bit(unsigned long n, unsigned long *map)
{
	__asm__ volatile("lock btsq %1, %0" : "+m"(*map) : "r"(n) : "memory", "cc");
}

static inline void arch_clear_bit(unsigned long n, unsigned long *map)
{
	__asm__ volatile("lock btrq %1, %0" : "+m"(*map) : "r"(n) : "memory", "cc");
}

#endif
