/*
 * What the in-kernel tests of mm share: free pages after everything cached has gone back, random
 * numbers for each CPU, boxes through which CPUs pass memory to each other, and a judge of address
 * spaces.
 */
#ifndef MM_TESTS_CHECK_KTEST_H
#define MM_TESTS_CHECK_KTEST_H

#include "mm/mm.h"

/* Free pages when no cache of any CPU holds any. May sleep. */
u64 drained_pages(void);

/* Objects of all caches together that somebody holds. Exact after drained_pages(). */
u64 live_objects(void);

/* xorshift64* (Vigna 2014): *state is not 0. */
u64 next_random(u64 *state);

/*
 * Where CPUs exchange what they allocated, so that most is freed elsewhere. exchange(): puts
 * `thing` (or NULL) into box i, returns what was there.
 */
#define NR_BOXES 64
extern void *boxes[NR_BOXES];
void *exchange(unsigned int i, void *thing);

/*
 * Runs fn(&state) on all CPUs at once, `state` being each CPU's random state, derived from the
 * test's.
 */
void on_all_cpus(void (*fn)(u64 *random));

/*
 * Expects an address space to be sound: mappings sorted and apart, in the tree as on the list, with
 * their gaps; each page inside one and with no more rights than it gives; resident pages counted;
 * each table's count right. Neighbours that could be one mapping are allowed: a split that ran out
 * of memory leaves them. Nobody may change the space meanwhile.
 */
void expect_sound_mm(struct mm_struct *mm);

/* The entry that maps `va`, be it small or large, or 0 where there is none. */
pte_t entry_of(struct mm_struct *mm, unsigned long va);

/* do_mmap() of private anonymous memory at a fixed place. */
long map_fixed(struct mm_struct *mm, unsigned long va, unsigned long pages, unsigned long prot);

#endif
