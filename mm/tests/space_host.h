/*
 * What the property test of address spaces stands on: a machine with the real allocators, page
 * tables and mappings, in which roots are plain pages and each space runs on two CPUs, each with
 * a TLB.
 *
 * A TLB keeps a translation until it is told to drop it, also one whose rights were too few for a
 * touch: so a flush that is missing shows as a touch that reads or writes what it must not.
 */
#ifndef MM_TESTS_SPACE_HOST_H
#define MM_TESTS_SPACE_HOST_H

#include "mm/tests/space_model.h"

/* The machine; once. */
void host_boot(void);

/* Everything cached goes back; free pages then. */
u64 host_drained_pages(void);

/*
 * A touch of page n by either CPU: hit, walk or fault, as often as the kernel lets it try again.
 * 0: *page is what was reached; else what mm_fault() said.
 */
int host_touch(struct space *s, unsigned int n, unsigned long access, u64 **page);

/* Fails the test unless each translation that a TLB holds is one that the page tables still give. */
void host_check_tlb(const struct space *s);

/* The file whose pages FILE_ mappings have. */
extern struct page *host_file[FILE_PAGES];
extern struct memobj *host_file_object; /* of these pages */

#endif
