/* Pipes: see pipe.h. */
#include "user/pipe/pipe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/fsserver.h"
#include "user/pipe/wait.h"

#define MAGIC 0x5049504553000001ul

static struct pipes *all;

/* --- numbers and names --- */

static unsigned int end_index(const struct end *e)
{
	return (unsigned int)(e - all->ends);
}

static struct pipe *pipe_of(const struct end *e)
{
	return &all->pipes[e->pipe];
}

static uint64_t cookie_of(const struct end *e)
{
	return (uint64_t)e->generation << 32 | end_index(e);
}

struct end *pipe_end(uint64_t cookie)
{
	uint32_t i = (uint32_t)cookie;

	if (i >= ENDS_MAX || !all->ends[i].used || all->ends[i].generation != cookie >> 32)
		return NULL;
	return &all->ends[i];
}

static uint32_t available(const struct pipe *p)
{
	return (uint32_t)(p->in - p->out);
}

static uint32_t room(const struct pipe *p)
{
	return RING_BYTES - available(p);
}

uint32_t end_available(const struct end *e)
{
	return available(pipe_of(e));
}

uint64_t end_number(const struct end *e)
{
	return pipe_of(e)->number;
}

/* --- places --- */

/* Who waits to open it may be the last one that is left. */
static void free_if_unused(struct pipe *p)
{
	bool waits = false;

	if (p->readers || p->writers)
		return;
	for (enum wait_kind kind = 0; kind < WAIT_KINDS; kind++)
		waits |= wait_first_alive(p->index, kind) != NULL;
	p->used = waits;
}

static struct pipe *unused_pipe(void)
{
	for (unsigned int i = 0; i < PIPES_MAX; i++)
		if (!all->pipes[i].used)
			return &all->pipes[i];
	return NULL;
}

static struct pipe *new_pipe(uint64_t key)
{
	struct pipe *p = unused_pipe();

	/* Some are only waited for, by who has left. */
	if (!p) {
		for (unsigned int i = 0; i < PIPES_MAX; i++)
			free_if_unused(&all->pipes[i]);
		p = unused_pipe();
	}
	if (p)
		*p = (struct pipe){
			.used = true, .index = p->index, .key = key, .number = ++all->numbers};
	return p;
}

static struct end *new_end(struct pipe *p, bool reads, bool writes, bool nonblock)
{
	for (unsigned int i = 0; i < ENDS_MAX; i++) {
		struct end *e = &all->ends[i];

		if (e->used)
			continue;
		/* No cookie is 0. */
		if (!e->generation)
			e->generation = 1;
		e->pipe = p->index;
		e->reads = reads;
		e->writes = writes;
		e->nonblock = nonblock;
		p->readers += reads;
		p->writers += writes;
		p->had_writer |= writes;
		e->used = true;
		return e;
	}
	return NULL;
}

/* --- answers that change a pipe --- */

/*
 * A successor finds here what the server was doing when it died. The compiler may not move these stores: a volatile
 * one is what the machine does next.
 */
static void journal_begin(const struct pipe *p, uint64_t token, uint64_t in, uint64_t out)
{
	volatile struct journal *j = &all->journal;

	j->pipe = p->index;
	j->in = in;
	j->out = out;
	j->token = token;
}

static void journal_end(void)
{
	((volatile struct journal *)&all->journal)->token = 0;
}

/* What could not be answered as it was meant, for want of the caller's memory say, is answered by that error. */
static void refuse(uint64_t token, long why)
{
	if (why && why != -ESRCH)
		(void)pipe_answer(token, why, 0, NULL, 0);
}

void pipe_answered(bool heard)
{
	const struct journal *j = &all->journal;
	volatile struct pipe *p = &all->pipes[j->pipe];

	if (heard) {
		p->in = j->in;
		p->out = j->out;
	}
	journal_end();
}

static __attribute__((noinline)) long commit_at_once(uint64_t token, long status, uint64_t more,
						     const void *data, uint32_t bytes)
{
	long ret = pipe_answer(token, status, more, data, bytes);

	pipe_answered(!ret);
	refuse(token, ret);
	return ret;
}

/*
 * Answers, and if that was heard the pipe is as `in` and `out` say. If nobody waits to see that, the answer is the
 * handler's result, which goes with the next receive in one call.
 */
static inline __attribute__((always_inline)) long commit(struct pipe *p, uint64_t token,
							 long status, uint64_t more,
							 const void *data, uint32_t bytes,
							 uint64_t in, uint64_t out)
{
	all->journal.nr_ends = 0;
	journal_begin(p, token, in, out);
	if (!waits_any(p->index) && pipe_answer_later(token, status, more, data, bytes))
		return 0;
	return commit_at_once(token, status, more, data, bytes);
}

