/* Priority inheritance through servers: whose priority a server has, when, and when no more; a chain of servers. */
#include "arch/smp.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/ipc/tests/support.h"
#include "kernel/sched.h"
#include "kernel/tests/priority.h"

#define MS 1000000UL

static int other_cpu(void)
{
	return (int)cpus_online() - 1;
}

static struct task_struct *task_of(const struct actor *a)
{
	struct task_struct *t;

	/* An actor lives until it is stopped. */
	rcu_read_lock();
	t = find_task(a->pid);
	rcu_read_unlock();
	return t;
}

static int prio_of(const struct actor *a)
{
	return READ_ONCE(task_of(a)->prio);
}

/* What has to be told from client to client comes soon, not at once. */
static void expect_prio_soon(const struct actor *a, int prio)
{
	for (unsigned int i = 0; i < 100000 && prio_of(a) != prio; i++)
		yield_and_relax();
	KTEST_EXPECT_EQ(prio_of(a), prio);
}

/* A call is under way: the client in REPLY, its message with the server. */
static void begin_call(struct scene *s, struct call *c, struct turn *t, unsigned int prio)
{
	actor_set_prio(&s->client, prio);
	*c = (struct call){.scene = s, .words = {20, 22}};
	*t = (struct turn){.scene = s};
	actor_post(&s->client, do_call, c);
	actor_run(&s->server, do_receive, t);
	wait_blocked(s->port, &c->task, IPC_REPLY);
}

static void end_call(struct scene *s, struct turn *t)
{
	actor_run(&s->server, do_reply, t);
	actor_wait(&s->client);
}

KTEST(ipc, a_server_has_the_priority_of_its_client_until_the_reply)
{
	struct scene s;
	struct call c;
	struct turn t;

	scene_start(&s, 0, other_cpu());
	begin_call(&s, &c, &t, 30);
	KTEST_EXPECT_EQ(prio_of(&s.server), 30);
	end_call(&s, &t);
	KTEST_EXPECT_EQ(prio_of(&s.server), 0);
	KTEST_EXPECT_EQ(c.status, 42);
	/* A client lends, and lowers nobody. */
	actor_set_prio(&s.server, 40);
	begin_call(&s, &c, &t, 30);
	KTEST_EXPECT_EQ(prio_of(&s.server), 40);
	end_call(&s, &t);
	scene_stop(&s);
}

/* The server waits in RECEIVE: it has the priority when it wakes, as its client has had for a while. */
static void wake_server(int client_cpu, int server_cpu)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s};

	scene_start(&s, client_cpu, server_cpu);
	actor_set_prio(&s.client, 30);
	for (unsigned int i = 0; i < 2; i++) {
		t.task = NULL;
		actor_post(&s.server, do_receive, &t);
		wait_blocked(s.port, &t.task, IPC_RECEIVE);
		actor_post(&s.client, do_call, &c);
		actor_wait(&s.server);
		KTEST_EXPECT_EQ(prio_of(&s.server), 30);
		end_call(&s, &t);
		KTEST_EXPECT_EQ(prio_of(&s.server), 0);
	}
	scene_stop(&s);
}

KTEST(ipc, a_waiting_server_wakes_with_its_clients_priority)
{
	wake_server(0, other_cpu());
	wake_server(other_cpu(), other_cpu());
}

/* --- who waits in SEND --- */

#define CALLERS 5

struct crowd {
	struct scene s;
	struct actor callers[CALLERS];
	struct call calls[CALLERS];
};

/* A fatal signal ends the call, and no more. */
static void call_and_revive(void *call)
{
	do_call(call);
	(void)atomic_fetch_and(&current->work, ~WORK_FATAL);
}

static void kill_call(const struct call *c)
{
	(void)atomic_fetch_or(&c->task->work, WORK_FATAL);
	sched_kick_task(c->task);
}

static void crowd_send(struct crowd *c, unsigned int i, unsigned int prio)
{
	c->calls[i] = (struct call){.scene = &c->s, .words = {i, 0}};
	actor_start(&c->callers[i], -1);
	actor_set_prio(&c->callers[i], prio);
	actor_post(&c->callers[i], call_and_revive, &c->calls[i]);
	wait_blocked(c->s.port, &c->calls[i].task, IPC_SEND);
}

