/* host-test: user/pipe/pipe.c user/pipe/wait.c user/pipe/tests/callers.c cflags: -D_GNU_SOURCE */
/*
 * Random callers against the one rule that counts: what is written is read once and in order, though the server
 * dies wherever it answers and goes on with what its state has.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/lib/fsserver.h"
#include "user/pipe/tests/callers.h"

struct stream {
	uint64_t cookies[2];
	uint64_t written, read;
	struct call *w, *r;
	char out[RING_BYTES];
};

/* Byte n of a stream. */
static char byte_at(uint64_t n)
{
	return (char)(n * 7 % 251);
}

static void check_answers(struct stream *s)
{
	if (s->w && s->w->answered) {
		assert_true(s->w->status > 0);
		s->written += (uint64_t)s->w->status;
		end_call(s->w);
		s->w = NULL;
	}
	if (s->r && s->r->answered) {
		assert_int_equal(s->r->status, s->r->got);
		for (uint32_t i = 0; i < s->r->got; i++)
			assert_int_equal(s->r->in[i], byte_at(s->read + i));
		s->read += s->r->got;
		end_call(s->r);
		s->r = NULL;
	}
}

static void step(struct stream *s, unsigned int *seed)
{
	uint64_t bytes = (uint64_t)rand_r(seed) % 3 ? (uint64_t)rand_r(seed) % 200 + 1
						    : (uint64_t)rand_r(seed) % RING_BYTES + 1;

	if (rand_r(seed) % 2 && !s->w) {
		for (uint64_t i = 0; i < bytes; i++)
			s->out[i] = byte_at(s->written + i);
		s->w = new_call(bytes, s->out);
		handle(s->w, end_write, s->cookies[1]);
	} else if (!s->r) {
		s->r = new_call(bytes, NULL);
		handle(s->r, end_read, s->cookies[0]);
	} else if (rand_r(seed) % 4 == 0) {
		/* A signal comes: nothing was read. */
		s->r->gone = true;
		end_call(s->r);
		s->r = NULL;
	}
}

/* What the kernel does for the next server: calls without an answer come again. */
static void send_again(struct stream *streams, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct stream *s = &streams[i];

		if (s->w && !s->w->answered)
			handle(s->w, end_write, s->cookies[1]);
		if (s->r && !s->r->answered)
			handle(s->r, end_read, s->cookies[0]);
	}
}

static void test_nothing_is_lost_when_it_dies(void **unused)
{
	static struct stream streams[2];
	static unsigned int seed = 1;
	static volatile unsigned int deaths;
	static volatile int i;

	(void)unused;
	for (unsigned int k = 0; k < 2; k++)
		make_pipe(false, streams[k].cookies);
	for (i = 0; i < 1500; i++) {
		if (setjmp(died)) {
			deaths++;
			pipes_attach(&state, answered, closed);
			send_again(streams, 2);
		}
		if (!deaths_in) {
			dies_after = rand_r(&seed) % 2;
			deaths_in = 1 + (unsigned int)rand_r(&seed) % 8;
		}
		for (unsigned int k = 0; k < 2; k++) {
			check_answers(&streams[k]);
			step(&streams[k], &seed);
		}
	}
	deaths_in = 0;
	assert_true(deaths > 150);
	assert_true(streams[0].read > RING_BYTES && streams[1].read > RING_BYTES);
}

static unsigned int ends_used(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ENDS_MAX; i++)
		n += state.ends[i].used;
	return n;
}

/* A new pipe's ends are the caller's, or nobody's; a pulse that was received is heeded. */
static void test_no_end_is_left_behind_when_it_dies(void **unused)
{
	static struct call *c;

	(void)unused;
	for (int after = 0; after < 2; after++) {
		start_server(NULL);
		c = new_call(0, NULL);
		dies_after = after;
		deaths_in = 1;
		if (!setjmp(died)) {
			(void)pipe_make(c->token, false);
			fail();
		}
		pipes_attach(&state, answered, closed);
		assert_int_equal(c->answered, after);
		assert_int_equal(ends_used(), after ? 2 : 0);
		assert_int_equal(state.pipes[0].used, after);
	}
	closed = c->cookies[1];
	pipes_attach(&state, answered, closed);
	assert_int_equal(ends_used(), 1);
	pipes_attach(&state, answered, closed);
	assert_int_equal(ends_used(), 1);
	closed = 0;
	assert_int_equal(read_now(c->cookies[0], 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_lost_when_it_dies, start_server,
						stop_server),
		cmocka_unit_test_setup_teardown(test_no_end_is_left_behind_when_it_dies,
						start_server, stop_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
