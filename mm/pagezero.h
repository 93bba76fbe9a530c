/*
 * Clearing and copying whole pages: the two longest loops in fork, exec and page faults.
 *
 * An emulator pays per instruction, so the widest registers are the cheapest: with AVX a clear is
 * about 140 instructions and a copy 270. The vector register used is kept on the stack, so that the
 * running task's own is untouched, and preemption is off meanwhile, so that it does not matter what
 * the context switch saves.
 */
#ifndef MM_PAGEZERO_H
#define MM_PAGEZERO_H

/* Page-aligned kernel addresses; src and dst do not overlap. Process context or boot, not NMI. */
void clear_page(void *page);
void copy_page(void *dst, const void *src);

/*
 * Chooses the register width from the processor's features. Until then general registers are used,
 * at four times the instructions. Boot CPU, after cpu_features_init(); every other CPU runs
 * cpu_features_init() before it first clears or copies a page.
 */
void pagezero_init(void);

#endif
