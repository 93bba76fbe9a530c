/* Who waits at a pipe: see wait.h. */
#include "user/pipe/wait.h"

#include <stdlib.h>
#include <string.h>

#include "user/pipe/pipe.h"

struct queue {
	struct waiter *first, **end;
	unsigned int n, limit; /* at `limit` those who have left are looked for */
};

struct poll {
	uint64_t cookie, id;
	struct poll *next;
};

static struct queue queues[PIPES_MAX][WAIT_KINDS];
static struct poll *polls[PIPES_MAX];
static unsigned int everywhere; /* waiters and polls of all pipes */

static void polls_drop(unsigned int pipe)
{
	while (polls[pipe]) {
		struct poll *p = polls[pipe];

		polls[pipe] = p->next;
		everywhere--;
		free(p);
	}
}

void waits_init(void)
{
	for (unsigned int i = 0; i < PIPES_MAX; i++) {
		for (unsigned int k = 0; k < WAIT_KINDS; k++) {
			struct queue *q = &queues[i][k];

			while (q->first)
				wait_drop_first(i, k);
			q->end = &q->first;
			q->limit = 16;
		}
		polls_drop(i);
	}
}

/* Takes out *at. */
static void unlink_waiter(struct queue *q, struct waiter **at)
{
	struct waiter *w = *at;

	*at = w->next;
	if (q->end == &w->next)
		q->end = at;
	q->n--;
	everywhere--;
	free(w);
}

static void forget_gone(struct queue *q)
{
	struct waiter **at = &q->first;

	while (*at) {
		if (pipe_waits((*at)->token))
			at = &(*at)->next;
		else
			unlink_waiter(q, at);
	}
	q->limit = 2 * q->n + 16;
}

bool wait_add(unsigned int pipe, enum wait_kind kind, uint64_t token, uint64_t bytes)
{
	struct queue *q = &queues[pipe][kind];
	struct waiter *w = malloc(sizeof(*w));

	if (!w)
		return false;
	if (q->n >= q->limit)
		forget_gone(q);
	*w = (struct waiter){.token = token, .bytes = bytes};
	*q->end = w;
	q->end = &w->next;
	q->n++;
	everywhere++;
	return true;
}

const struct waiter *wait_first(unsigned int pipe, enum wait_kind kind)
{
	return queues[pipe][kind].first;
}

const struct waiter *wait_first_alive(unsigned int pipe, enum wait_kind kind)
{
	struct queue *q = &queues[pipe][kind];

	while (q->first && !pipe_waits(q->first->token))
		unlink_waiter(q, &q->first);
	return q->first;
}

void wait_drop_first(unsigned int pipe, enum wait_kind kind)
{
	unlink_waiter(&queues[pipe][kind], &queues[pipe][kind].first);
}

bool waits_any(unsigned int pipe)
{
	bool any;

	/* Mostly nobody waits anywhere. */
	if (!everywhere)
		return false;
	any = polls[pipe];
	for (unsigned int k = 0; k < WAIT_KINDS; k++)
		any |= queues[pipe][k].first != NULL;
	return any;
}

/* --- polls --- */

bool polls_add(unsigned int pipe, uint64_t cookie, uint64_t id)
{
	struct poll *p;

	for (p = polls[pipe]; p; p = p->next)
		if (p->cookie == cookie && p->id >> 32 == id >> 32)
			break;
	if (!p) {
		p = malloc(sizeof(*p));
		if (!p)
			return false;
		p->cookie = cookie;
		p->next = polls[pipe];
		polls[pipe] = p;
		everywhere++;
	}
	p->id = id;
	return true;
}

void polls_wake(unsigned int pipe)
{
	for (const struct poll *p = polls[pipe]; p; p = p->next)
		pipe_notify(p->id);
	polls_drop(pipe);
}
