/*
 * Rights of pages in the direct map.
 *
 *	set_memory_ro(va, n)		n pages can be read only, on every CPU, on return
 *	set_memory_rw(va, n)		and written again
 *	set_memory_write(va, n, w)	the same in a stopped machine, where the caller flushes
 *	set_memory_tidy()		large pages again where nothing needs the small ones
 *
 * All roots share what lies below their slots, so one store changes the right for all of them; no
 * root slot is ever touched (I21). A large page that holds such a page is split first: the new table
 * is complete before one store puts it in the place of the large page, so that no CPU at any moment
 * finds the memory absent or different (I36).
 *
 * The memory stays the caller's, who must not free it read-only. The kernel image's own rights are
 * not to be changed here: paging.c set them for good.
 */
#ifndef MM_SET_MEMORY_H
#define MM_SET_MEMORY_H

#include "kernel/base/types.h"

/*
 * `va` is a page-aligned direct-map address of RAM. 0, or -ENOMEM: no right has changed, but large
 * pages may be split. Process context, interrupts on, no spin lock held.
 */
int set_memory_ro(unsigned long va, unsigned int n);
int set_memory_rw(unsigned long va, unsigned int n);

/*
 * The same without the flush: a CPU may go by the old right until it has dropped its translations,
 * global ones too. For stop_machine(), which has every CPU drop them; also from process context.
 */
int set_memory_write(unsigned long va, unsigned int n, bool writable);

/*
 * Puts a large page back wherever all the small ones in its place agree, and frees the tables.
 * Process context, interrupts on, no spin lock held.
 */
void set_memory_tidy(void);

#endif