/* The new ends go to the caller; or they end, and the caller hears why. */
static void give(const struct pipe *p, uint64_t token, struct end *const *ends, uint32_t n)
{
	struct journal *j = &all->journal;
	uint32_t made = 0;
	long ret;

	for (uint32_t i = 0; i < n; i++)
		j->ends[i] = cookie_of(ends[i]);
	j->nr_ends = n;
	journal_begin(p, token, p->in, p->out);
	ret = pipe_give(token, j->ends, n, &made);
	journal_end();
	if (!ret)
		return;
	while (made < n)
		end_close(j->ends[made++]);
	refuse(token, ret);
}

static void recover(uint64_t answered, uint64_t closed)
{
	struct journal *j = &all->journal;

	if (j->token && j->token == answered) {
		all->pipes[j->pipe].in = j->in;
		all->pipes[j->pipe].out = j->out;
	} else if (j->token) {
		for (uint32_t i = 0; i < j->nr_ends; i++)
			end_close(j->ends[i]);
	}
	j->token = 0;
	/* Once more: the second time it names nothing. */
	end_close(closed);
	for (unsigned int i = 0; i < PIPES_MAX; i++)
		free_if_unused(&all->pipes[i]);
}

void pipes_attach(struct pipes *state, uint64_t answered, uint64_t closed)
{
	all = state;
	waits_init();
	for (unsigned int i = 0; i < PIPES_MAX; i++)
		all->pipes[i].index = (uint16_t)i;
	if (state->magic == MAGIC)
		recover(answered, closed);
	state->magic = MAGIC;
}

/* --- reading and writing --- */

/* With data, or at the end of them. 0, or -ESRCH: nothing was read. */
static inline __attribute__((always_inline)) long answer_read(struct pipe *p, uint64_t token,
							      uint64_t bytes)
{
	uint32_t n = available(p) < bytes ? available(p) : (uint32_t)bytes;
	const char *data = n ? pipe_ring(p->index) + p->out % RING_BYTES : NULL;

	return commit(p, token, n, 0, data, n, p->in, p->out + n);
}

/* Takes what fits, which is something. 0 or -ESRCH; the caller's bad address is its answer. */
static inline __attribute__((always_inline)) long answer_write(struct pipe *p, uint64_t token,
							       uint64_t bytes, bool nonblock)
{
	uint32_t n = room(p) < bytes ? room(p) : (uint32_t)bytes;
	char *ring = pipe_ring(p->index);
	long got;

	if (!ring)
		return pipe_answer(token, -ENOMEM, 0, NULL, 0);
	got = pipe_fetch(token, 0, ring + p->in % RING_BYTES, n);
	if (got < 0)
		return got == -ESRCH ? got : pipe_answer(token, got, 0, NULL, 0);
	n = (uint32_t)got;
	return commit(p, token, n, n < bytes && !nonblock ? FS_REST : FS_DONE, NULL, 0, p->in + n,
		      p->out);
}

/* Whether a write of so much can take something now. */
static bool fits(const struct pipe *p, uint64_t bytes)
{
	return room(p) >= (bytes <= PIPE_ATOMIC ? bytes : 1);
}

/* An end for whoever has waited to open it. */
static void answer_open(struct pipe *p, uint64_t token, bool reads, bool writes, bool nonblock)
{
	struct end *e = new_end(p, reads, writes, nonblock);

	if (e)
		give(p, token, &e, 1);
	else
		(void)pipe_answer(token, -ENFILE, 0, NULL, 0);
}

static bool other_side_is_there(const struct pipe *p, bool reads)
{
	if (reads)
		return p->writers || wait_first_alive(p->index, WAIT_OPEN_WRITE);
	return p->readers || wait_first_alive(p->index, WAIT_OPEN_READ);
}

/* Whether the call at the head of a queue can be answered now, and was. */
static bool serve(struct pipe *p, enum wait_kind kind)
{
	const struct waiter *first = wait_first(p->index, kind);
	struct waiter w;

	if (!first)
		return false;
	w = *first;
	if (kind == WAIT_READ    ? !available(p) && p->writers
	    : kind == WAIT_WRITE ? p->readers && !fits(p, w.bytes)
				 : !other_side_is_there(p, kind == WAIT_OPEN_READ))
		return false;
	wait_drop_first(p->index, kind);
	if (kind == WAIT_READ)
		(void)answer_read(p, w.token, w.bytes);
	else if (kind == WAIT_WRITE && !p->readers)
		(void)pipe_answer(w.token, -EPIPE, 0, NULL, 0);
	else if (kind == WAIT_WRITE)
		(void)answer_write(p, w.token, w.bytes, false);
	else
		answer_open(p, w.token, kind == WAIT_OPEN_READ, kind == WAIT_OPEN_WRITE, false);
	return true;
}

