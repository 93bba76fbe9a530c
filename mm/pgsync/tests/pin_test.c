/* host-test: mm/pgsync/pin.c mm/pgsync/pgsync.c mm/pgsync/root.c mm/pgsync/loaded.c
 * mm/pgsync/walk.c mm/pgsync/walk_v2.c mm/pgsync/list.c mm/pgsync/fault.c mm/pgsync/prealloc.c
 * mm/pgsync/loadwalk.c mm/pgsync/none.c mm/pgsync/audit.c mm/pgsync/tests/host.c
 * kernel/base/printf.c
 * cflags: -iquote mm/pgsync/tests/include -iquote kernel/base/tests/include */
/*
 * Pinning on the host, where a store into a pinned root's page ends the test: what is in the way is
 * told, what fails is undone, and what must not happen meanwhile is refused. Under each strategy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mm/pgsync/tests/cases.h"

/* As in a stopped machine. */
static int pin(struct mm_root **in_the_way)
{
	int ret;

	host_irqs = false;
	preempt_disable();
	ret = pgsync_pin_all(in_the_way);
	preempt_enable_no_resched();
	host_irqs = true;
	return ret;
}

static unsigned int unpin(void)
{
	unsigned int n;

	host_irqs = false;
	n = pgsync_unpin_all();
	host_irqs = true;
	return n;
}

/* A write reaches the page: the test goes on. */
static void write_slot(struct mm_root *root)
{
	root->pgd[5] = root->pgd[5];
}

static void roots_are_pinned_once_and_come_back(void **state)
{
	struct mm_root *a = host_ready_root(), *b = host_ready_root(), *in_the_way;

	(void)state;
	/* Three tasks, two of them threads; and a free root, which nobody pins. */
	host_tasks[0] = a;
	host_tasks[1] = b;
	host_tasks[2] = a;
	pgd_free(host_ready_root());
	assert_int_equal(pin(&in_the_way), 2);
	assert_null(in_the_way);
	assert_true(a->pinned && b->pinned);
	assert_ptr_equal(pinned_root_at((unsigned long)&a->pgd[511]), a);
	assert_ptr_equal(pinned_root_at((unsigned long)b->pgd), b);
	assert_null(pinned_root_at((unsigned long)a->pgd + 4096));
	assert_int_equal(unpin(), 2);
	assert_null(pinned_root_at((unsigned long)a->pgd));
	assert_false(a->pinned || b->pinned);
	write_slot(a);
	write_slot(b);
	/* An earlier round's mark does not count. */
	host_tasks[1] = NULL;
	assert_int_equal(pin(&in_the_way), -EBUSY);
	assert_ptr_equal(in_the_way, b);
	pgd_free(a);
	pgd_free(b);
}

static void a_root_that_is_being_made_is_in_the_way(void **state)
{
	struct mm_root *ready = host_ready_root(), *new = pgd_alloc(), *in_the_way;

	(void)state;
	host_tasks[0] = ready;
	assert_int_equal(pin(&in_the_way), -EBUSY);
	assert_ptr_equal(in_the_way, new);
	assert_false(ready->pinned);
	write_slot(ready);
	/* Published, but without its late copy: still not a root like the others. */
	host_tasks[1] = new;
	assert_int_equal(pin(&in_the_way), -EBUSY);
	assert_ptr_equal(in_the_way, new);
	arch_pgd_init_late(new);
	assert_int_equal(pin(&in_the_way), 2);
	unpin();
	pgd_free(ready);
	pgd_free(new);
}

static void what_fails_half_way_is_undone(void **state)
{
	struct mm_root *roots[5], *in_the_way;

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		host_tasks[i] = roots[i] = host_ready_root();
	for (long fail = 1; fail <= 5; fail++) {
		host_fail_protect = fail;
		assert_int_equal(pin(&in_the_way), -ENOMEM);
		for (unsigned int i = 0; i < 5; i++) {
			assert_false(roots[i]->pinned);
			write_slot(roots[i]);
		}
	}
	assert_int_equal(pin(&in_the_way), 5);
	assert_int_equal(unpin(), 5);
	for (unsigned int i = 0; i < 5; i++)
		pgd_free(roots[i]);
}

