/* host-test: */
/*
 * The queue by priority against a model: every node's level and when it came. After each random step the queue's
 * top, its first and the whole order of some level must be the model's. PRIOQ_SEED=7 PRIOQ_STEPS=100000000 runs
 * longer than `make hosttest` does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/prioq.h"

#define NODES 300

struct node {
	struct list_head node;
	unsigned int level;
	s64 order; /* less: before others of its level */
	bool queued;
};

static struct node nodes[NODES];
static struct prio_queue q;
static s64 first_order, last_order;
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

/* The one of the model that comes after `after` (NULL: the first) on the level, or NULL. */
static struct node *model_next(unsigned int level, const struct node *after)
{
	struct node *found = NULL;

	for (unsigned int i = 0; i < NODES; i++) {
		struct node *n = &nodes[i];

		if (n->queued && n->level == level && (!after || n->order > after->order) &&
		    (!found || n->order < found->order))
			found = n;
	}
	return found;
}

static unsigned int model_top(void)
{
	unsigned int top = 0;

	for (unsigned int i = 0; i < NODES; i++)
		if (nodes[i].queued && nodes[i].level > top)
			top = nodes[i].level;
	return top;
}

static void expect_level(unsigned int level)
{
	struct node *expected = model_next(level, NULL), *n;

	list_for_each_entry (n, &q.level[level], node) {
		assert_ptr_equal(n, expected);
		expected = model_next(level, n);
	}
	assert_null(expected);
}

static void expect_model(void)
{
	struct node *first = model_next(model_top(), NULL);

	assert_int_equal(prioq_top(&q), model_top());
	assert_ptr_equal(prioq_first(&q), first ? &first->node : NULL);
	expect_level((unsigned int)next(PRIOQ_LEVELS));
}

/* Mostly few levels, the ends of the words of the bitmap among them, so that they are shared. */
static unsigned int some_level(void)
{
	static const unsigned int levels[] = {0, 0, 1, 2, 62, 63, 64, 65, 98, 99};

	return next(4) ? levels[next(ARRAY_SIZE(levels))] : (unsigned int)next(PRIOQ_LEVELS);
}

static void step(void)
{
	struct node *n = &nodes[next(NODES)];

	if (n->queued) {
		prioq_del(&q, &n->node, n->level);
		assert_null(n->node.next);
		n->queued = false;
		return;
	}
	n->level = some_level();
	n->queued = true;
	if (next(4)) {
		n->order = ++last_order;
		prioq_add(&q, &n->node, n->level);
	} else {
		n->order = --first_order;
		prioq_add_first(&q, &n->node, n->level);
	}
}

static void random_steps(void **unused)
{
	u64 steps = setting("PRIOQ_STEPS", 20000);

	(void)unused;
	state ^= setting("PRIOQ_SEED", 1) * 0x9e3779b97f4a7c15;
	prioq_init(&q);
	for (u64 i = 0; i < steps; i++) {
		step();
		/* Now and then all leave, the highest first. */
		while (i % 5000 == 4999 && prioq_first(&q)) {
			struct node *n = list_entry(prioq_first(&q), struct node, node);

			prioq_del(&q, &n->node, n->level);
			n->queued = false;
			expect_model();
		}
		expect_model();
	}
}

static void an_empty_queue_has_no_first(void **unused)
{
	(void)unused;
	prioq_init(&q);
	assert_int_equal(prioq_top(&q), 0);
	assert_null(prioq_first(&q));
}

/* Each level alone: the highest there is, whatever its bit. */
static void every_level_is_found(void **unused)
{
	struct node n;

	(void)unused;
	prioq_init(&q);
	for (unsigned int level = 0; level < PRIOQ_LEVELS; level++) {
		prioq_add(&q, &n.node, level);
		assert_int_equal(prioq_top(&q), level);
		assert_ptr_equal(prioq_first(&q), &n.node);
		prioq_del(&q, &n.node, level);
		assert_int_equal(prioq_top(&q), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_queue_has_no_first),
		cmocka_unit_test(every_level_is_found),
		cmocka_unit_test(random_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
