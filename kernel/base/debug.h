/*
 * Whether this is a debug build (`make DEBUG=1`): DEBUG_KERNEL is the constant 1 or 0.
 *
 * A debug build poisons what the allocators get back and has race points (racepoint.h). Use it as a
 * condition in C, `if (DEBUG_KERNEL)`: both sides are compiled, one is dropped.
 */
#ifndef KERNEL_BASE_DEBUG_H
#define KERNEL_BASE_DEBUG_H

#ifndef DEBUG_KERNEL
#define DEBUG_KERNEL 0
#endif

#endif
