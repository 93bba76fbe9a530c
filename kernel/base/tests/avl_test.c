/* host-test: kernel/base/avl.c */
/*
 * The balanced tree against a sorted array: random insertions and removals, and after each of them
 * order, parents, heights, balance and what is kept for each subtree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/avl.h"

#define OBJECTS 300
#define STEPS   30000

struct object {
	struct avl_node node;
	unsigned int key;
	unsigned int value, largest; /* its own, and of its subtree */
};

static struct object objects[OBJECTS];
static struct object *sorted[OBJECTS]; /* the model: what is in the tree, in order */
static unsigned int nr_sorted;
static struct avl_root root;

static struct object *object_of(struct avl_node *node)
{
	return container_of(node, struct object, node);
}

static unsigned int largest_of(struct avl_node *node)
{
	return node ? object_of(node)->largest : 0;
}

static void update(struct avl_node *node)
{
	struct object *o = object_of(node);

	o->largest = MAX(o->value, MAX(largest_of(node->left), largest_of(node->right)));
}

static u32 random_below(u32 n)
{
	static u64 s = 0x9e3779b97f4a7c15;

	s ^= s >> 12;
	s ^= s << 25;
	s ^= s >> 27;
	return (u32)((s * 0x2545f4914f6cdd1d >> 32) * n >> 32);
}

/* Checks the subtree; *at goes through the model. Returns its height. */
static unsigned int check(struct avl_node *node, struct avl_node *parent, unsigned int *at)
{
	unsigned int left, right, largest;

	if (!node)
		return 0;
	assert_ptr_equal(node->parent, parent);
	left = check(node->left, node, at);
	assert_true(*at < nr_sorted);
	assert_ptr_equal(object_of(node), sorted[(*at)++]);
	right = check(node->right, node, at);
	assert_true(left <= right + 1 && right <= left + 1);
	assert_int_equal(node->height, 1 + MAX(left, right));
	largest = MAX(object_of(node)->value, MAX(largest_of(node->left), largest_of(node->right)));
	assert_int_equal(object_of(node)->largest, largest);
	return node->height;
}

static void check_all(void)
{
	unsigned int at = 0;

	check(root.top, NULL, &at);
	assert_int_equal(at, nr_sorted);
}

static void insert(struct object *o)
{
	unsigned int at = 0;

	while (at < nr_sorted && sorted[at]->key < o->key)
		at++;
	/* An insertion and a removal notice that the next neighbour's has changed. */
	if (at < nr_sorted)
		sorted[at]->value = random_below(1000);
	avl_insert(&root, &o->node, at ? &sorted[at - 1]->node : NULL,
		   at < nr_sorted ? &sorted[at]->node : NULL, update);
	memmove(&sorted[at + 1], &sorted[at], (nr_sorted - at) * sizeof(sorted[0]));
	sorted[at] = o;
	nr_sorted++;
}

static void remove_at(unsigned int at)
{
	if (at + 1 < nr_sorted)
		sorted[at + 1]->value = random_below(1000);
	avl_remove(&root, &sorted[at]->node, update);
	nr_sorted--;
	memmove(&sorted[at], &sorted[at + 1], (nr_sorted - at) * sizeof(sorted[0]));
}

static bool is_in(const struct object *o)
{
	for (unsigned int i = 0; i < nr_sorted; i++)
		if (sorted[i] == o)
			return true;
	return false;
}

static int setup(void **state)
{
	(void)state;
	root.top = NULL;
	nr_sorted = 0;
	for (unsigned int i = 0; i < OBJECTS; i++)
		objects[i] = (struct object){.key = i, .value = random_below(1000)};
	return 0;
}

static void random_steps(void **state)
{
	(void)state;
	/* Grows, shrinks, grows: which one is likelier changes. */
	for (unsigned int i = 0; i < STEPS; i++) {
		struct object *o = &objects[random_below(OBJECTS)];
		bool grow = random_below(10) < (i / 2000 % 2 ? 3 : 7);

		if (grow && !is_in(o)) {
			insert(o);
		} else if (!grow && nr_sorted) {
			remove_at(random_below(nr_sorted));
		} else if (is_in(o)) {
			o->value = random_below(1000);
			avl_propagate(&o->node, update);
		}
		check_all();
	}
}

/* In order and in reverse: what an unbalanced tree is worst at. */
static void sequences(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < OBJECTS; i++)
		insert(&objects[i]);
	check_all();
	assert_true(root.top->height <= 12); /* 1.45 * log2(300) */
	while (nr_sorted > OBJECTS / 2)
		remove_at(0);
	check_all();
	while (nr_sorted)
		remove_at(nr_sorted - 1);
	check_all();
	for (unsigned int i = OBJECTS; i-- > 0;)
		insert(&objects[i]);
	check_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(random_steps, setup),
		cmocka_unit_test_setup(sequences, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
