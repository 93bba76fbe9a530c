/*
 * Between two reads, on the host: a function that is called right after the program has read a slot
 * of a root for the nth time. It is how a test on one CPU lets another one act between an auditor's
 * look at a slot and whatever the auditor does next.
 *
 * The root's page is made unreadable; each access to it is stepped over, one instruction, and the
 * page is made unreadable again. Each caller of the root's page is seen, so also the one who reads
 * by memcpy().
 *
 * x86-64 hosts only: on another one steps_supported() is false and nothing else may be called.
 */
#ifndef MM_PGSYNC_TESTS_STEP_H
#define MM_PGSYNC_TESTS_STEP_H

#include "mm/pgsync/pgsync.h"

bool steps_supported(void);

/*
 * fn(root) runs once, when slot `slot` of the root has been accessed for the nth time from now on.
 * It may do with the root what it likes, call after_access() again, too. One at a time.
 */
void after_access(struct mm_root *root, unsigned int slot, unsigned int nth,
		  void (*fn)(struct mm_root *root));

/* Whether it still waits; it does so no longer. */
bool after_access_cancel(void);

#endif
