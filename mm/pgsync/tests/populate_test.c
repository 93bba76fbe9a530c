/* host-test: mm/pgsync/pgsync.c mm/pgsync/root.c mm/pgsync/loaded.c mm/pgsync/walk.c
 * mm/pgsync/walk_v2.c mm/pgsync/list.c mm/pgsync/fault.c mm/pgsync/prealloc.c
 * mm/pgsync/loadwalk.c mm/pgsync/none.c mm/pgsync/audit.c mm/pgsync/tests/host.c
 * kernel/base/printf.c
 * cflags: -iquote mm/pgsync/tests/include -iquote kernel/base/tests/include */
/*
 * Growth by address on the host: ranges of every shape, tables that cannot be had, a grower who
 * comes second; slots from birth, boot with all of them, and the slot that a fault fills.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm/pgsync/tests/cases.h"

/* --- ranges (I26, I27) --- */

/* root_slot_va() with four levels, as a constant. */
#define AT(slot) (0xffff000000000000UL + ((unsigned long)(slot) << 39))

static const struct {
	const char *what;
	unsigned long start, end;
	unsigned int first, last;
} ranges[] = {
	{"one byte", AT(300) + 5, AT(300) + 6, 300, 300},
	{"the last byte of a slot", AT(301) - 1, AT(301), 300, 300},
	{"exactly a slot", AT(300), AT(301), 300, 300},
	{"two pages about a boundary", AT(301) - 4096, AT(301) + 4096, 300, 301},
	{"less than a slot, across a boundary", AT(300) + 8192, AT(301) + 4096, 300, 301},
	{"more than a slot, to a boundary", AT(300) + 4096, AT(302), 300, 301},
	{"one byte into the third slot", AT(301) - 1, AT(302) + 1, 300, 302},
	{"exactly three slots", AT(300), AT(303), 300, 302},
	{"the first slot of the half", AT(256), AT(256) + 1, 256, 256},
	{"a page below the top", AT(510), -4096UL, 510, 511},
	{"to the very top", AT(510) + 4096, 0, 510, 511},
	{"the last byte there is", -1UL, 0, 511, 511},
	{"the whole half", AT(256), 0, 256, 511},
};

/* The slots of the range are there, and of the others those of boot only. */
static void expect_slots(unsigned int first, unsigned int last, const char *what)
{
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++) {
		bool want = (slot >= first && slot <= last) || kroot_from_birth(slot);

		if (kroot_ready(slot) != want || pte_present(swapper_pg_dir[slot]) != want)
			fail_msg("%s: slot %u is %s", what, slot, want ? "missing" : "there");
	}
}

static void a_range_has_the_slots_that_it_touches(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		unsigned int ready;

		host_begin(*state);
		ready = ready_slots();
		for (int again = 0; again < 2; again++) {
			assert_int_equal(kroot_populate(ranges[i].start, ranges[i].end), 0);
			expect_slots(ranges[i].first, ranges[i].last, ranges[i].what);
			/* A table for each new slot, and none for the others. */
			assert_int_equal(host_tables - host_tables_freed,
					 ready_slots() - (never_grows() ? BOOT_SLOTS : ready));
		}
	}
}

static void a_range_of_user_addresses_is_refused(void **state)
{
	(void)state;
	EXPECT_PANIC("first >= ROOT_KERNEL", kroot_populate(0x1000, 0x2000));
	EXPECT_PANIC("first >= ROOT_KERNEL", kroot_populate(AT(255), 0));
	EXPECT_PANIC("first <= last", kroot_populate(AT(301), AT(301)));
}

/* Found while it grows: its table is empty already when a root shows it (I22). */
static void expect_empty_table(struct mm_root *root)
{
	const u64 *table = phys_to_virt(pte_phys(swapper_pg_dir[SLOT]));

	(void)root;
	for (unsigned int i = 0; i < PT_ENTRIES; i++)
		assert_true(table[i] == 0);
}

static void a_table_is_empty_when_a_root_shows_it(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	host_tasks[0] = root;
	host_load(1, root);
	trap_stores(root, expect_empty_table);
	assert_int_equal(kroot_populate(AT(SLOT), AT(SLOT + 1)), 0);
	assert_true(has(root, SLOT));
	host_load(1, &swapper_root);
	pgd_free(root);
}

