/* What a caller asks of the page and object allocators. No allocator sleeps: all take GFP_KERNEL.
 */
#ifndef MM_GFP_H
#define MM_GFP_H

typedef unsigned int gfp_t;

#define GFP_KERNEL 0u
#define GFP_ZERO   1u /* the memory reads as zero */

#endif
