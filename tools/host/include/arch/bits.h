/* Twin of atomic bits, in C: what watches memory accesses sees these. */
#ifndef ARCH_BITS_H
#define ARCH_BITS_H

static inline void arch_set_bit(unsigned long n, unsigned long *map)
{
	(void)__atomic_fetch_or(&map[n / 64], 1UL << n % 64, __ATOMIC_SEQ_CST);
}

static inline void arch_clear_bit(unsigned long n, unsigned long *map)
{
	(void)__atomic_fetch_and(&map[n / 64], ~(1UL << n % 64), __ATOMIC_SEQ_CST);
}

#endif