/* --- not enough memory, and somebody else --- */

/* What was installed stays and is ready; the next call goes on (I26). */
static void a_range_goes_on_where_memory_ran_out(void **state)
{
	pte_t first;

	(void)state;
	host_fail_tables = 2;
	assert_int_equal(kroot_populate(AT(SLOT), AT(SLOT + 3)), -ENOMEM);
	expect_slots(SLOT, SLOT, "after the failure");
	first = swapper_pg_dir[SLOT];
	host_fail_tables = 1;
	assert_int_equal(kroot_populate(AT(SLOT), AT(SLOT + 3)), -ENOMEM);
	expect_slots(SLOT, SLOT, "after the second failure");
	assert_int_equal(kroot_populate(AT(SLOT), AT(SLOT + 3)), 0);
	expect_slots(SLOT, SLOT + 2, "after all");
	assert_true(swapper_pg_dir[SLOT] == first);
	assert_int_equal(host_tables, 3);
	assert_int_equal(host_tables_freed, 0);
}

static void grow_first(void)
{
	host_on_table = NULL;
	host_cpu = 3;
	grow(SLOT + 1);
	host_cpu = 0;
}

/* Another CPU installs the slot while this one gets a table for it: that table goes back (I23). */
static void who_comes_second_gives_its_table_back(void **state)
{
	(void)state;
	assert_int_equal(kroot_populate(AT(SLOT), AT(SLOT + 1)), 0);
	host_on_table = grow_first;
	assert_int_equal(kroot_populate(AT(SLOT), AT(SLOT + 3)), 0);
	assert_null(host_on_table);
	expect_slots(SLOT, SLOT + 2, "both");
	assert_true(pte_phys(swapper_pg_dir[SLOT + 1]) == host_table(SLOT + 1));
	assert_int_equal(host_tables, 3);
	assert_int_equal(host_tables_freed, 1);
}

/* Who holds pgd_lock may want an answer from this CPU (I32). */
static void growth_with_interrupts_off_is_refused(void **state)
{
	(void)state;
	host_irqs = false;
	EXPECT_PANIC("growth with interrupts off", kroot_install(SLOT, host_table(SLOT)));
	host_irqs = false;
	EXPECT_PANIC("growth with interrupts off", kroot_populate(AT(SLOT), AT(SLOT + 1)));
	assert_false(kroot_ready(SLOT));
	/* Nothing to grow, nothing to wait for. */
	host_irqs = false;
	assert_int_equal(kroot_populate(AT(boot_slots[0]), AT(boot_slots[0]) + 1), 0);
	host_irqs = true;
}

/* --- slots from birth (I30) --- */

static void what_grew_is_not_from_birth(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < BOOT_SLOTS; i++)
		assert_true(kroot_from_birth(boot_slots[i]));
	assert_int_equal(kroot_from_birth(SLOT), never_grows());
	grow(SLOT);
	assert_true(kroot_ready(SLOT));
	assert_int_equal(kroot_from_birth(SLOT), never_grows());
	EXPECT_PANIC("slot 255", (void)kroot_from_birth(ROOT_KERNEL - 1));
	EXPECT_PANIC("slot 512", (void)kroot_from_birth(ROOT_SLOTS));
}

static void prealloc_has_every_slot_at_boot(void **state)
{
	struct mm_root *root = host_ready_root();
	unsigned int n = ROOT_SLOTS - ROOT_KERNEL;

	(void)state;
	assert_int_equal(ready_slots(), n);
	assert_int_equal(host_tables, n - BOOT_SLOTS);
	assert_int_equal(host_tables_freed, 0);
	for (unsigned int slot = ROOT_KERNEL; slot < ROOT_SLOTS; slot++) {
		assert_true(kroot_from_birth(slot) && has(root, slot));
		for (unsigned int other = ROOT_KERNEL; other < slot; other++)
			assert_true(pte_phys(root->pgd[slot]) != pte_phys(root->pgd[other]));
	}
	assert_int_equal(audit().missing + audit().stray, 0);
	pgd_free(root);
}

/* The third table is slot 258's. */
static void prealloc_without_memory_names_the_slot(void **state)
{
	host_power_on();
	host_fail_tables = 3;
	EXPECT_PANIC("pgsync=prealloc: no memory for the table of slot 258", pgsync_init(*state));
	host_power_on();
	pgsync_init(*state);
}

