/* host-test: mm/pgsync/pgsync.c mm/pgsync/root.c mm/pgsync/loaded.c mm/pgsync/walk.c
 * mm/pgsync/walk_v2.c mm/pgsync/list.c mm/pgsync/fault.c mm/pgsync/prealloc.c
 * mm/pgsync/loadwalk.c mm/pgsync/none.c mm/pgsync/audit.c mm/pgsync/tests/host.c
 * kernel/base/printf.c
 * cflags: -iquote mm/pgsync/tests/include -iquote kernel/base/tests/include */
/*
 * mm/pgsync on the host, the very files of the kernel: every test runs under each strategy, and
 * what must differ is said where it differs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/root.h"
#include "kernel/base/errno.h"
#include "mm/pgsync/tests/host.h"

#define SLOT 300

static bool is(const char *name)
{
	return strcmp(pgsync_name(), name) == 0;
}

static bool has(const struct mm_root *root, unsigned int slot)
{
	return pte_present(root->pgd[slot]) && pte_same(root->pgd[slot], swapper_pg_dir[slot]);
}

static unsigned int present(const struct mm_root *root)
{
	unsigned int n = 0;

	for (unsigned int slot = 0; slot < ROOT_SLOTS; slot++)
		n += pte_present(root->pgd[slot]);
	return n;
}

static void grow(unsigned int slot)
{
	assert_int_equal(kroot_install(slot, host_table(slot)), 0);
}

static struct pgsync_audit audit(void)
{
	struct pgsync_audit result;

	pgsync_audit(&result);
	return result;
}

static u64 late_syncs(void)
{
	struct pgsync_stats stats;

	pgsync_get_stats(&stats);
	return stats.late_syncs;
}

/* --- the choice of the strategy --- */

static void the_slots_of_boot_are_ready(void **state)
{
	unsigned int ready = 0;

	assert_string_equal(pgsync_name(), *state);
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++)
		ready += kroot_ready(slot);
	assert_int_equal(ready, BOOT_SLOTS);
	for (unsigned int i = 0; i < BOOT_SLOTS; i++)
		assert_true(kroot_ready(boot_slots[i]));
	EXPECT_PANIC("slot 255", (void)kroot_ready(ROOT_KERNEL - 1));
	EXPECT_PANIC("slot 512", (void)kroot_ready(ROOT_SLOTS));
}

static void an_unknown_strategy_is_told_the_known_ones(void **state)
{
	(void)state;
	strategy = NULL;
	EXPECT_PANIC("pgsync=wlak is not a strategy; known: walk walk-v2 list fault prealloc "
		     "loadwalk none",
		     pgsync_init("wlak"));
	strategy = NULL;
	EXPECT_PANIC("known: walk walk-v2 list", pgsync_init(""));
	pgsync_init(NULL);
	assert_string_equal(pgsync_name(), "walk");
	EXPECT_PANIC("!strategy", pgsync_init("walk"));
}

/* --- growth --- */

/*
 * Index arithmetic (I27), slot by slot: three roots, a task's, one that CPU 2 has loaded, and one
 * that nobody holds. That slot changes, and no other.
 */
static void each_slot_changes_alone(void **state)
{
	struct mm_root *roots[3];
	static pte_t before[3][PT_ENTRIES];

	(void)state;
	for (int i = 0; i < 3; i++)
		roots[i] = host_ready_root();
	roots[0]->pgd[0] = roots[1]->pgd[255] = pte_make(0x5000, PTE_USER_TABLE);
	host_tasks[0] = roots[0];
	host_load(2, roots[1]);
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++) {
		if (kroot_ready(slot))
			continue;
		for (int i = 0; i < 3; i++)
			memcpy(before[i], roots[i]->pgd, sizeof(before[i]));
		grow(slot);
		assert_true(kroot_ready(slot));
		assert_true(pte_phys(swapper_pg_dir[slot]) == host_table(slot));
		for (int i = 0; i < 3; i++) {
			bool reached = is("list") || (is("walk") && i < 2);

			if (reached)
				before[i][slot] = swapper_pg_dir[slot];
			assert_memory_equal(before[i], roots[i]->pgd, sizeof(before[i]));
		}
	}
	for (unsigned int slot = 0; slot < ROOT_KERNEL; slot++)
		assert_true(swapper_pg_dir[slot] == 0);
	roots[0]->pgd[0] = roots[1]->pgd[255] = 0;
	host_load(2, &swapper_root);
	for (int i = 0; i < 3; i++)
		pgd_free(roots[i]);
}

