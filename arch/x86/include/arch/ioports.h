/*
 * I/O ports for user mode: which ones a process may use, as the bitmap that the processor looks into (SDM vol. 1,
 * 19.5.2).
 *
 * Each CPU has a bitmap of its own, behind its TSS. It is in force between io_bitmap_load() and
 * io_bitmap_unload(), for whatever runs in user mode on that CPU; who calls these sees to it that it is the right
 * one. Without one in force an IN or OUT in user mode is a general protection fault.
 */
#ifndef ARCH_IOPORTS_H
#define ARCH_IOPORTS_H

#include "kernel/base/types.h"

#define IO_PORTS 65536

struct io_bitmap;

/* No port is allowed. NULL: no memory. */
struct io_bitmap *io_bitmap_alloc(void);
void io_bitmap_free(struct io_bitmap *b);

/* Ports [first, first + count) from now on; they end by IO_PORTS. One caller at a time, while others load it. */
void io_bitmap_allow(struct io_bitmap *b, u32 first, u32 count);

/*
 * Puts it into force on this CPU as it is now. False: it was so already, so nothing has changed. Interrupts off.
 */
bool io_bitmap_load(const struct io_bitmap *b);

/* No port for user mode on this CPU. Interrupts off. */
void io_bitmap_unload(void);

/* Whether one is in force on this CPU. Interrupts off. */
bool io_bitmap_loaded(void);

#endif