static __attribute__((noinline)) void pump_waiting(struct pipe *p)
{
	bool progress;

	do {
		progress = false;
		for (enum wait_kind kind = 0; kind < WAIT_KINDS; kind++)
			progress |= serve(p, kind);
	} while (progress);
	polls_wake(p->index);
}

/* Something has changed: answers whoever can be answered now, wakes who polls. */
static inline __attribute__((always_inline)) void pump(struct pipe *p)
{
	if (waits_any(p->index))
		pump_waiting(p);
}

/* The call waits its turn. */
static long defer(const struct pipe *p, enum wait_kind kind, uint64_t token, uint64_t bytes)
{
	return wait_add(p->index, kind, token, bytes) ? FS_DEFERRED : -ENOMEM;
}

long end_read(struct end *e, uint64_t token, uint64_t bytes)
{
	struct pipe *p = pipe_of(e);

	if (!e->reads)
		return -EBADF;
	if (!bytes)
		return 0;
	/* Nobody waits while there are data: pump() has seen to that. */
	if (!available(p)) {
		if (!p->writers)
			return 0;
		return e->nonblock ? -EAGAIN : defer(p, WAIT_READ, token, bytes);
	}
	if (!answer_read(p, token, bytes))
		pump(p);
	return FS_DEFERRED;
}

long end_write(struct end *e, uint64_t token, uint64_t bytes)
{
	struct pipe *p = pipe_of(e);

	if (!e->writes)
		return -EBADF;
	if (!bytes)
		return 0;
	if (!p->readers)
		return -EPIPE;
	if (!fits(p, bytes))
		return e->nonblock ? -EAGAIN : defer(p, WAIT_WRITE, token, bytes);
	/* What would fit waits behind what does not: or that would wait for ever. */
	if (!e->nonblock && waits_any(p->index) && wait_first_alive(p->index, WAIT_WRITE))
		return defer(p, WAIT_WRITE, token, bytes);
	if (!answer_write(p, token, bytes, e->nonblock))
		pump(p);
	return FS_DEFERRED;
}

long end_poll(struct end *e, unsigned int events, uint64_t id)
{
	const struct pipe *p = pipe_of(e);
	unsigned int there = 0;

	if (e->reads) {
		there |= available(p) ? POLLIN | POLLRDNORM : 0;
		there |= !p->writers && p->had_writer ? POLLHUP : 0;
	}
	if (e->writes) {
		there |= room(p) >= PIPE_ATOMIC ? POLLOUT | POLLWRNORM : 0;
		there |= !p->readers ? POLLERR : 0;
	}
	there &= events | POLLHUP | POLLERR;
	if (there || !id)
		return there;
	return polls_add(e->pipe, cookie_of(e), id) ? 0 : -ENOMEM;
}

/* --- opening and closing --- */

void end_close(uint64_t cookie)
{
	struct end *e = pipe_end(cookie);
	struct pipe *p;

	if (!e)
		return;
	p = pipe_of(e);
	e->used = false;
	e->generation++;
	p->readers -= e->reads;
	p->writers -= e->writes;
	pump(p);
	free_if_unused(p);
}

long pipe_make(uint64_t token, bool nonblock)
{
	struct pipe *p = new_pipe(0);
	struct end *ends[2];

	if (!p)
		return -ENFILE;
	if (!pipe_ring(p->index)) {
		p->used = false;
		return -ENOMEM;
	}
	ends[0] = new_end(p, true, false, nonblock);
	ends[1] = ends[0] ? new_end(p, false, true, nonblock) : NULL;
	if (!ends[1]) {
		if (ends[0])
			end_close(cookie_of(ends[0]));
		free_if_unused(p);
		return -ENFILE;
	}
	give(p, token, ends, 2);
	return FS_DEFERRED;
}

static struct pipe *fifo(uint64_t key)
{
	for (unsigned int i = 0; i < PIPES_MAX; i++)
		if (all->pipes[i].used && all->pipes[i].key == key)
			return &all->pipes[i];
	return new_pipe(key);
}

long pipe_open_fifo(uint64_t token, uint64_t key, bool reads, bool writes, bool nonblock)
{
	struct pipe *p = fifo(key);
	bool waits = reads != writes && !nonblock;
	long ret = FS_DEFERRED;

	if (!p)
		return -ENFILE;
	if (!pipe_ring(p->index))
		ret = -ENOMEM;
	else if (waits)
		ret = defer(p, reads ? WAIT_OPEN_READ : WAIT_OPEN_WRITE, token, 0);
	else if (!reads && !other_side_is_there(p, false))
		ret = -ENXIO;
	else
		answer_open(p, token, reads, writes, nonblock);
	if (ret == FS_DEFERRED)
		pump(p);
	else
		free_if_unused(p);
	return ret;
}
