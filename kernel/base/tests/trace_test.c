/* host-test: kernel/base/trace.c kernel/base/printf.c */
/* Reading a ring: what is there, what is lost, what is only half there, and how an event reads as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/base/trace.h"

#define SIZE 8
#define CPU  3

static struct trace_event ring[SIZE];

static int reset(void **state)
{
	(void)state;
	memset(ring, 0, sizeof(ring));
	trace_size = SIZE;
	trace_set_ring(CPU, ring);
	return 0;
}

/* As the writer does (kernel/trace.c). */
static void put(u64 a)
{
	u64 at = trace_head++;

	assert_int_equal(at >> TRACE_COUNT_BITS, CPU);
	ring[at & (SIZE - 1)] =
		(struct trace_event){.time = a, .event = TRACE_mark, .cpu = CPU, .pid = 7, .a = a};
}

static void expect_last(unsigned int n, u64 first, unsigned int found)
{
	struct trace_event out[SIZE + 1];

	assert_int_equal(trace_last(CPU, out, n), found);
	for (unsigned int i = 0; i < found; i++)
		assert_int_equal(out[i].a, first + i);
}

static void without_a_ring_there_is_nothing(void **state)
{
	(void)state;
	trace_set_ring(CPU, NULL);
	expect_last(4, 0, 0);
	assert_int_equal(trace_count(CPU), 0);
}

static void the_last_come_oldest_first(void **state)
{
	(void)state;
	expect_last(4, 0, 0);
	for (u64 a = 0; a < 5; a++)
		put(a);
	expect_last(2, 3, 2);
	expect_last(5, 0, 5);
	expect_last(SIZE, 0, 5);
	assert_int_equal(trace_count(CPU), 5);
}

static void a_full_ring_has_lost_its_oldest(void **state)
{
	(void)state;
	for (u64 a = 0; a < 3 * SIZE + 2; a++)
		put(a);
	expect_last(SIZE + 1, 2 * SIZE + 2, SIZE);
	expect_last(1, 3 * SIZE + 1, 1);
	assert_int_equal(trace_count(CPU), 3 * SIZE + 2);
}

/* The CPU was stopped between its number and its last store. */
static void half_an_event_is_none(void **state)
{
	(void)state;
	for (u64 a = 0; a < SIZE + 3; a++)
		put(a);
	ring[2].event = TRACE_NONE;
	expect_last(SIZE, 3, SIZE - 1);
}

static void an_event_as_text(void **state)
{
	static const struct trace_event found = {1000, TRACE_walk_found, CPU, 42, 0xffff, 403};
	char text[120];

	(void)state;
	trace_text(&found, text, sizeof(text));
	assert_string_equal(text, "1000 cpu 3 pid 42 walk_found root=0xffff slot=0x193");
	assert_int_equal(trace_class_of(TRACE_walk_found), TRACE_CLASS_pgsync);
	assert_string_equal(trace_name(TRACE_EVENTS), "?");
	assert_string_equal(trace_name(TRACE_NONE), "?");
	assert_string_equal(trace_class_name(TRACE_CLASSES), "?");
}

/* The arguments of what is off are not looked at, and on the host it is off. */
static void off_is_nothing(void **state)
{
	int evaluated = 0;

	(void)state;
	TRACE(mark, ++evaluated, 0);
	assert_int_equal(evaluated, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_a_ring_there_is_nothing, reset),
		cmocka_unit_test_setup(the_last_come_oldest_first, reset),
		cmocka_unit_test_setup(a_full_ring_has_lost_its_oldest, reset),
		cmocka_unit_test_setup(half_an_event_is_none, reset),
		cmocka_unit_test_setup(an_event_as_text, reset),
		cmocka_unit_test(off_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
