/* Giving back what is kept for speed. */
#ifndef KERNEL_DRAIN_H
#define KERNEL_DRAIN_H

/*
 * Every cache of every CPU goes back to the page allocator, after grace periods: then free pages
 * can be compared. Process context, may sleep. What other tasks free meanwhile is cached again.
 */
void drain_all(void);

#endif