static void the_second_grower_keeps_its_table(void **state)
{
	pte_t entry;

	(void)state;
	grow(SLOT);
	entry = swapper_pg_dir[SLOT];
	assert_int_equal(kroot_install(SLOT, host_table(1)), -EEXIST);
	assert_int_equal(kroot_install(boot_slots[0], host_table(1)), -EEXIST);
	assert_true(swapper_pg_dir[SLOT] == entry);
	assert_int_equal(pgd_gen, 2);
}

static void what_cannot_be_a_slot_or_a_table_is_refused(void **state)
{
	(void)state;
	EXPECT_PANIC("slot 0", kroot_install(0, host_table(1)));
	EXPECT_PANIC("slot 255", kroot_install(255, host_table(1)));
	EXPECT_PANIC("slot 512", kroot_install(512, host_table(1)));
	EXPECT_PANIC("table at 0", kroot_install(SLOT, 0));
	EXPECT_PANIC("table at 0x1008", kroot_install(SLOT, 0x1008));
	assert_true(swapper_pg_dir[SLOT] == 0);
}

static bool walked;

static void check_order(void)
{
	walked = true;
	assert_true(spin_is_held(&pgd_lock));
	assert_true(pte_present(swapper_pg_dir[SLOT]));
	assert_int_equal(pgd_gen, 2);
	assert_false(kroot_ready(SLOT));
}

/* Reference slot, generation, the search for roots, READY (I2, I24); and not without RCU (I11). */
static void a_slot_is_ready_after_the_search_only(void **state)
{
	(void)state;
	walked = false;
	host_on_walk = check_order;
	grow(SLOT);
	assert_int_equal(walked, is("walk"));
	assert_true(kroot_ready(SLOT));
	assert_false(rcu_read_lock_held());
}

static void check_list_order(struct mm_root *root)
{
	assert_true(pte_present(swapper_pg_dir[SLOT]));
	assert_true(spin_is_held(&pgd_lock));
	assert_false(kroot_ready(SLOT));
	assert_false(pte_present(root->pgd[SLOT]));
	walked = true;
}

static void no_root_has_a_slot_after_ready(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	host_tasks[0] = root;
	walked = false;
	trap_stores(root, check_list_order);
	grow(SLOT);
	assert_true(walked);
	assert_true(has(root, SLOT));
	pgd_free(root);
}

/* Threads share a root, and CPUs have a task's root loaded: the second visit changes nothing. */
static void a_root_may_be_visited_often(void **state)
{
	struct mm_root *root = host_ready_root();
	struct pgsync_stats stats;

	(void)state;
	host_tasks[0] = host_tasks[1] = root;
	host_load(1, root);
	host_load(3, root);
	grow(SLOT);
	pgsync_get_stats(&stats);
	assert_int_equal(stats.growths, 1);
	assert_int_equal(stats.walk_visits, is("walk") ? 4 : is("list"));
	assert_int_equal(has(root, SLOT), !is("none"));
	host_load(1, &swapper_root);
	host_load(3, &swapper_root);
	pgd_free(root);
}

/* --- the late copy --- */

static void the_kernel_half_is_filled_late(void **state)
{
	struct mm_root *root = pgd_alloc();

	(void)state;
	assert_int_equal(root->state, ROOT_NEW);
	assert_int_equal(root->gen, is("list") ? 1 : 0);
	assert_int_equal(present(root), is("list") ? BOOT_SLOTS : 0);
	grow(SLOT);
	arch_pgd_init_late(root);
	assert_int_equal(root->state, ROOT_READY);
	for (unsigned int i = 0; i < BOOT_SLOTS; i++)
		assert_true(has(root, boot_slots[i]));
	assert_true(has(root, SLOT));
	assert_int_equal(present(root), BOOT_SLOTS + 1);
	EXPECT_PANIC("ROOT_NEW", arch_pgd_init_late(root));
	pgd_free(root);
}

