/* host-test: mm/pgsync/pgsync.c mm/pgsync/root.c mm/pgsync/loaded.c mm/pgsync/walk.c
 * mm/pgsync/walk_v2.c mm/pgsync/list.c mm/pgsync/fault.c mm/pgsync/prealloc.c
 * mm/pgsync/loadwalk.c mm/pgsync/none.c mm/pgsync/audit.c mm/pgsync/tests/host.c
 * kernel/base/printf.c
 * cflags: -iquote mm/pgsync/tests/include -iquote kernel/base/tests/include */
/*
 * Strategy `list` on the host: who is on the list, how often, and under which lock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mm/pgsync/tests/cases.h"

#define ROOTS 8

/* Grows the next slot; the roots that growth has visited for it. */
static u64 visits_of_a_growth(void)
{
	static unsigned int next;
	u64 before = stats_now().walk_visits;

	/* A new world at each test's beginning: any slot will do, if it is another one. */
	next = kroot_ready(SLOT) ? next + 1 : SLOT;
	grow(next);
	return stats_now().walk_visits - before;
}

static void check_visits(unsigned int live)
{
	assert_int_equal(visits_of_a_growth(), live);
}

/* --- from pgd_alloc() to pgd_free(), and no longer --- */

static void a_root_is_listed_for_its_life(void **state)
{
	struct mm_root *root = pgd_alloc();

	(void)state;
	/* What the strategy says of itself: other tests believe it. */
	assert_true(reaches_tasks() && reaches_loaded() && reaches_pinned());
	/* It has what there is, and growth knows it, before anybody can load it. */
	for (unsigned int i = 0; i < BOOT_SLOTS; i++)
		assert_true(has(root, boot_slots[i]));
	grow(SLOT);
	assert_true(has(root, SLOT));
	arch_pgd_init_late(root);
	grow(SLOT + 1);
	assert_true(has(root, SLOT + 1));
	/* Nobody runs on it any more: it is a root all the same. */
	root_retire(root);
	grow(SLOT + 2);
	assert_true(has(root, SLOT + 2));
	pgd_free(root);
	assert_int_equal(present(root), 0);
	grow(SLOT + 3);
	assert_int_equal(present(root), 0);
}

static void a_second_life_begins_with_all_slots(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	grow(SLOT);
	pgd_free(root);
	grow(SLOT + 1);
	assert_ptr_equal(pgd_alloc(), root);
	assert_true(has(root, SLOT) && has(root, SLOT + 1));
	grow(SLOT + 2);
	assert_true(has(root, SLOT + 2));
	arch_pgd_init_late(root);
	pgd_free(root);
}

/* --- as many as there are --- */

/* Each once, whichever are made and freed in between, and none when all are gone. */
static void growth_visits_each_live_root_once(void **state)
{
	static const unsigned int order[] = {0, 7, 3, 4, 1, 6, 2, 5}; /* first, last, in between */
	struct mm_root *roots[ROOTS];

	(void)state;
	check_visits(0);
	for (unsigned int i = 0; i < ROOTS; i++) {
		roots[i] = host_ready_root();
		check_visits(i + 1);
	}
	for (unsigned int i = 0; i < ROOTS; i++) {
		pgd_free(roots[order[i]]);
		check_visits(ROOTS - 1 - i);
	}
}

/* A root from a cache has been on the list before. */
static void no_root_stays_on_the_list(void **state)
{
	struct mm_root *keep = host_ready_root();

	(void)state;
	for (unsigned int i = 0; i < 3 * ROOTS; i++) {
		struct mm_root *root = host_ready_root();

		check_visits(2);
		pgd_free(root);
		check_visits(1);
	}
	pgd_free(keep);
	check_visits(0);
}

/* A root that does not fit into the cache goes back to the allocator: nothing may lead to it. */
static void a_page_that_goes_back_is_on_no_list(void **state)
{
	enum { N = 40 };
	struct mm_root *roots[N];

	(void)state;
	for (unsigned int i = 0; i < N; i++)
		roots[i] = host_ready_root();
	check_visits(N);
	for (unsigned int i = 0; i < N; i++)
		pgd_free(roots[i]);
	root_cache_drain();
	host_grace_period();
	assert_int_equal(host_pages, 0);
	check_visits(0);
}

/* --- one store a root --- */

static struct {
	unsigned int slot;
	bool came, locked, ready, there;
} store;

static void look_at_store(struct mm_root *root)
{
	store.came = true;
	store.locked = spin_is_held(&pgd_lock);
	store.ready = kroot_ready(store.slot);
	store.there = pte_present(root->pgd[store.slot]);
}

static void growth_stores_that_slot_before_it_is_ready(void **state)
{
	struct mm_root *root = host_ready_root();
	static pte_t before[PT_ENTRIES];

	(void)state;
	root->pgd[0] = pte_make(0x5000, PTE_USER_TABLE);
	for (store.slot = SLOT; store.slot < SLOT + 4; store.slot++) {
		memcpy(before, root->pgd, sizeof(before));
		store.came = false;
		trap_stores(root, look_at_store);
		grow(store.slot);
		assert_true(store.came && store.locked);
		assert_false(store.ready || store.there);
		assert_true(has(root, store.slot));
		before[store.slot] = swapper_pg_dir[store.slot];
		assert_memory_equal(before, root->pgd, sizeof(before));
	}
	root->pgd[0] = 0;
	pgd_free(root);
}

/* --- under one lock, which is given back --- */

static void check_at_rest(void)
{
	assert_int_equal(pgd_lock.owner, 0);
	assert_int_equal(preempt_depth(), 0);
	assert_true(host_irqs);
}

static bool locked, irqs_on;

static void look_at_copy(struct mm_root *root)
{
	(void)root;
	locked = spin_is_held(&pgd_lock);
	irqs_on = host_irqs;
}

/* Growth may come neither between the copy and the registration, nor before the one or the other. */
static void a_root_is_copied_under_the_lock(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	pgd_free(root);
	locked = false;
	trap_stores(root, look_at_copy);
	assert_ptr_equal(pgd_alloc(), root);
	assert_true(locked);
	arch_pgd_init_late(root);
	pgd_free(root);
}

/* A long copy: who holds the lock, and who waits for it, lets interrupts in (I32). */
static void interrupts_stay_on_under_the_lock(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	pgd_free(root);
	irqs_on = false;
	trap_stores(root, look_at_copy);
	assert_ptr_equal(pgd_alloc(), root);
	assert_true(irqs_on);
	arch_pgd_init_late(root);
	pgd_free(root);
}

static void the_lock_is_given_back(void **state)
{
	struct mm_root *root;

	(void)state;
	root = pgd_alloc();
	check_at_rest();
	arch_pgd_init_late(root);
	check_at_rest();
	(void)visits_of_a_growth();
	check_at_rest();
	pgd_free(root);
	check_at_rest();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNDER("list", a_root_is_listed_for_its_life),
		UNDER("list", a_second_life_begins_with_all_slots),
		UNDER("list", growth_visits_each_live_root_once),
		UNDER("list", no_root_stays_on_the_list),
		UNDER("list", a_page_that_goes_back_is_on_no_list),
		UNDER("list", growth_stores_that_slot_before_it_is_ready),
		UNDER("list", a_root_is_copied_under_the_lock),
		UNDER("list", interrupts_stay_on_under_the_lock),
		UNDER("list", the_lock_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