/* By priority, and within one in their order. */
KTEST(ipc, messages_are_received_by_priority)
{
	static const unsigned int prios[CALLERS] = {0, 20, 50, 20, 0};
	static const u64 order[CALLERS] = {2, 1, 3, 0, 4};
	static struct crowd c;
	struct turn t = {.scene = &c.s};

	scene_start(&c.s, 0, other_cpu());
	for (unsigned int i = 0; i < CALLERS; i++)
		crowd_send(&c, i, prios[i]);
	for (unsigned int i = 0; i < CALLERS; i++) {
		actor_run(&c.s.server, do_receive, &t);
		KTEST_EXPECT_EQ(t.words[0], order[i]);
		/* Of who is served, and who is first of the others. */
		KTEST_EXPECT_EQ(prio_of(&c.s.server), prios[order[i]]);
		actor_run(&c.s.server, do_reply, &t);
		KTEST_EXPECT_EQ(prio_of(&c.s.server), i + 1 < CALLERS ? prios[order[i + 1]] : 0);
	}
	for (unsigned int i = 0; i < CALLERS; i++) {
		actor_wait(&c.callers[i]);
		actor_stop(&c.callers[i]);
	}
	scene_stop(&c.s);
}

/* The server has a low client's message when a higher one comes: that one lends until it leaves. */
KTEST(ipc, who_waits_to_be_received_lends_and_takes_back)
{
	static struct crowd c;
	struct call low;
	struct turn t;

	scene_start(&c.s, 0, other_cpu());
	begin_call(&c.s, &low, &t, 10);
	crowd_send(&c, 0, 60);
	KTEST_EXPECT_EQ(prio_of(&c.s.server), 60);
	crowd_send(&c, 1, 50);
	KTEST_EXPECT_EQ(prio_of(&c.s.server), 60);
	/* A fatal signal; then the other one's new priority. */
	kill_call(&c.calls[0]);
	actor_wait(&c.callers[0]);
	KTEST_EXPECT_EQ(c.calls[0].status, -EINTR);
	KTEST_EXPECT_EQ(prio_of(&c.s.server), 50);
	actor_set_prio(&c.callers[1], 70);
	expect_prio_soon(&c.s.server, 70);
	actor_set_prio(&c.callers[1], 0);
	expect_prio_soon(&c.s.server, 10);
	end_call(&c.s, &t);
	actor_run(&c.s.server, do_receive, &t);
	actor_run(&c.s.server, do_reply, &t);
	for (unsigned int i = 0; i < 2; i++) {
		actor_wait(&c.callers[i]);
		actor_stop(&c.callers[i]);
	}
	scene_stop(&c.s);
}

/* A time-out takes back what was lent, whether the message was received or not. */
KTEST(ipc, a_time_out_takes_the_priority_back)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .timeout = 300 * MS};

	scene_start(&s, 0, other_cpu());
	actor_set_prio(&s.client, 30);
	actor_post(&s.server, do_receive, &t);
	wait_blocked(s.port, &t.task, IPC_RECEIVE);
	actor_post(&s.client, do_call, &c);
	actor_wait(&s.server);
	KTEST_EXPECT_EQ(prio_of(&s.server), 30);
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, -ETIMEDOUT);
	KTEST_EXPECT_EQ(prio_of(&s.server), 0);
	/* The server, which has a port by now, is busy with nothing: who comes waits for it in vain. */
	actor_run(&s.client, do_call, &c);
	KTEST_EXPECT_EQ(c.status, -ETIMEDOUT);
	KTEST_EXPECT_EQ(prio_of(&s.server), 0);
	scene_stop(&s);
}

