/* host-test: user/pipe/pipe.c user/pipe/wait.c user/pipe/tests/callers.c cflags: -D_GNU_SOURCE */
/* Pipes, call by call, against what Linux's do. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/lib/fsserver.h"
#include "user/pipe/tests/callers.h"

static struct call *try_write(uint64_t cookie, const char *data, uint64_t bytes)
{
	struct call *c = new_call(bytes, data);

	return handle(c, end_write, cookie);
}

static struct call *try_read(uint64_t cookie, uint64_t bytes)
{
	struct call *c = new_call(bytes, NULL);

	return handle(c, end_read, cookie);
}

static struct call *try_open(uint64_t key, bool reads, bool writes, bool nonblock)
{
	struct call *c = new_call(0, NULL);

	return settle(c, pipe_open_fifo(c->token, key, reads, writes, nonblock));
}

static long write_now(uint64_t cookie, const char *data, uint64_t bytes)
{
	struct call *c = try_write(cookie, data, bytes);

	assert_true(c->answered);
	end_call(c);
	return c->status;
}

static char big[3 * RING_BYTES];

static void test_reads_and_writes(void **unused)
{
	uint64_t p[2];
	struct call *r, *w;

	(void)unused;
	make_pipe(false, p);
	assert_int_equal(end_number(pipe_end(p[0])), 1);
	assert_int_equal(write_now(p[1], "hello", 5), 5);
	assert_int_equal(end_available(pipe_end(p[0])), 5);
	assert_int_equal(read_now(p[0], 3), 3);
	assert_int_equal(read_now(p[0], 100), 2);
	assert_int_equal(write_now(p[1], "", 0), 0);
	assert_int_equal(read_now(p[0], 0), 0);
	assert_int_equal(write_now(p[0], "x", 1), -EBADF);
	assert_int_equal(read_now(p[1], 1), -EBADF);
	/* A reader waits for what comes. */
	r = try_read(p[0], 10);
	assert_false(r->answered);
	assert_int_equal(write_now(p[1], "abc", 3), 3);
	assert_true(r->answered);
	assert_int_equal(r->status, 3);
	assert_memory_equal(r->in, "abc", 3);
	end_call(r);
	/* A long write takes what fits, and its rest is to be sent again, which waits. */
	w = try_write(p[1], big, RING_BYTES + 10);
	assert_true(w->answered);
	assert_int_equal(w->status, RING_BYTES);
	assert_int_equal(w->more, FS_REST);
	end_call(w);
	w = try_write(p[1], big, 10);
	assert_false(w->answered);
	assert_int_equal(read_now(p[0], 9), 9);
	assert_false(w->answered); /* ten bytes are written together */
	assert_int_equal(read_now(p[0], 1), 1);
	assert_true(w->answered);
	assert_int_equal(w->status, 10);
	end_call(w);
}

static void test_ends(void **unused)
{
	uint64_t p[2];
	struct call *r, *w;

	(void)unused;
	make_pipe(false, p);
	r = try_read(p[0], 10);
	end_close(p[1]);
	assert_true(r->answered);
	assert_int_equal(r->status, 0);
	end_call(r);
	assert_int_equal(read_now(p[0], 1), 0);
	assert_int_equal(end_poll(pipe_end(p[0]), POLLIN, 0), POLLHUP);
	end_close(p[0]);
	assert_null(pipe_end(p[0]));
	end_close(p[0]);
	make_pipe(false, p);
	assert_int_equal(write_now(p[1], big, RING_BYTES), RING_BYTES);
	w = try_write(p[1], "x", 1);
	assert_false(w->answered);
	end_close(p[0]);
	assert_int_equal(w->status, -EPIPE);
	end_call(w);
	assert_int_equal(write_now(p[1], "x", 1), -EPIPE);
	assert_int_equal(end_poll(pipe_end(p[1]), POLLOUT, 0), POLLERR);
	end_close(p[1]);
}

static void test_nonblock(void **unused)
{
	uint64_t p[2];

	(void)unused;
	make_pipe(true, p);
	assert_int_equal(read_now(p[0], 1), -EAGAIN);
	assert_int_equal(write_now(p[1], big, sizeof(big)), RING_BYTES);
	assert_int_equal(write_now(p[1], big, 1), -EAGAIN);
	assert_int_equal(read_now(p[0], 100), 100);
	/* Up to PIPE_BUF all or nothing, beyond what fits. */
	assert_int_equal(write_now(p[1], big, 101), -EAGAIN);
	assert_int_equal(write_now(p[1], big, PIPE_ATOMIC + 1), 100);
	end_close(p[0]);
	end_close(p[1]);
}

static void test_polls(void **unused)
{
	uint64_t p[2];

	(void)unused;
	make_pipe(false, p);
	assert_int_equal(end_poll(pipe_end(p[1]), POLLOUT, 0), POLLOUT);
	notifies = 0;
	assert_int_equal(end_poll(pipe_end(p[0]), POLLIN, 7ul << 32 | 1), 0);
	assert_int_equal(end_poll(pipe_end(p[0]), POLLIN, 7ul << 32 | 2), 0);
	assert_int_equal(write_now(p[1], "x", 1), 1);
	/* The later one of the same task, once. */
	assert_int_equal(notifies, 1);
	assert_int_equal(notified, 7ul << 32 | 2);
	assert_int_equal(write_now(p[1], "x", 1), 1);
	assert_int_equal(notifies, 1);
	assert_int_equal(end_poll(pipe_end(p[0]), POLLIN, 9ul << 32), POLLIN);
	assert_int_equal(end_poll(pipe_end(p[0]), POLLPRI, 9ul << 32), 0);
	end_close(p[1]);
	assert_int_equal(notifies, 2);
	end_close(p[0]);
}

