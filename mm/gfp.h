/* What a caller asks of the page and object allocators. No allocator sleeps: all take GFP_KERNEL.
 */
#ifndef MM_GFP_H
#define MM_GFP_H

typedef unsigned int gfp_t;

#define GFP_KERNEL 0u
#define GFP_ZERO   1u /* the memory reads as zero */
/*
 * For pages that can be moved, because every reference to one can be found: added memory is used
 * first. Everything else is taken from there only when the RAM of boot is used up.
 */
#define GFP_MOVABLE 2u

#endif
