/* host-test: mm/vrange.c kernel/base/avl.c */
/*
 * The addresses of the vmalloc area against a model: a plain array of ranges by address, searched
 * from its beginning. Every placement must be the model's, the lowest that is free; from time to
 * time the tree is looked through: order, balance, gaps.
 *
 * Ranges are of one page to a quarter of the area, so that it is full often. VRANGE_SEED=7
 * VRANGE_STEPS=100000000 runs longer than `make hosttest` does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/errno.h"
#include "mm/pgsync/pgsync.h"
#include "mm/vrange.h"

#define FIRST_SLOT root_slot(VMALLOC_START)
#define AREA_END   (VMALLOC_START + VMALLOC_SLOTS * ROOT_SLOT_SIZE)
#define MODEL_MAX  300
#define MANY       100000

/* Slots are installed when the test says so. */
static bool ready[ROOT_SLOTS];

bool kroot_ready(unsigned int slot)
{
	return ready[slot];
}

static u64 state = 88172645463325252;

/* xorshift64 (Marsaglia 2003). */
static u64 next(u64 below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static u64 setting(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* --- the model --- */

static struct vm_range *model[MODEL_MAX]; /* by address */
static unsigned int n_model;
static bool touched[VMALLOC_SLOTS];

static unsigned long end_of(const struct vm_range *r)
{
	return r->start + (r->nr_pages + 1UL) * PAGE_SIZE;
}

/* The lowest free address for so many bytes, or 0; *at: its place in the array. */
static unsigned long model_gap(unsigned long need, unsigned int *at)
{
	unsigned long from = VMALLOC_START;

	for (*at = 0; *at < n_model; ++*at) {
		if (model[*at]->start - from >= need)
			return from;
		from = end_of(model[*at]);
	}
	return AREA_END - from >= need ? from : 0;
}

static void model_insert(unsigned int at, struct vm_range *r)
{
	memmove(&model[at + 1], &model[at], (n_model - at) * sizeof(model[0]));
	model[at] = r;
	n_model++;
	for (unsigned long va = r->start; va < end_of(r); va += ROOT_SLOT_SIZE)
		touched[(va - VMALLOC_START) / ROOT_SLOT_SIZE] = true;
	touched[(end_of(r) - 1 - VMALLOC_START) / ROOT_SLOT_SIZE] = true;
}

static bool model_occupied(unsigned int slot)
{
	unsigned long start = VMALLOC_START + slot * ROOT_SLOT_SIZE;

	for (unsigned int i = 0; i < n_model; i++)
		if (model[i]->start < start + ROOT_SLOT_SIZE && end_of(model[i]) > start)
			return true;
	return false;
}

static void model_remove(unsigned int at)
{
	n_model--;
	memmove(&model[at], &model[at + 1], (n_model - at) * sizeof(model[0]));
	for (unsigned int slot = 0; slot < VMALLOC_SLOTS; slot++)
		touched[slot] &= ready[FIRST_SLOT + slot] || model_occupied(slot);
}

/* --- looking inside --- */

struct walk {
	unsigned long end; /* of the range before */
	unsigned int n;
};

static const struct vm_range *range_at(const struct avl_node *node)
{
	return container_of(node, const struct vm_range, tree);
}

static unsigned int height(const struct avl_node *node)
{
	return node ? node->height : 0;
}

/* Returns the largest gap in the subtree. */
static unsigned long check_tree(const struct avl_node *node, struct walk *w)
{
	unsigned long largest = 0, right;
	const struct vm_range *r;

	if (!node)
		return 0;
	assert_int_equal(node->height, 1 + MAX(height(node->left), height(node->right)));
	assert_in_range(height(node->left) + 1 - height(node->right), 0, 2);
	largest = check_tree(node->left, w);
	r = range_at(node);
	assert_true(r->start >= w->end);
	assert_int_equal(r->gap, r->start - w->end);
	w->end = end_of(r);
	w->n++;
	right = check_tree(node->right, w);
	largest = MAX(MAX(largest, r->gap), right);
	assert_int_equal(r->max_gap, largest);
	return largest;
}

static unsigned int check_all(void)
{
	struct walk w = {.end = VMALLOC_START};
	const struct vm_range *top = vrange_top();

	check_tree(top ? &top->tree : NULL, &w);
	assert_true(w.end <= AREA_END);
	return w.n;
}

static void check_slots(void)
{
	unsigned int fresh = 0;

	for (unsigned int slot = 0; slot < VMALLOC_SLOTS; slot++) {
		fresh += !touched[slot];
		assert_int_equal(vrange_in_slot(FIRST_SLOT + slot), model_occupied(slot));
	}
	assert_int_equal(vrange_slots_free(), fresh);
}

/* --- the random sequence --- */

static struct vm_range *range_new(void)
{
	static const u64 most[] = {4, 100, 1 << 20, 1UL << 31};
	struct vm_range *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->nr_pages = 1 + (unsigned int)next(most[next(ARRAY_SIZE(most))]);
	return r;
}

static void step_place(void)
{
	struct vm_range *r = range_new();
	unsigned int at;
	unsigned long want = model_gap((r->nr_pages + 1UL) * PAGE_SIZE, &at);

	assert_int_equal(vrange_place(r), want != 0);
	if (!want) {
		free(r);
		return;
	}
	assert_int_equal(r->start, want);
	model_insert(at, r);
}

/* At the start of the first fresh slot, or across the end of it. */
static void step_place_fresh(void)
{
	struct vm_range *r = range_new();
	unsigned int before = (unsigned int)next(2), slot = 0, at = 0;
	unsigned long want;

	r->nr_pages = 2 + (unsigned int)next(1000);
	before = before ? r->nr_pages / 2 : 0;
	while (slot + !!before < VMALLOC_SLOTS && (touched[slot] || (before && touched[slot + 1])))
		slot++;
	want = VMALLOC_START + (slot + !!before) * ROOT_SLOT_SIZE - before * PAGE_SIZE;
	assert_int_equal(vrange_place_fresh(r, before), slot + !!before < VMALLOC_SLOTS);
	if (slot + !!before >= VMALLOC_SLOTS) {
		free(r);
		return;
	}
	assert_int_equal(r->start, want);
	while (at < n_model && model[at]->start < want)
		at++;
	model_insert(at, r);
}

static void step_remove(void)
{
	unsigned int at = (unsigned int)next(n_model);
	struct vm_range *r = model[at];

	assert_ptr_equal(vrange_find(r->start), r);
	assert_null(vrange_find(r->start + PAGE_SIZE));
	if (next(2))
		ready[root_slot(r->start)] = true;
	vrange_remove(r);
	model_remove(at);
	free(r);
}

static void test_model(void **unused)
{
	u64 steps = setting("VRANGE_STEPS", 500000), refused = 0;

	state ^= setting("VRANGE_SEED", 1) * 0x9e3779b97f4a7c15UL;
	for (u64 i = 0; i < steps; i++) {
		/* It fills and empties in turn. */
		bool fill = next(100) < (i / 5000 % 2 ? 40u : 60u);

		if (fill && n_model < MODEL_MAX - 1) {
			unsigned int before = n_model;

			if (next(50))
				step_place();
			else
				step_place_fresh();
			refused += before == n_model;
		} else if (n_model) {
			step_remove();
		}
		if (i % 1000 == 0) {
			assert_int_equal(check_all(), n_model);
			check_slots();
		}
		/* A reset of the upper half, when nothing is there. */
		if (i % 7000 == 0 && !vrange_reset_slots(FIRST_SLOT + VMALLOC_SLOTS / 2))
			for (unsigned int s = VMALLOC_SLOTS / 2; s < VMALLOC_SLOTS; s++)
				touched[s] = ready[FIRST_SLOT + s] = false;
	}
	assert_true(refused > steps / 1000);
	while (n_model)
		step_remove();
	assert_null(vrange_top());
}

/* As deep as a balanced tree may be, whatever the order: less than 1.45 log2(n). */
static void test_many(void **unused)
{
	static struct vm_range ranges[MANY];

	for (unsigned int i = 0; i < MANY; i++) {
		ranges[i].nr_pages = 1;
		assert_true(vrange_place(&ranges[i]));
		assert_int_equal(ranges[i].start, VMALLOC_START + i * 2 * PAGE_SIZE);
	}
	assert_int_equal(check_all(), MANY);
	assert_true(vrange_top()->tree.height <= 24);
	/* Every other one goes; each hole is as large as what comes back. */
	for (unsigned int i = 0; i < MANY; i += 2)
		vrange_remove(&ranges[i]);
	assert_int_equal(check_all(), MANY / 2);
	for (unsigned int i = 0; i < MANY; i += 2) {
		assert_true(vrange_place(&ranges[i]));
		assert_int_equal(ranges[i].start, VMALLOC_START + i * 2 * PAGE_SIZE);
	}
	for (unsigned int i = 0; i < MANY; i++)
		vrange_remove(&ranges[i]);
	assert_null(vrange_top());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
