/*
 * Memory that is added while the system runs, and taken away again.
 *
 *	memory_add()		maps it, describes it, gives its pages to the page allocator
 *	memory_close()		no page of it is handed out any more; memory_open(): again
 *	memory_in_use()		its pages that somebody has, or a CPU's cache
 *	memory_remove()		of a closed range without a page in use: nothing of it is mapped any more
 *
 * The order of an addition is I42: every root has the slots of direct map and page array, then the
 * struct pages are written, then pages are handed out. After the last step any allocation on any
 * root may return one of them. A removal unmaps below the root level, and no CPU has a translation
 * left when it returns; slots and what hangs from them stay (I20), and the next addition there
 * finds them.
 *
 * The page array of a range lies in the range itself, at its beginning: memory that is short is no
 * reason not to add any. Ranges are whole sections (SECTION_BYTES) above all RAM of boot.
 *
 * Process context, may sleep, no lock held. What does not belong here: who asks for it
 * (kernel/memhp.c), and how pages in use are got rid of (mm/migrate.h).
 */
#ifndef MM_HOTPLUG_H
#define MM_HOTPLUG_H

#include "kernel/base/types.h"

/*
 * [start, start + bytes), physical. 0; -EINVAL: no whole sections, or not above boot's RAM, or
 * beyond what the direct map has room for; -EEXIST: something of it is there already; -ENOMEM;
 * -EBUSY: all roots are pinned. After an error nothing is mapped there, and it may be tried again.
 */
int memory_add(phys_addr_t start, u64 bytes);

/* These are for the exact start of a range that memory_add() has added; else -ENOENT. */
int memory_close(phys_addr_t start);
int memory_open(phys_addr_t start);
/* 0; -EBUSY: it is not closed, or pages of it are in use. */
int memory_remove(phys_addr_t start);

struct memory_range {
	phys_addr_t start;
	u64 bytes;
	u64 pages;  /* that the page allocator has to give: without those of the page array */
	u64 in_use; /* of them, those in a CPU's cache included */
	bool closed;
};

/* The i-th range that was added, by address; false: there are not so many. */
bool memory_range(unsigned int i, struct memory_range *range);
/* The same by address. */
bool memory_range_at(phys_addr_t start, struct memory_range *range);

#endif
