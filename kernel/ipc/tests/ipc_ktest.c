/* Messages between kernel threads: the direct switch, time-outs, pins, the end of a port; on one CPU and on two. */
#include "arch/smp.h"
#include "arch/timer.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/ipc/tests/support.h"
#include "kernel/sched.h"
#include "kernel/timer.h"

#define FOR_EVER 3600000000000UL
#define MS       1000000UL
#define ROUNDS   200

static int other_cpu(void)
{
	return (int)cpus_online() - 1;
}

static void expect_answers(int client_cpu, int server_cpu)
{
	struct scene s;

	scene_start(&s, client_cpu, server_cpu);
	actor_post(&s.server, do_serve, &s);
	for (u64 i = 0; i < ROUNDS; i++) {
		struct call c = {.scene = &s, .words = {i, 7}};

		actor_run(&s.client, do_call, &c);
		KTEST_EXPECT_EQ(c.status, i + 7);
		KTEST_EXPECT_EQ(c.reply[0], i);
	}
	scene_stop(&s);
}

KTEST(ipc, calls_on_one_cpu)
{
	expect_answers(0, 0);
}

KTEST(ipc, calls_between_two_cpus)
{
	expect_answers(0, other_cpu());
}

/* --- the direct switch --- */

static u32 seen; /* runs of the thread that is always in the queue */
static bool stop_seeing;

static void run_in_between(void *unused)
{
	(void)unused;
	while (!READ_ONCE(stop_seeing)) {
		WRITE_ONCE(seen, seen + 1);
		yield_and_relax();
	}
}

static u32 undisturbed;

static void count_undisturbed(void *scene)
{
	for (u64 i = 0; i < ROUNDS; i++) {
		struct call c = {.scene = scene, .words = {i, 1}};
		u32 before = READ_ONCE(seen);

		do_call(&c);
		undisturbed += READ_ONCE(seen) == before;
		sched_yield_cpu();
	}
}

/* Who waits for the CPU does not get it between a call and its reply; now and then the tick gives it to him. */
KTEST(ipc, a_call_goes_past_the_run_queue)
{
	struct actor third;
	struct scene s;

	stop_seeing = false;
	undisturbed = 0;
	scene_start(&s, other_cpu(), other_cpu());
	actor_start(&third, other_cpu());
	actor_post(&s.server, do_serve, &s);
	actor_post(&third, run_in_between, NULL);
	actor_run(&s.client, count_undisturbed, &s);
	WRITE_ONCE(stop_seeing, true);
	actor_wait(&third);
	actor_stop(&third);
	scene_stop(&s);
	KTEST_EXPECT(undisturbed > ROUNDS / 2);
}

static void do_turn(void *turn)
{
	struct turn *t = turn;

	t->token = ipc_reply_receive(t->scene->port, (u64)t->token, 0, 0, 0);
	irq_enable();
}

/* Who has sent while the server was busy is received by the reply to another one, and not forgotten. */
KTEST(ipc, a_reply_finds_who_has_sent_meanwhile)
{
	struct actor other;
	struct scene s;
	struct turn t = {.scene = &s};
	struct call first = {.scene = &s, .words = {3, 4}}, second = {.scene = &s};
	long token;

	scene_start(&s, other_cpu(), other_cpu());
	actor_start(&other, other_cpu());
	actor_post(&s.client, do_call, &first);
	actor_run(&s.server, do_receive, &t);
	token = t.token;
	actor_post(&other, do_call, &second);
	wait_blocked(s.port, &second.task, IPC_SEND);
	actor_run(&s.server, do_turn, &t);
	KTEST_EXPECT(t.token > 0 && t.token != token);
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(first.status, 0);
	actor_run(&s.server, do_reply, &t);
	actor_wait(&other);
	KTEST_EXPECT_EQ(second.status, 7);
	actor_stop(&other);
	scene_stop(&s);
}

