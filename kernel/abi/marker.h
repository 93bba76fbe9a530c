/*
 * Marks in the instruction stream, for a tool that watches instructions from outside the machine
 * (tools/count). To the processor each is a no-operation of seven bytes, whose unused displacement
 * carries the number of a window. Read by the kernel and by user programs.
 *
 * What a CPU does between a begin and the next end on that CPU belongs to the window, whichever
 * task it runs and in whichever mode. Windows do not nest: a begin inside a window, and an end of
 * another one, are mistakes, which the tool reports.
 */
#ifndef KERNEL_ABI_MARKER_H
#define KERNEL_ABI_MARKER_H

#define MARKER_MAGIC 0x46570000 /* the upper half of the displacement */
#define MARKER_END   0x100      /* bit: end; clear: begin */

enum marker_window {
	WINDOW_ROOT_LIFE = 1, /* pgd_alloc(), the late copy, pgd_free() and nothing else */
	WINDOW_FORK = 2,      /* fork, exit and wait, from the parent's call to its return */
	WINDOW_GROWTH = 3,    /* kroot_populate() of one slot */
};

/* `window`: a constant. Both are compiler barriers. */
#define marker_begin(window)                                                                       \
	__asm__ volatile("nopl %c0(%%rax)" : : "i"(MARKER_MAGIC | (window)) : "memory")
#define marker_end(window) marker_begin((window) | MARKER_END)

#endif
