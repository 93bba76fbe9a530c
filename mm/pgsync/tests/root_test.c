/* host-test: mm/pgsync/pgsync.c mm/pgsync/root.c mm/pgsync/loaded.c mm/pgsync/walk.c
 * mm/pgsync/walk_v2.c mm/pgsync/list.c mm/pgsync/fault.c mm/pgsync/prealloc.c
 * mm/pgsync/loadwalk.c mm/pgsync/none.c mm/pgsync/audit.c mm/pgsync/tests/host.c
 * kernel/base/printf.c
 * cflags: -iquote mm/pgsync/tests/include -iquote kernel/base/tests/include */
/*
 * Roots on the host, the very files of the kernel: one slot, a root's life, the auditor, the reset.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm/pgsync/tests/cases.h"

/* --- one slot --- */

static void a_slot_never_changes(void **state)
{
	struct mm_root *root = host_ready_root();
	unsigned int slot = boot_slots[0];
	pte_t entry = swapper_pg_dir[slot];

	(void)state;
	set_root_slot(root->pgd, slot, entry ^ PTE_A);
	assert_true(root->pgd[slot] == entry);
	EXPECT_PANIC("slot 273 holds", set_root_slot(root->pgd, slot, entry ^ 0x1000));
	EXPECT_PANIC("slot 273 holds", set_root_slot(root->pgd, slot, entry ^ PTE_W));
	assert_true(root->pgd[slot] == entry);
	pgd_free(root);
}

/* Threads share a root, growth and the late copy meet: the same again is nothing (I16). */
static void the_same_slot_again_is_nothing(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	grow(SLOT);
	for (int i = 0; i < 2; i++) {
		bool first = !has(root, SLOT);

		assert_int_equal(set_root_slot(root->pgd, SLOT, swapper_pg_dir[SLOT]), first);
		assert_true(has(root, SLOT));
	}
	/* A processor that walked by it has marked it. */
	root->pgd[SLOT] |= PTE_A;
	assert_false(set_root_slot(root->pgd, SLOT, swapper_pg_dir[SLOT] & ~PTE_A));
	assert_true(root->pgd[SLOT] & PTE_A);
	pgd_free(root);
}

/* --- life --- */

static void a_freed_root_is_empty_and_used_again(void **state)
{
	struct mm_root *root = host_ready_root();
	u64 life = root->life;
	/* Where nothing grows, it keeps what the next life would get. */
	unsigned int kept = never_grows() ? ROOT_SLOTS - ROOT_KERNEL : 0;

	(void)state;
	grow(SLOT);
	pgd_free(root);
	assert_int_equal(present(root), kept);
	assert_int_equal(root->state, ROOT_FREE);
	/* Nobody's now: growth has nothing to do with it. */
	grow(SLOT + 1);
	assert_int_equal(present(root), kept);
	assert_ptr_equal(pgd_alloc(), root);
	assert_int_equal(root->life, life + 1);
	arch_pgd_init_late(root);
	assert_true(has(root, SLOT) && has(root, SLOT + 1));
	pgd_free(root);
	EXPECT_PANIC("ROOT_FREE", pgd_free(root));
	EXPECT_PANIC("ROOT_TRACKED", pgd_free(&swapper_root));
}

/* Between its last user and pgd_free() nobody runs on it, so nobody judges it either. */
static void a_retired_root_is_loaded_by_nobody(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	root->pgd[boot_slots[2]] = 0;
	assert_int_equal(audit().roots, 1);
	assert_int_equal(audit().missing + audit().lagging, 1);
	root_retire(root);
	assert_int_equal(audit().roots, 0);
	assert_int_equal(audit().missing + audit().lagging, 0);
	EXPECT_PANIC("in state 3", host_load(1, root));
	pgd_free(root);
	assert_int_equal(root->state, ROOT_FREE);
}

/* A growth that found the root may still store into it when it is dead (I9): so, a grace period. */
static void more_roots_than_a_cache_holds_wait_for_a_grace_period(void **state)
{
	enum { N = 40, CACHED = 32 };
	struct mm_root *roots[N];

	(void)state;
	for (int i = 0; i < N; i++)
		roots[i] = host_ready_root();
	assert_int_equal(host_pages, N);
	for (int i = 0; i < N; i++)
		pgd_free(roots[i]);
	assert_int_equal(host_callbacks, N - CACHED);
	assert_int_equal(host_pages, N);
	set_root_slot(roots[N - 1]->pgd, boot_slots[0], swapper_pg_dir[boot_slots[0]]);
	host_grace_period();
	assert_int_equal(host_pages, CACHED);
	assert_int_equal(host_objects, CACHED);
	/* Another CPU's cache is its own. */
	host_cpu = 1;
	root_cache_drain();
	assert_int_equal(host_callbacks, 0);
	host_cpu = 0;
	root_cache_drain();
	assert_int_equal(host_callbacks, CACHED);
}

static void no_memory_is_null_and_no_leak(void **state)
{
	(void)state;
	host_fail_objects = 1;
	assert_null(pgd_alloc());
	host_fail_pages = 1;
	assert_null(pgd_alloc());
	assert_int_equal(host_pages + host_objects, 0);
	pgd_free(host_ready_root());
	assert_int_equal(host_pages, 1);
}

/* --- the auditor --- */

