/* One number into another that looks random: the last step of splitmix64. */
#ifndef KERNEL_BASE_MIX_H
#define KERNEL_BASE_MIX_H

#include "kernel/base/types.h"

/* Odd, no pattern in its bits: a counter advanced by it gives good input for mix64(). */
#define MIX64_STEP 0x9e3779b97f4a7c15ul

/* Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. A bijection. */
static inline u64 mix64(u64 z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ul;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebul;
	return z ^ (z >> 31);
}

#endif
