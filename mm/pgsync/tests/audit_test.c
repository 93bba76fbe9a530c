/* host-test: mm/pgsync/pgsync.c mm/pgsync/root.c mm/pgsync/loaded.c mm/pgsync/walk.c
 * mm/pgsync/walk_v2.c mm/pgsync/list.c mm/pgsync/fault.c mm/pgsync/prealloc.c
 * mm/pgsync/loadwalk.c mm/pgsync/none.c mm/pgsync/audit.c mm/pgsync/tests/host.c
 * mm/pgsync/tests/step.c kernel/base/printf.c
 * cflags: -iquote mm/pgsync/tests/include -iquote kernel/base/tests/include */
/*
 * The auditor alone, on the host: what is planted is found, counted and named, and what is right is
 * not reported, although roots are loaded, freed and made again while it looks.
 *
 * No real strategy is needed for that. Growth tells nobody (`none`), and what the auditor asks of a
 * strategy, whether a fault or a load will repair a hole, is answered by two that have nothing but
 * that answer. What it says under each real strategy is in root_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mm/pgsync/tests/cases.h"
#include "mm/pgsync/tests/step.h"

#define NO_CPU ~0U

static const struct pgsync_strategy at_fault = {
	.name = "at-fault",
	.repairs_faults = true,
	.init_late = copy_kernel_half_late,
};

static const struct pgsync_strategy at_load = {
	.name = "at-load",
	.syncs_at_load = true,
	.init_late = copy_kernel_half_late,
};

static void use(const struct pgsync_strategy *which)
{
	strategy = which;
	pgsync_syncs_at_load = which->syncs_at_load;
}

static void expect_clean(u64 roots)
{
	struct pgsync_audit result = audit();

	assert_int_equal(result.roots, roots);
	assert_int_equal(result.missing, 0);
	assert_int_equal(result.lagging, 0);
	assert_int_equal(result.stray, 0);
}

/* One finding, of the kind that is a fault. */
static void expect_missing(u64 roots, unsigned int slot, unsigned int cpu)
{
	struct pgsync_audit result = audit();

	assert_int_equal(result.roots, roots);
	assert_int_equal(result.missing, 1);
	assert_int_equal(result.lagging + result.stray, 0);
	assert_int_equal(result.first_slot, slot);
	assert_int_equal(result.first_cpu, cpu);
}

/* --- planted: it must be found --- */

/* The bug of this course: growth that nobody has told to the root that a CPU runs on. */
static void a_loaded_root_lacks_a_slot(void **state)
{
	struct mm_root *root = host_ready_root(), *other = host_ready_root();

	(void)state;
	host_load(2, root);
	grow(SLOT);
	set_root_slot(other->pgd, SLOT, swapper_pg_dir[SLOT]);
	expect_missing(2, SLOT, 2);
	host_load(2, &swapper_root);
	host_load(3, root);
	expect_missing(2, SLOT, 3);
	set_root_slot(root->pgd, SLOT, swapper_pg_dir[SLOT]);
	expect_clean(2);
	host_load(3, &swapper_root);
	pgd_free(root);
	pgd_free(other);
}

/* Nobody runs on it now. Somebody will, and without a strategy that fills it then. */
static void an_unloaded_root_lacks_a_slot(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	grow(SLOT);
	expect_missing(1, SLOT, NO_CPU);
	root->pgd[SLOT] = swapper_pg_dir[SLOT];
	/* First and last slot of the half. */
	grow(ROOT_KERNEL);
	expect_missing(1, ROOT_KERNEL, NO_CPU);
	root->pgd[ROOT_KERNEL] = swapper_pg_dir[ROOT_KERNEL];
	root->pgd[ROOT_SLOTS - 1] = 0;
	expect_missing(1, ROOT_SLOTS - 1, NO_CPU);
	pgd_free(root);
}