static void the_auditor_sees_every_difference_but_the_accessed_bit(void **state)
{
	struct mm_root *root = host_ready_root(), *fresh = pgd_alloc();
	pte_t *entry = &root->pgd[boot_slots[1]], right = *entry;

	(void)state;
	assert_int_equal(audit().missing, 0);
	assert_int_equal(audit().roots, 1); /* not `fresh`: it must not be loaded yet */
	*entry = right ^ PTE_A;
	assert_int_equal(audit().missing, 0);
	*entry = right ^ 0x1000;
	assert_int_equal(audit().missing, 1);
	assert_int_equal(audit().first_slot, boot_slots[1]);
	assert_int_equal(audit().first_cpu, ~0U);
	host_load(3, root);
	assert_int_equal(audit().first_cpu, 3);
	root->pgd[boot_slots[3]] = 0;
	/* Another table there is never forgiven; one that is absent is, where a fault repairs it. */
	assert_int_equal(audit().missing, repairs_faults() ? 1 : 2);
	assert_int_equal(audit().lagging, repairs_faults());
	assert_int_equal(audit().first_slot, boot_slots[1]);
	root->pgd[boot_slots[3]] = swapper_pg_dir[boot_slots[3]];
	host_load(3, &swapper_root);
	*entry = right;
	pgd_free(root);
	pgd_free(fresh);
	assert_int_equal(audit().roots, 0);
}

/* What the reference has not, no root may have: a slot of an earlier life, or another's. */
static void the_auditor_sees_what_should_not_be_there(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	assert_int_equal(audit().stray, 0);
	root->pgd[SLOT + 1] = pte_make(host_table(SLOT), PTE_KERNEL_TABLE);
	root->pgd[SLOT + 7] = root->pgd[SLOT + 1];
	assert_int_equal(audit().stray, 2);
	assert_int_equal(audit().missing + audit().lagging, 0);
	assert_int_equal(audit().first_slot, SLOT + 1);
	assert_int_equal(audit().first_cpu, ~0U);
	root->pgd[SLOT + 1] = root->pgd[SLOT + 7] = 0;
	assert_int_equal(audit().stray, 0);
	pgd_free(root);
}

static void a_root_that_will_be_filled_lags(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	grow(SLOT);
	assert_int_equal(audit().lagging, syncs_at_load() || repairs_faults());
	assert_int_equal(audit().missing, !serves_pinned());
	/* Once a CPU runs on it, only a fault handler is an excuse. */
	per_cpu(cpu_loaded_root, 2) = root;
	assert_int_equal(audit().lagging, repairs_faults());
	assert_int_equal(audit().missing, !reaches_pinned() && !repairs_faults());
	per_cpu(cpu_loaded_root, 2) = NULL;
	pgd_free(root);
}

/* --- the reset --- */

static void the_reset_empties_every_root(void **state)
{
	struct mm_root *live = host_ready_root(), *cached = host_ready_root();
	phys_addr_t tables[4];

	(void)state;
	host_tasks[0] = live;
	pgd_free(cached);
	grow(SLOT);
	grow(SLOT + 2);
	set_root_slot(cached->pgd, SLOT, swapper_pg_dir[SLOT]); /* a grower's last store */
	EXPECT_PANIC("irqs_enabled", pgsync_reset_slots(SLOT, 4, tables));
	host_irqs = false;
	pgd_lock.owner = 3;
	EXPECT_PANIC("CPU 2 grows", pgsync_reset_slots(SLOT, 4, tables));
	host_irqs = false;
	EXPECT_PANIC("ROOT_KERNEL", pgsync_reset_slots(ROOT_KERNEL - 1, 4, tables));
	host_irqs = false;
	assert_int_equal(pgsync_reset_slots(SLOT, 4, tables), 2);
	host_irqs = true;
	assert_true(tables[0] == host_table(SLOT) && tables[2] == host_table(SLOT + 2));
	assert_true(!tables[1] && !tables[3]);
	assert_false(kroot_ready(SLOT) || kroot_ready(SLOT + 2));
	assert_true(!swapper_pg_dir[SLOT] && !live->pgd[SLOT] && !cached->pgd[SLOT]);
	assert_true(has(live, boot_slots[2]));
	assert_int_equal(audit().missing, 0);
	/* The slot may hold another table in its next life. */
	assert_int_equal(kroot_install(SLOT, host_table(7)), 0);
	assert_int_equal(has(live, SLOT), reaches_tasks());
	pgd_free(live);
}

/* A slot from birth stays; who resets it is told which tables to empty. */
static void the_reset_keeps_slots_from_birth(void **state)
{
	struct mm_root *live = host_ready_root();
	phys_addr_t tables[4];

	(void)state;
	host_irqs = false;
	assert_int_equal(pgsync_reset_slots(SLOT, 4, tables), 0);
	host_irqs = true;
	for (unsigned int i = 0; i < 4; i++) {
		assert_true(tables[i] && tables[i] == pte_phys(swapper_pg_dir[SLOT + i]));
		assert_true(kroot_ready(SLOT + i) && has(live, SLOT + i));
	}
	pgd_free(live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(a_slot_never_changes),
		EACH_GROWING(the_same_slot_again_is_nothing),
		EACH(a_freed_root_is_empty_and_used_again),
		EACH(a_retired_root_is_loaded_by_nobody),
		EACH(more_roots_than_a_cache_holds_wait_for_a_grace_period),
		EACH(no_memory_is_null_and_no_leak),
		EACH(the_auditor_sees_every_difference_but_the_accessed_bit),
		EACH_GROWING(the_auditor_sees_what_should_not_be_there),
		EACH_GROWING(a_root_that_will_be_filled_lags),
		EACH_GROWING(the_reset_empties_every_root),
		UNDER("prealloc", the_reset_keeps_slots_from_birth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
