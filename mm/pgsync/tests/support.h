/*
 * For the in-kernel tests of mm/pgsync: root slots to grow into, and threads that hold an address
 * space as processes do.
 *
 * A test that grows ends with test_slots_reset(). Tests run one at a time, and nothing else runs
 * meanwhile.
 */
#ifndef MM_PGSYNC_TESTS_SUPPORT_H
#define MM_PGSYNC_TESTS_SUPPORT_H

#include "kernel/tests/actor.h"
#include "mm/mm.h"
#include "mm/pgsync/tests/traits.h"

/* Slots that nobody else uses: Linux leaves them to a hypervisor. */
#define TEST_SLOT  256
#define TEST_SLOTS 16

/* In the last root slot of the user half. */
#define LAST_USER_PAGE (USER_END - PAGE_SIZE)

/* For the tests that want a slot to be empty at first: true, and skipped, under `prealloc`. */
bool skip_without_growth(void);

/* kroot_install() of a new table: 0, also when the slot is from birth; or -EEXIST. */
int grow_slot(unsigned int slot);

/* Maps one page at the start of a test slot, which grows. What read_page_in() reads is in it. */
void map_page_in(unsigned int slot);
/* By its virtual address, on the running CPU's root: 0, or -EFAULT when it is not there. */
int read_page_in(unsigned int slot);

/*
 * Empties the test slots in all roots, in a stopped machine. No CPU borrows a root afterwards or
 * has one in its cache, so that the next test finds only its own ones.
 */
void test_slots_reset(void);

/* Whether the root holds what the reference holds, and that is something. */
bool root_has(const struct mm_root *root, unsigned int slot);

struct pgsync_audit audit_now(void);

/* The CPU, of those that have `root` loaded, with the highest number, or -1. */
int cpu_with_root(const struct mm_root *root);

/* How often the task walk finds `root`. */
unsigned int times_walked(const struct mm_root *root);

unsigned int last_cpu(void);

/* A root that may be loaded and that neither a task nor a CPU holds; the caller is its one user. */
struct mm_struct *mm_pinned(void);

/* --- in the context of a kernel thread without an address space; arg is a struct mm_struct --- */

/* As exec does: publishes a new one, late copy, load. Takes over the caller's use of it. */
void adopt_new_mm(void *mm);
/* The same with one that has had its late copy. */
void adopt_mm(void *mm);

/* --- in the context of one that adopted --- */

/* As exit does: off the root, then out of the task walk's sight, then not a user any more. */
void exit_mm(void *unused);
/* Out of the task walk's sight, but the CPU keeps the root. Somebody else must still be a user. */
void exit_mm_lazily(void *unused);

/* --- */

/* Every CPU gives its cached roots back: the next ones are new pages. */
void drain_root_caches(void);

/* For a kernel thread that borrows its root: its CPU leaves that one. */
void unload_here(void *unused);

/* Every CPU that has only borrowed its root leaves it and gives the address space back. */
void unload_borrowed(void);

#endif