/* A receiver that is frozen stays so, and gets the message when it thaws. */
KTEST(ipc, a_frozen_receiver_is_not_switched_to)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .words = {1, 2}};

	scene_start(&s, other_cpu(), other_cpu());
	actor_post(&s.server, do_receive, &t);
	wait_blocked(s.port, &t.task, IPC_RECEIVE);
	KTEST_EXPECT_EQ(sched_freeze_task(t.task, true), NOW_FROZEN);
	actor_post(&s.client, do_call, &c);
	wait_blocked(s.port, &c.task, IPC_REPLY);
	KTEST_EXPECT_EQ(sched_freeze_task(t.task, true), WAS_FROZEN);
	(void)sched_thaw_task(t.task);
	actor_wait(&s.server);
	KTEST_EXPECT(t.token > 0);
	actor_run(&s.server, do_reply, &t);
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, 3);
	scene_stop(&s);
}

/* --- ends --- */

KTEST(ipc, nobody_receives_in_time)
{
	struct scene s;
	struct call c = {.scene = &s, .timeout = MS};

	scene_start(&s, 0, other_cpu());
	actor_run(&s.client, do_call, &c);
	KTEST_EXPECT_EQ(c.status, -ETIMEDOUT);
	KTEST_EXPECT(list_empty(&s.port->senders));
	scene_stop(&s);
}

KTEST(ipc, nobody_sends_in_time)
{
	struct scene s;
	struct turn t = {.scene = &s, .timeout = MS};

	scene_start(&s, 0, other_cpu());
	actor_run(&s.server, do_receive, &t);
	KTEST_EXPECT_EQ(t.token, -ETIMEDOUT);
	KTEST_EXPECT(!receiver_first(s.port));
	scene_stop(&s);
}

/* Whoever copies from a client keeps it where it is, although its time is over. */
KTEST(ipc, a_pinned_client_stays)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .timeout = MS, .status = 1};
	u64 token;

	scene_start(&s, 0, other_cpu());
	actor_post(&s.server, do_receive, &t);
	wait_blocked(s.port, &t.task, IPC_RECEIVE);
	actor_post(&s.client, do_call, &c);
	actor_wait(&s.server);
	token = (u64)t.token;
	if (ipc_pin(s.port, token)) {
		while (!READ_ONCE(c.task->ipc.leaving) && READ_ONCE(c.status) == 1)
			yield_and_relax();
		KTEST_EXPECT(!ipc_pin(s.port, token));
		KTEST_EXPECT_EQ(ipc_reply(s.port, token, 0, 0, 0), -ESRCH);
		for (unsigned int i = 0; i < 100; i++)
			yield_and_relax();
		KTEST_EXPECT_EQ(READ_ONCE(c.status), 1);
		ipc_unpin(s.port, c.task);
	}
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, -ETIMEDOUT);
	scene_stop(&s);
}

/* A claim takes the token away from others; given up, it is as before. */
KTEST(ipc, a_claim_is_exclusive)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .words = {4, 5}};
	struct task_struct *client;

	scene_start(&s, 0, other_cpu());
	actor_post(&s.client, do_call, &c);
	actor_run(&s.server, do_receive, &t);
	KTEST_EXPECT_EQ(t.cookie, 42);
	client = ipc_claim(s.port, (u64)t.token);
	KTEST_EXPECT_EQ(client, c.task);
	KTEST_EXPECT(!ipc_claim(s.port, (u64)t.token));
	KTEST_EXPECT_EQ(ipc_reply(s.port, (u64)t.token, 0, 0, 0), -ESRCH);
	ipc_unclaim(s.port, client);
	client = ipc_claim(s.port, (u64)t.token);
	KTEST_EXPECT_EQ(client, c.task);
	KTEST_EXPECT(ipc_complete(s.port, client, 9, 10, 11));
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, 9);
	KTEST_EXPECT_EQ(c.reply[1], 11);
	KTEST_EXPECT_EQ(client->ipc.pins, 0);
	scene_stop(&s);
}

