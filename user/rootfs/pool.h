/*
 * Memory of the file tree: how much there may be of it, and pages for the contents of files.
 *
 *	pool_init(bytes)		the limit on everything: contents, names, inodes
 *	pool_charge() pool_release()	count what malloc() gives against it
 *	page_take() page_give()		pages, counted by themselves
 *
 * The limit is what makes -ENOSPC of what would otherwise be the end of the server for want of memory.
 * One pool, one thread.
 */
#ifndef USER_ROOTFS_POOL_H
#define USER_ROOTFS_POOL_H

#include <stdbool.h>
#include <stdint.h>

#define POOL_PAGE 4096u

/* Once; the host tests begin anew with it. 0 or -ENOMEM: there is no address space for so much. */
int pool_init(uint64_t bytes);

/* False: over the limit, and nothing is counted. */
bool pool_charge(uint64_t bytes);
void pool_release(uint64_t bytes);
uint64_t pool_limit(void);
uint64_t pool_used(void);

/*
 * The number of a page of zeroes, > 0; 0: over the limit. Pages that are taken one after the other lie one behind
 * the other where that can be had.
 */
uint32_t page_take(void);
/* n pages from `page` on. */
void page_give(uint32_t page, uint32_t n);
/* Page n + 1 is at the address behind page n. */
char *page_at(uint32_t page);

#endif
