/*
 * The world that mm/pgsync runs in on the host: four CPUs that take turns, tasks, memory, RCU.
 *
 * trap_stores() is how a test gets between two instructions: the root's page is made read-only, and
 * the first store into it calls the test back, once, before it happens.
 */
#ifndef MM_PGSYNC_TESTS_HOST_H
#define MM_PGSYNC_TESTS_HOST_H

#include "mm/pgsync/strategy.h"

#define BOOT_SLOTS 4
extern const unsigned int boot_slots[BOOT_SLOTS];

/* A new world: boot slots in the reference root, and no strategy yet. */
void host_power_on(void);
/* The same with the strategy `name`. */
void host_begin(const char *name);
/* Frees every root; fails the test when pages or objects are left, or locks held. */
void host_end(void);

/* Roots that the task walk finds, in this order; a root may be there twice. NULL ends. */
extern struct mm_root *host_tasks[8];
/* Called at the start of every task walk; at every allocation of a table. */
extern void (*host_on_walk)(void), (*host_on_table)(void);

/* Ends the grace period: callbacks run. */
void host_grace_period(void);
extern unsigned int host_callbacks; /* waiting */

/* The n-th from now fails. */
extern long host_fail_pages, host_fail_objects, host_fail_tables, host_fail_protect;
extern unsigned long host_mapped_va;                 /* all that kernel_maps() knows */
extern unsigned long host_tables, host_tables_freed; /* ever */
extern unsigned int host_pages, host_objects;        /* in use */

/* What each CPU wrote to CR3 last, and how often all of them together. */
extern const pte_t *host_cr3[HOST_CPUS];
extern unsigned int host_loads;

/* Physical address of a table for slot `slot`: empty, and nobody else's. */
phys_addr_t host_table(unsigned int slot);

/* pgd_alloc() and the late copy. */
struct mm_root *host_ready_root(void);
/* As a CPU with interrupts off. */
void host_load(unsigned int cpu, struct mm_root *root);

void trap_stores(struct mm_root *root, void (*fn)(struct mm_root *root));

/* Includes <cmocka.h> before this header. The statement must panic with `text` in its message. */
#define EXPECT_PANIC(text, statement)                                                              \
	do {                                                                                       \
		expect_assert_failure(statement);                                                  \
		host_check_panic(text, __FILE__, __LINE__);                                        \
	} while (0)
void host_check_panic(const char *text, const char *file, int line);

#endif