/* Who was interrupted has read nothing, and stands in nobody's way. */
static void test_callers_that_leave(void **unused)
{
	uint64_t p[2];
	struct call *r, *second;

	(void)unused;
	make_pipe(false, p);
	for (int i = 0; i < 1000; i++) {
		r = try_read(p[0], 5);
		r->gone = true;
		end_call(r);
	}
	second = try_read(p[0], 5);
	assert_int_equal(write_now(p[1], "abc", 3), 3);
	assert_int_equal(second->status, 3);
	end_call(second);
	assert_int_equal(write_now(p[1], big, RING_BYTES), RING_BYTES);
	r = try_write(p[1], big, 4000);
	r->gone = true;
	end_call(r);
	assert_int_equal(read_now(p[0], 100), 100);
	assert_int_equal(write_now(p[1], "now", 3), 3);
	end_close(p[0]);
	end_close(p[1]);
}

static void test_bad_memory(void **unused)
{
	uint64_t p[2];
	struct call *r;

	(void)unused;
	make_pipe(false, p);
	r = try_read(p[0], 5);
	r->bad_memory = true;
	assert_int_equal(write_now(p[1], "abc", 3), 3);
	assert_int_equal(r->status, -EFAULT);
	end_call(r);
	assert_int_equal(read_now(p[0], 5), 3);
}

static void test_fifo(void **unused)
{
	struct call *r, *w;
	uint64_t cookies[2];

	(void)unused;
	w = try_open(5, false, true, true);
	assert_int_equal(w->status, -ENXIO);
	end_call(w);
	r = try_open(5, true, false, false);
	assert_false(r->answered);
	/* Another FIFO has nothing to do with it. */
	w = try_open(6, false, true, false);
	assert_false(w->answered || r->answered);
	w->gone = true;
	end_call(w);
	w = try_open(5, false, true, false);
	assert_true(w->answered && r->answered);
	cookies[0] = r->cookies[0];
	cookies[1] = w->cookies[0];
	end_call(r);
	end_call(w);
	assert_int_equal(write_now(cookies[1], "abc", 3), 3);
	assert_int_equal(read_now(cookies[0], 10), 3);
	end_close(cookies[0]);
	end_close(cookies[1]);
	/* Both are gone: it is new. A reader that does not wait sees no end before the first writer. */
	r = try_open(5, true, false, true);
	assert_int_equal(r->given, 1);
	assert_int_equal(end_poll(pipe_end(r->cookies[0]), POLLIN, 0), 0);
	w = try_open(5, false, true, true);
	assert_int_equal(w->given, 1);
	end_close(w->cookies[0]);
	assert_int_equal(end_poll(pipe_end(r->cookies[0]), POLLIN, 0), POLLHUP);
	end_close(r->cookies[0]);
	end_call(r);
	end_call(w);
	/* One that left while it waited is no reader. */
	r = try_open(8, true, false, false);
	r->gone = true;
	end_call(r);
	w = try_open(8, false, true, true);
	assert_int_equal(w->status, -ENXIO);
	end_call(w);
}

static void test_full(void **unused)
{
	uint64_t p[4][2];
	struct call *c;

	(void)unused;
	for (int i = 0; i < 4; i++)
		make_pipe(false, p[i]);
	c = new_call(0, NULL);
	assert_int_equal(pipe_make(c->token, false), -ENOMEM); /* no ring */
	end_call(c);
	for (int i = 0; i < 4; i++) {
		end_close(p[i][0]);
		end_close(p[i][1]);
	}
	for (unsigned int i = 0; i < PIPES_MAX; i++)
		state.pipes[i] = (struct pipe){.used = true, .readers = 1};
	c = new_call(0, NULL);
	assert_int_equal(pipe_make(c->token, false), -ENFILE);
	end_call(c);
	memset(state.pipes, 0, sizeof(state.pipes));
	for (unsigned int i = 0; i < ENDS_MAX; i++)
		state.ends[i].used = i != 17;
	c = new_call(0, NULL);
	assert_int_equal(pipe_make(c->token, false), -ENFILE);
	assert_false(state.ends[17].used);
	assert_false(state.pipes[0].used);
	end_call(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reads_and_writes, start_server, stop_server),
		cmocka_unit_test_setup_teardown(test_ends, start_server, stop_server),
		cmocka_unit_test_setup_teardown(test_nonblock, start_server, stop_server),
		cmocka_unit_test_setup_teardown(test_polls, start_server, stop_server),
		cmocka_unit_test_setup_teardown(test_callers_that_leave, start_server, stop_server),
		cmocka_unit_test_setup_teardown(test_bad_memory, start_server, stop_server),
		cmocka_unit_test_setup_teardown(test_fifo, start_server, stop_server),
		cmocka_unit_test_setup_teardown(test_full, start_server, stop_server),
	};

	memset(big, 'b', sizeof(big));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