/* An empty kernel half in CR3 is a triple fault: the one function that loads refuses (I6). */
static void a_root_is_not_loaded_before_its_late_copy(void **state)
{
	struct mm_root *root = pgd_alloc();

	(void)state;
	EXPECT_PANIC("in state 1", host_load(0, root));
	arch_pgd_init_late(root);
	EXPECT_PANIC("irqs_enabled", load_root(root));
	host_load(0, root);
	assert_int_equal(host_loads, 1);
	assert_ptr_equal(host_cr3[0], root->pgd);
	host_load(0, &swapper_root);
	pgd_free(root);
	EXPECT_PANIC("in state 0", host_load(0, root));
}

/* The copy is at its first slot of boot; growth comes below it, where the copy has been already. */
static void grow_behind_the_copy(struct mm_root *root)
{
	unsigned int self = host_cpu;
	bool irqs = host_irqs;

	assert_false(pte_present(root->pgd[ROOT_KERNEL]));
	host_cpu = 3;
	host_irqs = true;
	grow(ROOT_KERNEL);
	host_cpu = self;
	host_irqs = irqs;
}

/*
 * Growth in the middle of the copy, of a root that it can find: neither may the copy store the
 * "none" that it loaded (I3), nor call itself newer than it is (litmus G2 and G3).
 */
static void growth_in_the_middle_of_a_published_copy(void **state)
{
	struct mm_root *root = pgd_alloc();

	(void)state;
	host_tasks[0] = root;
	trap_stores(root, grow_behind_the_copy);
	arch_pgd_init_late(root);
	assert_true(kroot_ready(ROOT_KERNEL));
	assert_int_equal(has(root, ROOT_KERNEL), is("walk"));
	assert_int_equal(root->gen, 1);
	assert_int_equal(pgd_gen, 2);
	pgd_free(root);
}

/* The same with a root that it cannot find: the next load must see that the copy is old. */
static void growth_in_the_middle_of_a_hidden_copy(void **state)
{
	struct mm_root *root = pgd_alloc();

	(void)state;
	trap_stores(root, grow_behind_the_copy);
	arch_pgd_init_late(root);
	assert_false(pte_present(root->pgd[ROOT_KERNEL]));
	host_load(1, root);
	assert_int_equal(has(root, ROOT_KERNEL), is("walk"));
	assert_int_equal(late_syncs(), is("walk"));
	host_load(1, &swapper_root);
	pgd_free(root);
}

/* --- loading --- */

static void a_root_that_is_behind_is_filled_at_load(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	grow(SLOT);
	grow(SLOT + 1);
	assert_int_equal(has(root, SLOT), is("list"));
	host_load(2, root);
	assert_int_equal(has(root, SLOT), !is("none"));
	assert_int_equal(has(root, SLOT + 1), !is("none"));
	assert_int_equal(late_syncs(), is("walk") ? 2 : 0);
	if (is("walk"))
		assert_int_equal(root->gen, pgd_gen);
	/* Nothing is copied twice. */
	host_load(1, root);
	assert_int_equal(late_syncs(), is("walk") ? 2 : 0);
	assert_int_equal(host_loads, 2);
	host_load(1, &swapper_root);
	host_load(2, &swapper_root);
	pgd_free(root);
}

static void grow_during_load(struct mm_root *root)
{
	assert_int_equal(host_loads, 0);
	assert_ptr_equal(loaded_root(host_cpu), root);
	grow_behind_the_copy(root);
}

/* A root that is being loaded is visible to growth before its generation is read (litmus H1). */
static void growth_in_the_middle_of_a_load(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	grow(SLOT);
	trap_stores(root, grow_during_load);
	host_load(1, root);
	assert_true(has(root, ROOT_KERNEL) && has(root, SLOT));
	assert_int_equal(root->gen, 2);
	assert_int_equal(audit().missing, 0);
	host_load(1, &swapper_root);
	pgd_free(root);
}

static void each_cpu_knows_its_root(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	assert_null(loaded_root(0));
	host_load(0, &swapper_root);
	host_load(3, root);
	assert_ptr_equal(loaded_root(0), &swapper_root);
	assert_ptr_equal(loaded_root(3), root);
	assert_null(loaded_root(1));
	assert_ptr_equal(host_cr3[3], root->pgd);
	assert_ptr_equal(host_cr3[0], swapper_pg_dir);
	host_load(3, &swapper_root);
	pgd_free(root);
}

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

