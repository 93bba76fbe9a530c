/* host-test: mm/pgsync/pgsync.c mm/pgsync/root.c mm/pgsync/loaded.c mm/pgsync/walk.c
 * mm/pgsync/walk_v2.c mm/pgsync/list.c mm/pgsync/fault.c mm/pgsync/prealloc.c
 * mm/pgsync/loadwalk.c mm/pgsync/none.c mm/pgsync/audit.c mm/pgsync/tests/host.c
 * kernel/base/printf.c
 * cflags: -iquote mm/pgsync/tests/include -iquote kernel/base/tests/include */
/*
 * mm/pgsync on the host, the very files of the kernel: the choice of the strategy, one growth, the
 * late copy, loading, and growth in the middle of the latter two.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mm/pgsync/tests/cases.h"

/* --- the choice of the strategy --- */

static void the_slots_of_boot_are_ready(void **state)
{
	assert_string_equal(pgsync_name(), *state);
	assert_int_equal(ready_slots(), never_grows() ? ROOT_SLOTS - ROOT_KERNEL : BOOT_SLOTS);
	for (unsigned int i = 0; i < BOOT_SLOTS; i++)
		assert_true(kroot_ready(boot_slots[i]));
	EXPECT_PANIC("slot 255", (void)kroot_ready(ROOT_KERNEL - 1));
	EXPECT_PANIC("slot 512", (void)kroot_ready(ROOT_SLOTS));
}

/* An exiting task stays on its root only in the series as it was posted (I13). */
static void one_strategy_leaves_the_exiting_on_their_root(void **state)
{
	assert_int_equal(pgsync_exit_keeps_root(), strcmp(*state, "walk-v2") == 0);
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
			const bool reached[] = {reaches_tasks(), reaches_loaded(),
						reaches_pinned()};

			if (reached[i])
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
	u64 gen = pgd_gen;
	pte_t entry;

	(void)state;
	grow(SLOT);
	entry = swapper_pg_dir[SLOT];
	assert_int_equal(kroot_install(SLOT, host_table(1)), -EEXIST);
	assert_int_equal(kroot_install(boot_slots[0], host_table(1)), -EEXIST);
	assert_true(swapper_pg_dir[SLOT] == entry);
	assert_int_equal(pgd_gen, gen + !never_grows());
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
	assert_int_equal(walked, walks_tasks());
	assert_true(kroot_ready(SLOT));
	assert_false(rcu_read_lock_held());
}

static void check_store_order(struct mm_root *root)
{
	assert_true(pte_present(swapper_pg_dir[SLOT]));
	assert_true(spin_is_held(&pgd_lock));
	assert_false(kroot_ready(SLOT));
	assert_false(pte_present(root->pgd[SLOT]));
	walked = true;
}

/* A task's root that a CPU has loaded, found in whichever way. */
static void no_root_gets_a_slot_after_ready(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	host_tasks[0] = root;
	host_load(1, root);
	walked = false;
	trap_stores(root, check_store_order);
	grow(SLOT);
	assert_true(walked);
	assert_true(has(root, SLOT));
	host_load(1, &swapper_root);
	pgd_free(root);
}

/* Threads share a root, and CPUs have a task's root loaded: the second visit changes nothing. */
static void a_root_may_be_visited_often(void **state)
{
	struct mm_root *root = host_ready_root();
	unsigned int visits = strategy_is("list") ? 1 : walks_tasks() * 2 + syncs_at_load() * 2;

	(void)state;
	host_tasks[0] = host_tasks[1] = root;
	host_load(1, root);
	host_load(3, root);
	grow(SLOT);
	assert_int_equal(stats_now().growths, 1);
	assert_int_equal(stats_now().walk_visits, visits);
	assert_int_equal(has(root, SLOT), reaches_tasks() || reaches_loaded());
	host_load(1, &swapper_root);
	host_load(3, &swapper_root);
	pgd_free(root);
}

/* --- the late copy --- */