/* Another address, another right: whoever goes there goes wrong, and nobody repairs it (I21). */
static void a_slot_leads_elsewhere(void **state)
{
	const struct pgsync_strategy *each[] = {strategy, &at_fault, &at_load};
	const pte_t wrong[] = {0x1000, PTE_W, PTE_NX};
	struct mm_root *root = host_ready_root();
	pte_t *entry = &root->pgd[boot_slots[1]], right = *entry;

	(void)state;
	root->gen = 0; /* as old as can be: no excuse */
	for (unsigned int s = 0; s < ARRAY_SIZE(each); s++)
		for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
			use(each[s]);
			*entry = right ^ wrong[i];
			expect_missing(1, boot_slots[1], NO_CPU);
		}
	*entry = right;
	use(each[0]);
	expect_clean(1);
	pgd_free(root);
}

/* What the reference has not, no root may have: a slot of an earlier life, or of another root (I28). */
static void a_root_has_what_the_reference_lacks(void **state)
{
	const struct pgsync_strategy *each[] = {strategy, &at_fault, &at_load};
	struct mm_root *root = host_ready_root();
	struct pgsync_audit result;

	(void)state;
	host_load(1, root);
	root->pgd[SLOT + 1] = pte_make(host_table(SLOT), PTE_KERNEL_TABLE);
	for (unsigned int s = 0; s < ARRAY_SIZE(each); s++) {
		use(each[s]);
		result = audit();
		assert_int_equal(result.roots, 1);
		assert_int_equal(result.stray, 1);
		assert_int_equal(result.missing + result.lagging, 0);
		assert_int_equal(result.first_slot, SLOT + 1);
		assert_int_equal(result.first_cpu, 1);
	}
	use(each[0]);
	root->pgd[SLOT + 1] = 0;
	host_load(1, &swapper_root);
	pgd_free(root);
}

/* A root that is behind, and will be filled before anybody can run on it: late, but no fault. */
static void what_a_load_will_fill_lags(void **state)
{
	struct mm_root *root = host_ready_root();
	struct pgsync_audit result;

	(void)state;
	use(&at_load);
	grow(SLOT);
	grow(SLOT + 1);
	result = audit();
	assert_int_equal(result.roots, 1);
	assert_int_equal(result.lagging, 2);
	assert_int_equal(result.missing + result.stray, 0);
	/* Somebody runs on it: too late. */
	per_cpu(cpu_loaded_root, 2) = root;
	result = audit();
	assert_int_equal(result.lagging, 0);
	assert_int_equal(result.missing, 2);
	assert_int_equal(result.first_cpu, 2);
	per_cpu(cpu_loaded_root, 2) = NULL;
	/* It says that it has been copied since: no load will look again. */
	root->gen = pgd_gen;
	result = audit();
	assert_int_equal(result.lagging, 0);
	assert_int_equal(result.missing, 2);
	assert_int_equal(result.first_cpu, NO_CPU);
	pgd_free(root);
}

/* Whoever touches the hole gets the slot, running or not; another table there is a fault still. */
static void what_a_fault_will_fill_lags(void **state)
{
	struct mm_root *root = host_ready_root();
	struct pgsync_audit result;

	(void)state;
	use(&at_fault);
	grow(SLOT);
	host_load(3, root);
	result = audit();
	assert_int_equal(result.roots, 1);
	assert_int_equal(result.lagging, 1);
	assert_int_equal(result.missing + result.stray, 0);
	root->gen = pgd_gen;
	assert_int_equal(audit().lagging, 1);
	root->pgd[SLOT] = pte_make(host_table(SLOT + 1), PTE_KERNEL_TABLE);
	expect_missing(1, SLOT, 3);
	host_load(3, &swapper_root);
	pgd_free(root);
}

