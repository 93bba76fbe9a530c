/* Callers of the pipe server: see callers.h. */
#include "user/pipe/tests/callers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "user/lib/fsserver.h"
#define CALLS_MAX 64

struct pipes state;
static char *rings[4]; /* each twice in a row, as in the server */
static struct call calls[CALLS_MAX];
uint64_t notified, answered, closed;
static uint64_t tokens;
unsigned int notifies;
jmp_buf died;
unsigned int deaths_in;
bool dies_after;

static struct call *call_of(uint64_t token)
{
	for (unsigned int i = 0; i < CALLS_MAX; i++)
		if (calls[i].used && calls[i].token == token && !calls[i].answered &&
		    !calls[i].gone)
			return &calls[i];
	return NULL;
}

static void maybe_die(bool after)
{
	if (deaths_in && dies_after == after && --deaths_in == 0)
		longjmp(died, 1);
}

static void map_rings(void)
{
	for (unsigned int i = 0; i < 4; i++) {
		int fd = memfd_create("ring", 0);

		assert_int_equal(ftruncate(fd, RING_BYTES), 0);
		rings[i] =
			mmap(NULL, 2 * RING_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (unsigned int half = 0; half < 2; half++)
			assert_ptr_not_equal(mmap(rings[i] + half * RING_BYTES, RING_BYTES,
						  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
						  fd, 0),
					     MAP_FAILED);
		close(fd);
	}
}

long pipe_answer(uint64_t token, long status, uint64_t word0, const void *data, uint32_t bytes)
{
	struct call *c;

	maybe_die(false);
	c = call_of(token);
	if (!c)
		return -ESRCH;
	if (bytes && c->bad_memory)
		return -EFAULT;
	assert_true(bytes <= sizeof(c->in));
	if (bytes)
		memcpy(c->in, data, bytes);
	c->got = bytes;
	c->status = status;
	c->more = word0;
	c->answered = true;
	answered = token;
	maybe_die(true);
	return 0;
}

long pipe_give(uint64_t token, const uint64_t *cookies, uint32_t n, uint32_t *made)
{
	struct call *c = call_of(token);

	*made = n;
	if (!c) {
		for (uint32_t i = 0; i < n; i++)
			end_close(cookies[i]);
		return -ESRCH;
	}
	memcpy(c->cookies, cookies, n * sizeof(*cookies));
	c->given = n;
	return pipe_answer(token, 0, 0, NULL, 0);
}

long pipe_fetch(uint64_t token, uint32_t offset, void *to, uint32_t bytes)
{
	struct call *c = call_of(token);

	if (!c)
		return -ESRCH;
	memcpy(to, c->out + offset, bytes);
	return (long)bytes;
}

static uint64_t handled; /* the call of whom a handler is under way */

/* What is to be answered when it has returned. */
static struct {
	bool there;
	long status;
	uint64_t word0;
	const void *data;
	uint32_t bytes;
} later;

bool pipe_answer_later(uint64_t token, long status, uint64_t word0, const void *data,
		       uint32_t bytes)
{
	if (token != handled)
		return false;
	later.there = true;
	later.status = status;
	later.word0 = word0;
	later.data = data;
	later.bytes = bytes;
	return true;
}

static void answer_now(struct call *c)
{
	long ret;

	later.there = false;
	ret = pipe_answer(c->token, later.status, later.word0, later.data, later.bytes);
	pipe_answered(!ret);
	if (ret && ret != -ESRCH)
		(void)pipe_answer(c->token, ret, 0, NULL, 0);
}

bool pipe_waits(uint64_t token)
{
	return call_of(token) != NULL;
}

void pipe_notify(uint64_t id)
{
	notified = id;
	notifies++;
}

char *pipe_ring(unsigned int i)
{
	return i < 4 ? rings[i] : NULL;
}

struct call *new_call(uint64_t bytes, const char *out)
{
	for (unsigned int i = 0; i < CALLS_MAX; i++) {
		struct call *c = &calls[i];

		if (c->used)
			continue;
		c->used = true;
		c->answered = c->gone = c->bad_memory = false;
		c->given = c->got = 0;
		c->token = ++tokens;
		c->bytes = bytes;
		c->out = out;
		return c;
	}
	fail();
	return NULL;
}

void end_call(struct call *c)
{
	c->used = false;
}

struct call *handle(struct call *c, long (*fn)(struct end *e, uint64_t token, uint64_t bytes),
		    uint64_t cookie)
{
	long ret;

	handled = c->token;
	ret = fn(pipe_end(cookie), c->token, c->bytes);
	handled = 0;
	if (later.there)
		answer_now(c);
	return settle(c, ret);
}

struct call *settle(struct call *c, long ret)
{
	if (ret != FS_DEFERRED) {
		c->status = ret;
		c->answered = true;
	}
	return c;
}

long read_now(uint64_t cookie, uint64_t bytes)
{
	struct call *c = new_call(bytes, NULL);

	handle(c, end_read, cookie);
	assert_true(c->answered);
	end_call(c);
	return c->status;
}

void make_pipe(bool nonblock, uint64_t *cookies)
{
	struct call *c = new_call(0, NULL);

	assert_int_equal(pipe_make(c->token, nonblock), FS_DEFERRED);
	assert_int_equal(c->given, 2);
	memcpy(cookies, c->cookies, sizeof(c->cookies));
	end_call(c);
}

int start_server(void **unused)
{
	(void)unused;
	if (!rings[0])
		map_rings();
	memset(&state, 0, sizeof(state));
	memset(calls, 0, sizeof(calls));
	deaths_in = 0;
	pipes_attach(&state, answered, closed);
	return 0;
}

int stop_server(void **unused)
{
	(void)unused;
	/* Frees who still waits. */
	memset(&state, 0, sizeof(state));
	pipes_attach(&state, answered, closed);
	return 0;
}
