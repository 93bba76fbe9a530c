/*
 * What the host tests of mm/pgsync share: a test is run under each strategy, by
 *
 *	EACH(test)		all seven
 *	EACH_GROWING(test)	all but `prealloc`, where nothing grows
 *	UNDER("walk", test)	this one
 *
 * and says what must differ by the traits of the strategy (traits.h). Includes <cmocka.h> before
 * this header.
 */
#ifndef MM_PGSYNC_TESTS_CASES_H
#define MM_PGSYNC_TESTS_CASES_H

#include "kernel/base/errno.h"
#include "mm/pgsync/tests/host.h"
#include "mm/pgsync/tests/traits.h"

/* Empty at boot, and so are some behind it. */
#define SLOT 300

/* Whether the root holds what the reference holds, and that is something. */
static inline bool has(const struct mm_root *root, unsigned int slot)
{
	return pte_present(root->pgd[slot]) && pte_same(root->pgd[slot], swapper_pg_dir[slot]);
}

static inline unsigned int present(const struct mm_root *root)
{
	unsigned int n = 0;

	for (unsigned int slot = 0; slot < ROOT_SLOTS; slot++)
		n += pte_present(root->pgd[slot]);
	return n;
}

/* Slots of the reference root that are ready. */
static inline unsigned int ready_slots(void)
{
	unsigned int n = 0;

	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++)
		n += kroot_ready(slot);
	return n;
}

/* Installs a table in a slot that is empty, or from birth. */
static inline void grow(unsigned int slot)
{
	assert_int_equal(kroot_install(slot, host_table(slot)),
			 kroot_from_birth(slot) ? -EEXIST : 0);
}

static inline struct pgsync_audit audit(void)
{
	struct pgsync_audit result;

	pgsync_audit(&result);
	return result;
}

static inline struct pgsync_stats stats_now(void)
{
	struct pgsync_stats stats;

	pgsync_get_stats(&stats);
	return stats;
}

static inline int begin(void **state)
{
	host_begin(*state);
	return 0;
}

static inline int finish(void **state)
{
	(void)state;
	host_end();
	return 0;
}

#define UNDER(strategy_, test)                                                                     \
	{                                                                                          \
		strategy_ ": " #test, test, begin, finish, strategy_                               \
	}
#define EACH_GROWING(test)                                                                         \
	UNDER("walk", test), UNDER("walk-v2", test), UNDER("list", test), UNDER("fault", test),    \
		UNDER("loadwalk", test), UNDER("none", test)
#define EACH(test) EACH_GROWING(test), UNDER("prealloc", test)

#endif