/* All are counted; the first that is a fault is named, and what only lags is never the first. */
static void the_first_of_several_is_named(void **state)
{
	struct mm_root *roots[3] = {host_ready_root(), host_ready_root(), host_ready_root()};
	struct pgsync_audit result;

	(void)state;
	use(&at_load);
	grow(SLOT); /* all three lag */
	roots[1]->gen = roots[2]->gen = pgd_gen;
	roots[1]->pgd[boot_slots[2]] = 0;
	roots[2]->pgd[SLOT + 9] = roots[2]->pgd[boot_slots[0]];
	per_cpu(cpu_loaded_root, 1) = roots[1];
	result = audit();
	assert_int_equal(result.roots, 3);
	assert_int_equal(result.lagging, 1); /* roots[0] */
	assert_int_equal(result.missing, 3); /* roots[1] twice, roots[2] once */
	assert_int_equal(result.stray, 1);
	/* The registry's order is that in which the roots were made, slots go upwards. */
	assert_int_equal(result.first_slot, SLOT);
	assert_int_equal(result.first_cpu, 1);
	per_cpu(cpu_loaded_root, 1) = NULL;
	for (int i = 0; i < 3; i++)
		pgd_free(roots[i]);
}

/* --- clean: nothing may be reported --- */

static void equal_roots_are_clean(void **state)
{
	struct mm_root *roots[4];

	(void)state;
	expect_clean(0);
	for (int i = 0; i < 4; i++)
		roots[i] = host_ready_root();
	host_load(0, roots[0]);
	host_load(1, roots[0]);
	host_load(2, roots[3]);
	expect_clean(4);
	host_load(0, &swapper_root);
	host_load(1, &swapper_root);
	host_load(2, &swapper_root);
	for (int i = 3; i >= 0; i--) {
		pgd_free(roots[i]);
		expect_clean((u64)i);
	}
}

/* A processor sets it in one root when it walks by, and in another one it does not (I29). */
static void the_accessed_bit_is_no_difference(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	root->pgd[boot_slots[0]] ^= PTE_A;
	expect_clean(1);
	swapper_pg_dir[boot_slots[0]] ^= PTE_A;
	swapper_pg_dir[boot_slots[3]] ^= PTE_A;
	expect_clean(1);
	pgd_free(root);
}

static void the_user_half_is_each_roots_own(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	root->pgd[0] = root->pgd[ROOT_KERNEL - 1] = pte_make(0x5000, PTE_USER_TABLE);
	expect_clean(1);
	root->pgd[0] = root->pgd[ROOT_KERNEL - 1] = 0;
	pgd_free(root);
}

/* Not yet copied, retired, in a cache: nobody may load it, so what it lacks is nobody's. */
static void who_cannot_be_loaded_is_not_judged(void **state)
{
	struct mm_root *root = host_ready_root(), *dead = host_ready_root(), *fresh = pgd_alloc();

	(void)state;
	dead->pgd[boot_slots[2]] = 0;
	root_retire(dead);
	expect_clean(1);
	pgd_free(dead);
	expect_clean(1);
	fresh->pgd[SLOT] = pte_make(host_table(SLOT), PTE_KERNEL_TABLE);
	expect_clean(1);
	fresh->pgd[SLOT] = 0;
	arch_pgd_init_late(fresh);
	expect_clean(2);
	pgd_free(root);
	pgd_free(fresh);
}

/* --- clean, although somebody acts while the auditor looks --- */

/* More often than this nobody reads a slot. */
#define READS 6

static void need_steps(void)
{
	if (!steps_supported())
		skip();
}

/* An audit, with fn(root) right after its nth access to that slot of the root. False: it took fewer. */
static bool audit_beside(struct pgsync_audit *result, struct mm_root *root, unsigned int slot,
			 unsigned int nth, void (*fn)(struct mm_root *root))
{
	after_access(root, slot, nth, fn);
	*result = audit();
	return !after_access_cancel();
}

static void die(struct mm_root *root)
{
	pgd_free(root);
}

/* The slots go when the root dies: its state has changed before that. */
static void a_root_that_dies_is_not_judged(void **state)
{
	unsigned int died = 0;

	(void)state;
	need_steps();
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++) {
		struct mm_root *root = host_ready_root();
		struct pgsync_audit result;
		bool dies = audit_beside(&result, root, slot, 1, die);

		died += dies;
		assert_int_equal(result.roots, 1);
		assert_int_equal(result.missing + result.lagging + result.stray, 0);
		if (!dies)
			pgd_free(root);
	}
	assert_true(died > 0);
}