/* A page that was a root before has the half already. A hole in it shows whether it is copied again. */
static void prealloc_copies_a_page_once(void **state)
{
	struct mm_root *root = host_ready_root();

	(void)state;
	assert_true(has(root, SLOT));
	pgd_free(root);
	root->pgd[SLOT] = 0;
	assert_ptr_equal(pgd_alloc(), root);
	arch_pgd_init_late(root);
	assert_int_equal(root->state, ROOT_READY);
	assert_int_equal(present(root), ROOT_SLOTS - ROOT_KERNEL - 1);
	pgd_free(root);
}

/* --- the fault (I31) --- */

/* A root that is loaded on CPU 2 and lacks the slot, whatever the strategy did about it. */
static struct mm_root *root_without(unsigned int slot)
{
	struct mm_root *root = host_ready_root();

	host_load(2, root);
	root->pgd[slot] = 0;
	host_cpu = 2;
	return root;
}

static void done_with(struct mm_root *root)
{
	host_load(2, &swapper_root);
	host_cpu = 0;
	pgd_free(root);
}

static void a_fault_is_repaired_by_one_strategy(void **state)
{
	struct mm_root *root;

	(void)state;
	grow(SLOT);
	root = root_without(SLOT);
	assert_int_equal(pgsync_fault(AT(SLOT) + 0x1234567), repairs_faults());
	assert_int_equal(has(root, SLOT), repairs_faults());
	assert_int_equal(stats_now().fault_syncs, repairs_faults());
	/* It was not the slot, the second time: no use in trying again. */
	assert_false(pgsync_fault(AT(SLOT)));
	/* Unless somebody else stored the slot after the processor looked: there is a page now. */
	host_mapped_va = AT(SLOT) + 8;
	assert_int_equal(pgsync_fault(AT(SLOT) + 8), repairs_faults());
	assert_false(pgsync_fault(AT(SLOT)));
	assert_int_equal(stats_now().fault_syncs, repairs_faults());
	done_with(root);
}

/* Neither a slot that nobody has, nor a user's. */
static void a_fault_invents_nothing(void **state)
{
	struct mm_root *root = root_without(SLOT);
	unsigned int n = present(root);

	(void)state;
	if (!never_grows())
		assert_false(pgsync_fault(AT(SLOT)));
	swapper_pg_dir[3] = pte_make(host_table(3), PTE_KERNEL_TABLE);
	assert_false(pgsync_fault(3UL << 39));
	swapper_pg_dir[3] = 0;
	assert_int_equal(present(root), n);
	assert_int_equal(stats_now().fault_syncs, 0);
	done_with(root);
}

/* Half-way through a switch: this CPU says already that it has `next`, and still runs on `root`. */
static void a_fault_is_repaired_in_the_root_of_cr3(void **state)
{
	struct mm_root *root, *next = host_ready_root();

	(void)state;
	grow(SLOT);
	root = root_without(SLOT);
	this_cpu_write(cpu_next_root, next);
	assert_true(pgsync_fault(AT(SLOT)));
	assert_true(has(root, SLOT));
	assert_false(has(next, SLOT));
	done_with(root);
	pgd_free(next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(a_range_has_the_slots_that_it_touches),
		EACH(a_range_of_user_addresses_is_refused),
		/* The others store into no root. */
		UNDER("walk", a_table_is_empty_when_a_root_shows_it),
		UNDER("walk-v2", a_table_is_empty_when_a_root_shows_it),
		UNDER("list", a_table_is_empty_when_a_root_shows_it),
		UNDER("loadwalk", a_table_is_empty_when_a_root_shows_it),
		EACH_GROWING(a_range_goes_on_where_memory_ran_out),
		EACH_GROWING(who_comes_second_gives_its_table_back),
		EACH_GROWING(growth_with_interrupts_off_is_refused),
		EACH(what_grew_is_not_from_birth),
		UNDER("prealloc", prealloc_has_every_slot_at_boot),
		UNDER("prealloc", prealloc_without_memory_names_the_slot),
		UNDER("prealloc", prealloc_copies_a_page_once),
		EACH(a_fault_is_repaired_by_one_strategy),
		EACH(a_fault_invents_nothing),
		UNDER("fault", a_fault_is_repaired_in_the_root_of_cr3),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