/* What a server has put aside counts no more; the token is answered by another thread. */
KTEST(ipc, an_unanswered_client_lends_until_the_next_receive)
{
	static struct crowd c;
	struct turn first, second = {.scene = &c.s};
	struct actor another;
	struct call call;

	scene_start(&c.s, 0, other_cpu());
	actor_start(&another, -1);
	begin_call(&c.s, &call, &first, 80);
	KTEST_EXPECT_EQ(prio_of(&c.s.server), 80);
	crowd_send(&c, 0, 20);
	actor_run(&c.s.server, do_receive, &second);
	KTEST_EXPECT_EQ(prio_of(&c.s.server), 20);
	/* Nor does it when its priority changes. It has been told, when it sleeps again. */
	actor_set_prio(&c.s.client, 90);
	while (READ_ONCE(call.task->work) & WORK_PRIO)
		yield_and_relax();
	wait_blocked(c.s.port, &call.task, IPC_REPLY);
	KTEST_EXPECT_EQ(prio_of(&c.s.server), 20);
	actor_run(&another, do_reply, &first);
	actor_wait(&c.s.client);
	KTEST_EXPECT_EQ(prio_of(&c.s.server), 20);
	actor_run(&another, do_reply, &second);
	KTEST_EXPECT_EQ(prio_of(&c.s.server), 0);
	actor_wait(&c.callers[0]);
	actor_stop(&c.callers[0]);
	actor_stop(&another);
	scene_stop(&c.s);
}

/* The port closes, and the server serves another one. */
KTEST(ipc, a_closed_port_lends_nothing)
{
	struct scene s;
	struct turn t;
	struct call c;

	scene_start(&s, 0, other_cpu());
	begin_call(&s, &c, &t, 30);
	object_close(&s.port->object);
	s.port = NULL;
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, -EPIPE);
	KTEST_EXPECT_EQ(prio_of(&s.server), 0);
	scene_stop(&s);
}

/* Messages that go on to the next server lend to that one. */
KTEST(ipc, what_is_received_again_lends_again)
{
	struct scene s;
	struct actor next;
	struct turn t;
	struct call c;

	scene_start(&s, 0, other_cpu());
	begin_call(&s, &c, &t, 30);
	KTEST_EXPECT_EQ(port_requeue(s.port), 1);
	actor_start(&next, -1);
	actor_run(&next, do_receive, &t);
	KTEST_EXPECT_EQ(prio_of(&next), 30);
	KTEST_EXPECT_EQ(prio_of(&s.server), 0);
	actor_run(&next, do_reply, &t);
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(prio_of(&next), 0);
	actor_stop(&next);
	scene_stop(&s);
}

/* --- chains --- */

/* a's server calls b: two calls under way, the first of no priority. */
struct chain {
	struct scene a, b;
	struct call call_a, call_b;
	struct turn turn_a, turn_b;
};

static void chain_start(struct chain *ch)
{
	scene_start(&ch->a, 0, other_cpu());
	scene_start(&ch->b, 0, other_cpu());
	begin_call(&ch->a, &ch->call_a, &ch->turn_a, 0);
	ch->call_b = (struct call){.scene = &ch->b, .words = {1, 2}};
	ch->turn_b = (struct turn){.scene = &ch->b};
	actor_post(&ch->a.server, do_call, &ch->call_b);
	actor_run(&ch->b.server, do_receive, &ch->turn_b);
	wait_blocked(ch->b.port, &ch->call_b.task, IPC_REPLY);
}

static void chain_stop(struct chain *ch)
{
	actor_run(&ch->b.server, do_reply, &ch->turn_b);
	actor_wait(&ch->a.server);
	KTEST_EXPECT_EQ(ch->call_b.status, 3);
	end_call(&ch->a, &ch->turn_a);
	KTEST_EXPECT_EQ(prio_of(&ch->a.server), 0);
	KTEST_EXPECT_EQ(prio_of(&ch->b.server), 0);
	scene_stop(&ch->a);
	scene_stop(&ch->b);
}

KTEST(ipc, a_priority_goes_along_a_chain_of_servers)
{
	static struct chain ch;

	chain_start(&ch);
	/* The client's, which waits, is changed; and back. */
	actor_set_prio(&ch.a.client, 55);
	expect_prio_soon(&ch.a.server, 55);
	expect_prio_soon(&ch.b.server, 55);
	actor_set_prio(&ch.a.client, 0);
	expect_prio_soon(&ch.b.server, 0);
	KTEST_EXPECT_EQ(prio_of(&ch.a.server), 0);
	chain_stop(&ch);
}