static void growth_is_refused_meanwhile(void **state)
{
	struct mm_root *root = host_ready_root(), *in_the_way;
	unsigned long va = root_slot_va(SLOT), freed = host_tables_freed;

	(void)state;
	host_tasks[0] = root;
	assert_int_equal(pin(&in_the_way), 1);
	if (!never_grows()) {
		assert_int_equal(kroot_install(SLOT, host_table(SLOT)), -EBUSY);
		assert_int_equal(kroot_populate(va, va + 1), -EBUSY);
		/* The refused table went back. */
		assert_int_equal(host_tables_freed, freed + 1);
		assert_false(kroot_ready(SLOT) || swapper_pg_dir[SLOT]);
	}
	/* What is there may be used. */
	va = root_slot_va(boot_slots[0]);
	assert_int_equal(kroot_populate(va, va + 1), 0);
	unpin();
	va = root_slot_va(SLOT);
	assert_int_equal(kroot_populate(va, va + 1), 0);
	pgd_free(root);
}

static void no_root_is_made_freed_or_reset_meanwhile(void **state)
{
	struct mm_root *root = host_ready_root(), *in_the_way;
	phys_addr_t table;

	(void)state;
	pgd_free(host_ready_root());
	host_tasks[0] = root;
	assert_int_equal(pin(&in_the_way), 1);
	EXPECT_PANIC("while all are pinned", pgd_free(root));
	assert_int_equal(root->state, ROOT_READY);
	EXPECT_PANIC("roots_pinned", pin(&in_the_way));
	host_irqs = false;
	EXPECT_PANIC("roots_pinned", pgsync_reset_slots(SLOT, 1, &table));
	unpin();
	EXPECT_PANIC("roots_pinned", unpin());
	pgd_free(root);
}

static struct mm_root *stillborn;

static void remember(struct mm_root *root, void *unused)
{
	(void)unused;
	stillborn = root;
}

static void a_root_is_not_born_meanwhile(void **state)
{
	struct mm_root *in_the_way;

	(void)state;
	assert_int_equal(pin(&in_the_way), 0);
	EXPECT_PANIC("while all are pinned", pgd_alloc());
	unpin();
	/* It was on its way out of the cache: the only root there is. */
	rcu_read_lock();
	for_each_registered_root(remember, NULL);
	rcu_read_unlock();
	stillborn->state = ROOT_READY;
	pgd_free(stillborn);
}

static void pinning_asks_for_a_stopped_machine(void **state)
{
	struct mm_root *in_the_way;

	(void)state;
	EXPECT_PANIC("irqs_enabled", pgsync_pin_all(&in_the_way));
	host_irqs = false;
	pgd_lock.owner = 3;
	EXPECT_PANIC("CPU 2 grows", pgsync_pin_all(&in_the_way));
	EXPECT_PANIC("irqs_enabled", pgsync_unpin_all());
}

/* What would be stored at the load is there before nothing can be stored. */
static void a_root_that_is_behind_is_filled_first(void **state)
{
	struct mm_root *root = host_ready_root(), *in_the_way;

	(void)state;
	/* Nobody's while the slot appears. */
	assert_int_equal(kroot_populate(root_slot_va(SLOT), root_slot_va(SLOT) + 1), 0);
	host_tasks[0] = root;
	assert_int_equal(pin(&in_the_way), 1);
	assert_int_equal(pte_present(root->pgd[SLOT]), serves_loaded());
	host_load(1, root);
	host_load(1, &swapper_root);
	unpin();
	pgd_free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(roots_are_pinned_once_and_come_back),
		EACH(a_root_that_is_being_made_is_in_the_way),
		EACH(what_fails_half_way_is_undone),
		EACH(growth_is_refused_meanwhile),
		EACH(no_root_is_made_freed_or_reset_meanwhile),
		EACH(pinning_asks_for_a_stopped_machine),
		EACH(a_root_that_is_behind_is_filled_first),
		EACH(a_root_is_not_born_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
