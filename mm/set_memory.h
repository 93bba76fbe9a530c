/*
 * Rights of kernel pages, in the direct map and of vmalloc ranges.
 *
 *	set_memory_ro(va, n)		n pages can be read only, on every CPU, on return
 *	set_memory_rw(va, n)		and written again
 *	set_memory_x(va, n)		can be executed
 *	set_memory_nx(va, n)		and not any more, as all pages at first
 *	set_memory_write(va, n, w)	the same in a stopped machine, where the caller flushes
 *	set_memory_tidy()		large pages again where nothing needs the small ones
 *	set_memory_audit()		is anything writable and executable?
 *
 * All roots share what lies below their slots, so one store changes the right for all of them; no
 * root slot is ever touched (I21). A large page that holds such a page is split first: the new table
 * is complete before one store puts it in the place of the large page, so that no CPU at any moment
 * finds the memory absent or different (I36).
 *
 * No page is writable and executable by one address (W^X): who asks for the second right is refused.
 * Another address of the same page, as the direct map is to a vmalloc range, is not looked at.
 *
 * The memory stays the caller's, who must free direct-map pages writable and not executable; vfree()
 * takes a range with any rights. The kernel image's own rights are not to be changed here: paging.c
 * set them for good.
 */
#ifndef MM_SET_MEMORY_H
#define MM_SET_MEMORY_H

#include "kernel/base/types.h"

/*
 * `va` is a page-aligned address of RAM in the direct map, or in a live vmalloc range. 0; or, when no
 * right has changed, but large pages may be split, -ENOMEM, or -EPERM: a page would be writable and
 * executable. Process context, interrupts on, no spin lock held.
 */
int set_memory_ro(unsigned long va, unsigned int n);
int set_memory_rw(unsigned long va, unsigned int n);
int set_memory_x(unsigned long va, unsigned int n);
int set_memory_nx(unsigned long va, unsigned int n);

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

struct wx_audit {
	u64 leaves;          /* mappings looked at, of whatever size */
	u64 found;           /* writable and executable */
	unsigned long first; /* address of the first of those */
};

/*
 * Looks through the kernel half of the reference root, below which all roots have the same. Nobody
 * may free kernel page tables meanwhile: set_memory_tidy(), a reset of slots.
 */
struct wx_audit set_memory_audit(void);

/* The same; panics if there is one. */
void set_memory_assert_wx(void);

#endif
