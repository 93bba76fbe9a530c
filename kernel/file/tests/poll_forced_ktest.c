/* Races of a poll with what ends it, by forced schedules. */
#include "arch/timer.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/file/call.h"
#include "kernel/file/poll.h"
#include "kernel/futex.h"
#include "kernel/ipc/tests/support.h"
#include "kernel/racepoint.h"

struct polling {
	struct scene *scene;
	struct poll_entry entry;
	long ret;
};

static void do_poll(void *arg)
{
	struct polling *p = arg;

	p->entry = (struct poll_entry){
		.object = &p->scene->connection->object,
		.events = POLLIN,
	};
	p->ret = poll_wait(&p->entry, 1, time_ns() + NSEC_PER_SEC);
}

/* The server's part of one question. */
struct question {
	struct port *port;
	long answer;
	/* Results. */
	long token;
	u64 op, id;
};

static void do_answer(void *arg)
{
	struct question *q = arg;

	q->token = ipc_receive(q->port, 4 * NSEC_PER_SEC);
	q->op = FS_OP_OF(thread_args(&current->thread)->a1);
	q->id = thread_args(&current->thread)->a3;
	if (q->token > 0)
		(void)ipc_reply(q->port, (u64)q->token, q->answer, 0, 0);
}

/* The poll is parked when it has been told "not ready", and does not sleep yet. */
static void start_parked(struct scene *s, struct polling *p, struct question *q)
{
	stay_on_cpu(0);
	scene_start(s, -1, -1);
	*p = (struct polling){.scene = s};
	*q = (struct question){.port = s->port};
	race_park("poll_asked", RACE_ANY_CPU, 1);
	actor_post(&s->client, do_poll, p);
	actor_run(&s->server, do_answer, q);
	KTEST_EXPECT_EQ(q->op, FS_POLL);
	(void)race_wait_parked("poll_asked");
}

static void stop(struct scene *s)
{
	race_reset();
	scene_stop(s);
	stay_on_cpu(-1);
}

KTEST(poll, a_notice_before_the_sleep_counts)
{
	struct scene s;
	struct polling p;
	struct question q;
	u64 id;

	start_parked(&s, &p, &q);
	id = q.id;
	KTEST_EXPECT(id != 0);
	KTEST_EXPECT(port_notify(s.port, q.id));
	KTEST_EXPECT(!port_notify(s.port, q.id + 1));
	race_release("poll_asked");
	q.answer = POLLIN;
	actor_run(&s.server, do_answer, &q);
	actor_wait(&s.client);
	/* Asked again, and not because its time was over. */
	KTEST_EXPECT_EQ(q.id, id);
	KTEST_EXPECT_EQ(p.ret, 1);
	KTEST_EXPECT_EQ(p.entry.revents, POLLIN);
	/* It is over: nobody has that id. */
	KTEST_EXPECT(!port_notify(s.port, q.id));
	KTEST_EXPECT(list_empty(&s.port->pollers));
	stop(&s);
}

/* The port closes there: who sleeps would never be told. */
KTEST(poll, a_port_closes_before_the_sleep)
{
	struct port *port;
	struct scene s;
	struct polling p;
	struct question q;

	start_parked(&s, &p, &q);
	port = s.port;
	s.port = NULL;
	object_close(&port->object);
	race_release("poll_asked");
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(p.ret, 1);
	KTEST_EXPECT_EQ(p.entry.revents, POLLERR);
	stop(&s);
}
