/*
 * What each strategy promises: for the tests, in the kernel and on the host, which assert of each
 * what it promises (struct pgsync_strategy) and of none more than that.
 *
 * `prealloc` keeps every promise, as nothing ever grows; `none` keeps none.
 */
#ifndef MM_PGSYNC_TESTS_TRAITS_H
#define MM_PGSYNC_TESTS_TRAITS_H

#include "kernel/base/string.h"
#include "mm/pgsync/strategy.h"

/* Whether the kernel was started with this pgsync=. */
static inline bool strategy_is(const char *name)
{
	return strcmp(pgsync_name(), name) == 0;
}

static inline bool never_grows(void)
{
	return strategy->constant_half;
}

/* A slot that a root lacks appears when it is touched; when the root is loaded. */
static inline bool repairs_faults(void)
{
	return strategy->repairs_faults;
}

static inline bool syncs_at_load(void)
{
	return strategy->syncs_at_load;
}

/* Whether growth looks for roots on the task list. */
static inline bool walks_tasks(void)
{
	return strategy_is("walk") || strategy_is("walk-v2");
}

/* Whether pgd_alloc() fills the kernel half already. */
static inline bool copies_early(void)
{
	return strategy_is("list");
}

/*
 * Where growth finds a root at once: that a task has; that only a CPU has; that neither has. Else
 * it may get the slot when it is loaded, or when it is touched.
 */
static inline bool reaches_pinned(void)
{
	return strategy->reaches & REACHES_PINNED;
}

static inline bool reaches_tasks(void)
{
	return strategy->reaches & REACHES_TASKS;
}

static inline bool reaches_loaded(void)
{
	return strategy->reaches & REACHES_LOADED;
}

/* Whether who touches a new slot finds it: on a root that a task has, borrowed, loaded later. */
static inline bool serves_tasks(void)
{
	return reaches_tasks() || (reaches_loaded() && syncs_at_load()) || repairs_faults();
}

static inline bool serves_loaded(void)
{
	return reaches_loaded() || repairs_faults();
}

static inline bool serves_pinned(void)
{
	return reaches_pinned() || syncs_at_load() || repairs_faults();
}

#endif