/* One comes whom the first server cannot receive, since it waits for the second. */
KTEST(ipc, who_waits_for_a_server_that_waits_lends_to_both)
{
	static struct chain ch;
	static struct crowd late;

	chain_start(&ch);
	late.s = ch.a;
	crowd_send(&late, 0, 45);
	expect_prio_soon(&ch.b.server, 45);
	KTEST_EXPECT_EQ(prio_of(&ch.a.server), 45);
	/* It dies. */
	kill_call(&late.calls[0]);
	actor_wait(&late.callers[0]);
	expect_prio_soon(&ch.b.server, 0);
	actor_stop(&late.callers[0]);
	chain_stop(&ch);
}

/* The second server calls the first: nobody runs any more, and nobody tells anybody for ever. */
KTEST(ipc, a_circle_of_clients_ends_by_a_time_out)
{
	static struct chain ch;
	static struct call back;

	chain_start(&ch);
	back = (struct call){.scene = &ch.a, .timeout = 500 * MS};
	actor_post(&ch.b.server, do_call, &back);
	wait_blocked(ch.a.port, &back.task, IPC_SEND);
	actor_set_prio(&ch.a.client, 55);
	expect_prio_soon(&ch.a.server, 55);
	expect_prio_soon(&ch.b.server, 55);
	actor_wait(&ch.b.server);
	KTEST_EXPECT_EQ(back.status, -ETIMEDOUT);
	KTEST_EXPECT_EQ(prio_of(&ch.b.server), 55);
	actor_set_prio(&ch.a.client, 0);
	expect_prio_soon(&ch.a.server, 0);
	expect_prio_soon(&ch.b.server, 0);
	chain_stop(&ch);
}

/* --- what it is for --- */

static struct inversion {
	struct scene s;
	struct call low, high;
	struct actor high_client, hog_actor;
	struct hog hog;
	u32 work_done; /* release: the server may answer the low one */
} inv;

/* Computes for the low client, at its priority, until a higher one wants something. Then it has two to answer. */
static void serve_two(void *unused)
{
	struct turn t = {.scene = &inv.s};

	(void)unused;
	for (unsigned int i = 0; i < 2; i++) {
		do_receive(&t);
		while (!smp_load_acquire(&inv.work_done))
			cpu_relax();
		do_reply(&t);
	}
}

static void call_high(void *unused)
{
	(void)unused;
	smp_store_release(&inv.work_done, 1);
	do_call(&inv.high);
	do_stop_hog(&inv.hog);
}

/* Above the server and below the high client, whom it lets go. */
static void hog_between(void *unused)
{
	(void)unused;
	actor_post(&inv.high_client, call_high, NULL);
	do_hog(&inv.hog);
}

/* All on one CPU. Were the server not lent its priority, the high client would wait for the hog. */
KTEST(ipc, a_high_client_does_not_wait_for_a_hog_in_between)
{
	int cpu = other_cpu();

	inv.hog = (struct hog){0};
	inv.work_done = 0;
	scene_start(&inv.s, cpu, cpu);
	actor_start(&inv.high_client, cpu);
	actor_start(&inv.hog_actor, cpu);
	actor_set_prio(&inv.high_client, 50);
	actor_set_prio(&inv.hog_actor, 25);
	inv.low = (struct call){.scene = &inv.s, .words = {1, 1}};
	inv.high = (struct call){.scene = &inv.s, .words = {2, 2}};
	actor_post(&inv.s.server, serve_two, NULL);
	actor_post(&inv.s.client, do_call, &inv.low);
	wait_blocked(inv.s.port, &inv.low.task, IPC_REPLY);
	actor_run(&inv.hog_actor, hog_between, NULL);
	KTEST_EXPECT(!inv.hog.gave_up);
	actor_wait(&inv.high_client);
	actor_wait(&inv.s.server);
	actor_wait(&inv.s.client);
	KTEST_EXPECT_EQ(inv.low.status, 2);
	KTEST_EXPECT_EQ(inv.high.status, 4);
	KTEST_EXPECT_EQ(prio_of(&inv.s.server), 0);
	actor_stop(&inv.high_client);
	actor_stop(&inv.hog_actor);
	scene_stop(&inv.s);
}
