/* host-test: mm/pgsync/view.c mm/pgsync/pgsync.c mm/pgsync/root.c mm/pgsync/loaded.c
 * mm/pgsync/walk.c mm/pgsync/walk_v2.c mm/pgsync/list.c mm/pgsync/fault.c mm/pgsync/prealloc.c
 * mm/pgsync/loadwalk.c mm/pgsync/none.c mm/pgsync/audit.c mm/pgsync/tests/host.c
 * kernel/base/printf.c
 * cflags: -iquote mm/pgsync/tests/include -iquote kernel/base/tests/include */
/*
 * Looking on, under each strategy: what is told of the reference and of roots is what is there, and whoever is
 * looked at goes on as if nobody did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mm/pgsync/tests/cases.h"

static struct pgsync_root_view look(const struct mm_root *root)
{
	struct pgsync_root_view view;

	memset(&view, 0xff, sizeof(view));
	rcu_read_lock();
	pgsync_view_root(root, &view);
	rcu_read_unlock();
	return view;
}

static bool has_bit(const unsigned long *bits, unsigned int slot)
{
	return test_bit(slot - ROOT_KERNEL, bits);
}

static unsigned int count(const unsigned long *bits)
{
	unsigned int n = 0;

	for (unsigned int w = 0; w < KERNEL_WORDS; w++)
		n += (unsigned int)__builtin_popcountl(bits[w]);
	return n;
}

static void the_reference(void **state)
{
	struct pgsync_view before, after;

	(void)state;
	pgsync_view(&before);
	assert_int_equal(count(before.present), ready_slots());
	assert_memory_equal(before.present, before.ready, sizeof(before.ready));
	assert_memory_equal(before.present, before.birth, sizeof(before.birth));
	grow(SLOT);
	pgsync_view(&after);
	assert_true(has_bit(after.present, SLOT) && has_bit(after.ready, SLOT));
	assert_memory_equal(after.birth, before.birth, sizeof(before.birth));
	assert_int_equal(after.gen, before.gen + !kroot_from_birth(SLOT));
}

/* Growth in progress: present, and not ready. */
static struct pgsync_view during;

static void look_at_reference(void)
{
	pgsync_view(&during);
}

static void a_slot_is_present_before_it_is_ready(void **state)
{
	(void)state;
	host_on_walk = look_at_reference;
	grow(SLOT);
	assert_true(has_bit(during.present, SLOT));
	assert_false(has_bit(during.ready, SLOT));
}

static void a_root_and_what_it_lacks(void **state)
{
	struct mm_root *root = host_ready_root();
	struct pgsync_root_view view = look(root);

	(void)state;
	assert_int_equal(view.state, ROOT_READY);
	assert_int_equal(view.life, root->life);
	assert_int_equal(view.gen, root->gen);
	assert_int_equal(count(view.present) + view.missing, ready_slots());
	/* No task has it: only `list` reaches it; and where nothing grows nothing is to be reached. */
	grow(SLOT);
	view = look(root);
	assert_int_equal(has_bit(view.present, SLOT), has(root, SLOT));
	assert_int_equal(count(view.present), present(root));
	assert_int_equal(count(view.present) + view.missing, ready_slots());
	pgd_free(root);
}

static void a_root_that_is_not_ready_has_no_slots(void **state)
{
	struct mm_root *root = pgd_alloc();
	struct pgsync_root_view view = look(root);

	(void)state;
	assert_int_equal(view.state, ROOT_NEW);
	assert_int_equal(count(view.present) + view.missing, 0);
	pgd_free(root);
	view = look(root);
	assert_int_equal(view.state, ROOT_FREE);
	assert_int_equal(count(view.present) + view.missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(the_reference),
		UNDER("walk", a_slot_is_present_before_it_is_ready),
		EACH(a_root_and_what_it_lacks),
		EACH(a_root_that_is_not_ready_has_no_slots),
	};

	return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