/* --- life --- */

static void a_freed_root_is_empty_and_used_again(void **state)
{
	struct mm_root *root = host_ready_root();
	u64 life = root->life;

	(void)state;
	grow(SLOT);
	pgd_free(root);
	assert_int_equal(present(root), 0);
	assert_int_equal(root->state, ROOT_FREE);
	/* Nobody's now: growth has nothing to do with it. */
	grow(SLOT + 1);
	assert_int_equal(present(root), 0);
	assert_ptr_equal(pgd_alloc(), root);
	assert_int_equal(root->life, life + 1);
	arch_pgd_init_late(root);
	assert_true(has(root, SLOT) && has(root, SLOT + 1));
	pgd_free(root);
	EXPECT_PANIC("ROOT_FREE", pgd_free(root));
	EXPECT_PANIC("ROOT_TRACKED", pgd_free(&swapper_root));
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
	*entry = 0;
	assert_int_equal(audit().missing, 1);
	assert_int_equal(audit().first_slot, boot_slots[1]);
	assert_int_equal(audit().first_cpu, ~0U);
	host_load(3, root);
	assert_int_equal(audit().first_cpu, 3);
	*entry = right ^ 0x1000;
	root->pgd[boot_slots[3]] = 0;
	assert_int_equal(audit().missing, 2);
	assert_int_equal(audit().first_slot, boot_slots[1]);
	host_load(3, &swapper_root);
	*entry = right;
	pgd_free(root);
	pgd_free(fresh);
	assert_int_equal(audit().roots, 0);
}

static void a_root_that_will_be_filled_lags(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	grow(SLOT);
	assert_int_equal(audit().lagging, is("walk"));
	assert_int_equal(audit().missing, is("none"));
	/* Once a CPU runs on it, there is no excuse. */
	per_cpu(cpu_loaded_root, 2) = (unsigned long)root;
	assert_int_equal(audit().lagging, 0);
	assert_int_equal(audit().missing, !is("list"));
	per_cpu(cpu_loaded_root, 2) = 0;
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
	assert_int_equal(has(live, SLOT), !is("none"));
	pgd_free(live);
}

/* --- each under each strategy --- */

static int begin(void **state)
{
	host_begin(*state);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	host_end();
	return 0;
}

#define UNDER(strategy_, test)                                                                     \
	{                                                                                          \
		strategy_ ": " #test, test, begin, finish, strategy_                               \
	}
#define EACH(test) UNDER("walk", test), UNDER("list", test), UNDER("none", test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(the_slots_of_boot_are_ready),
		UNDER("walk", an_unknown_strategy_is_told_the_known_ones),
		EACH(each_slot_changes_alone),
		EACH(the_second_grower_keeps_its_table),
		EACH(what_cannot_be_a_slot_or_a_table_is_refused),
		EACH(a_slot_is_ready_after_the_search_only),
		UNDER("walk", no_root_has_a_slot_after_ready),
		UNDER("list", no_root_has_a_slot_after_ready),
		EACH(a_root_may_be_visited_often),
		EACH(the_kernel_half_is_filled_late),
		EACH(a_root_is_not_loaded_before_its_late_copy),
		/* `list` copies under pgd_lock: growth would wait. */
		UNDER("walk", growth_in_the_middle_of_a_published_copy),
		UNDER("none", growth_in_the_middle_of_a_published_copy),
		UNDER("walk", growth_in_the_middle_of_a_hidden_copy),
		UNDER("none", growth_in_the_middle_of_a_hidden_copy),
		EACH(a_root_that_is_behind_is_filled_at_load),
		/* The others do nothing at load. */
		UNDER("walk", growth_in_the_middle_of_a_load),
		EACH(each_cpu_knows_its_root),
		EACH(a_slot_never_changes),
		EACH(a_freed_root_is_empty_and_used_again),
		EACH(more_roots_than_a_cache_holds_wait_for_a_grace_period),
		EACH(no_memory_is_null_and_no_leak),
		EACH(the_auditor_sees_every_difference_but_the_accessed_bit),
		EACH(a_root_that_will_be_filled_lags),
		EACH(the_reset_empties_every_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