static void the_kernel_half_is_filled_late(void **state)
{
	struct mm_root *root = pgd_alloc();
	unsigned int of_boot = ready_slots();

	(void)state;
	assert_int_equal(root->state, ROOT_NEW);
	assert_int_equal(root->gen, copies_early() ? 1 : 0);
	assert_int_equal(present(root), copies_early() ? BOOT_SLOTS : 0);
	grow(SLOT);
	arch_pgd_init_late(root);
	assert_int_equal(root->state, ROOT_READY);
	for (unsigned int i = 0; i < BOOT_SLOTS; i++)
		assert_true(has(root, boot_slots[i]));
	assert_true(has(root, SLOT));
	assert_int_equal(present(root), of_boot + !never_grows());
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
	assert_int_equal(has(root, ROOT_KERNEL), reaches_tasks());
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
	assert_int_equal(has(root, ROOT_KERNEL), syncs_at_load());
	assert_int_equal(stats_now().late_syncs, syncs_at_load());
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
	assert_int_equal(has(root, SLOT), reaches_pinned());
	host_load(2, root);
	assert_int_equal(has(root, SLOT), reaches_loaded());
	assert_int_equal(has(root, SLOT + 1), reaches_loaded());
	assert_int_equal(stats_now().late_syncs, syncs_at_load() ? 2 : 0);
	if (syncs_at_load())
		assert_int_equal(root->gen, pgd_gen);
	/* Nothing is copied twice. */
	host_load(1, root);
	assert_int_equal(stats_now().late_syncs, syncs_at_load() ? 2 : 0);
	assert_int_equal(host_loads, 2);
	host_load(1, &swapper_root);
	host_load(2, &swapper_root);
	pgd_free(root);
}

static void grow_during_load(struct mm_root *root)
{
	assert_int_equal(host_loads, 0);
	assert_ptr_equal(this_cpu_read(cpu_next_root), root);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(the_slots_of_boot_are_ready),
		EACH(one_strategy_leaves_the_exiting_on_their_root),
		UNDER("walk", an_unknown_strategy_is_told_the_known_ones),
		EACH_GROWING(each_slot_changes_alone),
		EACH(the_second_grower_keeps_its_table),
		EACH_GROWING(what_cannot_be_a_slot_or_a_table_is_refused),
		EACH_GROWING(a_slot_is_ready_after_the_search_only),
		/* The others store into no root. */
		UNDER("walk", no_root_gets_a_slot_after_ready),
		UNDER("walk-v2", no_root_gets_a_slot_after_ready),
		UNDER("list", no_root_gets_a_slot_after_ready),
		UNDER("loadwalk", no_root_gets_a_slot_after_ready),
		EACH_GROWING(a_root_may_be_visited_often),
		EACH(the_kernel_half_is_filled_late),
		EACH(a_root_is_not_loaded_before_its_late_copy),
		/* `list` copies under pgd_lock: growth would wait. */
		UNDER("walk", growth_in_the_middle_of_a_published_copy),
		UNDER("walk-v2", growth_in_the_middle_of_a_published_copy),
		UNDER("fault", growth_in_the_middle_of_a_published_copy),
		UNDER("loadwalk", growth_in_the_middle_of_a_published_copy),
		UNDER("none", growth_in_the_middle_of_a_published_copy),
		UNDER("walk", growth_in_the_middle_of_a_hidden_copy),
		UNDER("walk-v2", growth_in_the_middle_of_a_hidden_copy),
		UNDER("fault", growth_in_the_middle_of_a_hidden_copy),
		UNDER("loadwalk", growth_in_the_middle_of_a_hidden_copy),
		UNDER("none", growth_in_the_middle_of_a_hidden_copy),
		EACH(a_root_that_is_behind_is_filled_at_load),
		/* The others do nothing at load. */
		UNDER("walk", growth_in_the_middle_of_a_load),
		UNDER("loadwalk", growth_in_the_middle_of_a_load),
		EACH(each_cpu_knows_its_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