/* A reply that comes when its client's time is over says so, and touches nothing of the client's. */
KTEST(ipc, a_claimed_client_may_leave)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .words = {4, 5}, .timeout = MS, .status = 1};
	struct task_struct *client;

	scene_start(&s, 0, other_cpu());
	actor_post(&s.server, do_receive, &t);
	wait_blocked(s.port, &t.task, IPC_RECEIVE);
	actor_post(&s.client, do_call, &c);
	actor_wait(&s.server);
	client = ipc_claim(s.port, (u64)t.token);
	if (client) {
		while (!READ_ONCE(client->ipc.leaving))
			yield_and_relax();
		KTEST_EXPECT_EQ(READ_ONCE(c.status), 1);
		KTEST_EXPECT(!ipc_complete(s.port, client, 9, 10, 11));
	}
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, -ETIMEDOUT);
	KTEST_EXPECT_EQ(c.reply[0], 4);
	scene_stop(&s);
}

static void close_port(struct scene *s)
{
	struct port *port = s->port;

	s->port = NULL;
	object_close(&port->object);
}

KTEST(ipc, a_closed_port_ends_who_is_not_received)
{
	struct scene s;
	struct call c = {.scene = &s, .timeout = 100 * MS};

	scene_start(&s, 0, other_cpu());
	actor_post(&s.client, do_call, &c);
	wait_blocked(s.port, &c.task, IPC_SEND);
	close_port(&s);
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, -EPIPE);
	scene_stop(&s);
}

KTEST(ipc, a_closed_port_ends_who_waits_for_a_reply)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .timeout = 100 * MS};

	scene_start(&s, 0, other_cpu());
	actor_post(&s.client, do_call, &c);
	actor_run(&s.server, do_receive, &t);
	close_port(&s);
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, -EPIPE);
	scene_stop(&s);
}

/* The port closes while the client is claimed, and so on no list of the port's. */
KTEST(ipc, a_closed_port_ends_who_was_claimed)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .timeout = FOR_EVER};
	struct task_struct *client;
	struct port *port;

	scene_start(&s, 0, other_cpu());
	actor_post(&s.client, do_call, &c);
	actor_run(&s.server, do_receive, &t);
	port = s.port;
	client = ipc_claim(port, (u64)t.token);
	close_port(&s);
	ipc_unclaim(port, client);
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, -EPIPE);
	scene_stop(&s);
}

/* --- pulses --- */

KTEST(ipc, a_close_waits_to_be_received)
{
	struct scene s;
	struct turn t = {.scene = &s, .timeout = MS};

	scene_start(&s, 0, other_cpu());
	KTEST_EXPECT(pulse_post(s.port, &s.connection->bits, 3));
	object_put(&s.connection->object);
	s.connection = NULL;
	actor_run(&s.server, do_receive, &t);
	KTEST_EXPECT_EQ(t.token, 0);
	KTEST_EXPECT_EQ(t.words[0], IPC_PULSE_BITS);
	KTEST_EXPECT_EQ(t.words[1], 3);
	actor_run(&s.server, do_receive, &t);
	KTEST_EXPECT_EQ(t.token, 0);
	KTEST_EXPECT_EQ(t.words[0], IPC_PULSE_CLOSED);
	KTEST_EXPECT_EQ(t.cookie, 42);
	actor_run(&s.server, do_receive, &t);
	KTEST_EXPECT_EQ(t.token, -ETIMEDOUT);
	scene_stop(&s);
}

/* From an interrupt: a timer's. */
static struct scene *pulsed;

static void post_from_interrupt(struct ktimer *timer)
{
	(void)timer;
	(void)pulse_post(pulsed->port, &pulsed->connection->bits, 1);
}

KTEST(ipc, an_interrupt_posts_a_pulse)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct ktimer timer;

	scene_start(&s, 0, other_cpu());
	pulsed = &s;
	actor_post(&s.server, do_receive, &t);
	wait_blocked(s.port, &t.task, IPC_RECEIVE);
	ktimer_start(&timer, time_ns() + MS, post_from_interrupt);
	actor_wait(&s.server);
	KTEST_EXPECT_EQ(t.token, 0);
	KTEST_EXPECT_EQ(t.words[0], IPC_PULSE_BITS);
	ktimer_cancel(&timer);
	scene_stop(&s);
}