static unsigned int reborn_after;

static void live_again(struct mm_root *root)
{
	assert_ptr_equal(pgd_alloc(), root);
	arch_pgd_init_late(root);
}

static void die_to_live_again(struct mm_root *root)
{
	pgd_free(root);
	after_access(root, boot_slots[2], reborn_after, live_again);
}

/* READY again in its next life: what was seen in between says nothing about it. */
static void a_root_that_lives_again_is_not_judged(void **state)
{
	(void)state;
	need_steps();
	for (reborn_after = 1; reborn_after <= READS; reborn_after++) {
		struct mm_root *root = host_ready_root();
		struct pgsync_audit result;
		bool lives = audit_beside(&result, root, boot_slots[1], 1, die_to_live_again);

		assert_int_equal(result.roots, 1);
		assert_int_equal(result.missing + result.lagging + result.stray, 0);
		if (lives)
			pgd_free(root);
	}
}

/* What a load does to a root that is behind: first the slots and their generation, then the CPU. */
static void be_loaded(struct mm_root *root)
{
	copy_kernel_half_late(root);
	per_cpu(cpu_loaded_root, 2) = root;
}

/* It lacked the slot, and then a CPU has loaded it, slot and all: two looks do not go together. */
static void a_root_that_is_filled_meanwhile_is_not_missing(void **state)
{
	(void)state;
	need_steps();
	use(&at_load);
	grow(SLOT);
	for (unsigned int nth = 1; nth <= READS; nth++) {
		struct mm_root *root = host_ready_root();
		struct pgsync_audit result;

		root->pgd[SLOT] = 0;
		root->gen = pgd_gen - 1;
		if (!audit_beside(&result, root, SLOT, nth, be_loaded))
			assert_int_equal(result.lagging, 1);
		assert_int_equal(result.roots, 1);
		assert_int_equal(result.missing + result.stray, 0);
		assert_true(result.lagging <= 1);
		per_cpu(cpu_loaded_root, 2) = NULL;
		pgd_free(root);
	}
}

static bool looked;

static void look_at_locks(struct mm_root *root)
{
	(void)root;
	looked = spin_is_held(&pgd_lock) && rcu_read_lock_held();
}

/* Growth stays away meanwhile, roots and the registry stay where they are; and all that ends. */
static void growth_and_grace_periods_wait(void **state)
{
	struct mm_root *root = host_ready_root();
	struct pgsync_audit result;

	(void)state;
	need_steps();
	looked = false;
	assert_true(audit_beside(&result, root, boot_slots[0], 1, look_at_locks));
	assert_true(looked);
	assert_false(rcu_read_lock_held());
	assert_int_equal(pgd_lock.owner, 0);
	assert_int_equal(preempt_depth(), 0);
	assert_true(host_irqs);
	pgd_free(root);
}

#define ALONE(test) UNDER("none", test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE(a_loaded_root_lacks_a_slot),
		ALONE(an_unloaded_root_lacks_a_slot),
		ALONE(a_slot_leads_elsewhere),
		ALONE(a_root_has_what_the_reference_lacks),
		ALONE(what_a_load_will_fill_lags),
		ALONE(what_a_fault_will_fill_lags),
		ALONE(the_first_of_several_is_named),
		ALONE(equal_roots_are_clean),
		ALONE(the_accessed_bit_is_no_difference),
		ALONE(the_user_half_is_each_roots_own),
		ALONE(who_cannot_be_loaded_is_not_judged),
		ALONE(a_root_that_dies_is_not_judged),
		ALONE(a_root_that_lives_again_is_not_judged),
		ALONE(a_root_that_is_filled_meanwhile_is_not_missing),
		ALONE(growth_and_grace_periods_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
