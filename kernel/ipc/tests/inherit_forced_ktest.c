/* Races of inheritance, by forced schedules: a priority changes between a client's message and its sleep. */
#include "arch/smp.h"
#include "kernel/base/ktest.h"
#include "kernel/ipc/tests/support.h"
#include "kernel/racepoint.h"
#include "kernel/sched.h"
#include "kernel/tests/priority.h"

/* Where the client waits at its race point, with the priority that it has: nobody lower runs there. */
static int last_cpu(void)
{
	return (int)cpus_online() - 1;
}

static int inherited_by(const struct turn *t)
{
	return READ_ONCE(t->task->inherited);
}

static void expect_inherited_soon(const struct turn *t, int prio)
{
	for (unsigned int i = 0; i < 100000 && inherited_by(t) != prio; i++)
		yield_and_relax();
	KTEST_EXPECT_EQ(inherited_by(t), prio);
}

/* As another CPU would: the running task's is changed behind its back. */
static void raise_running(void *unused)
{
	(void)unused;
	set_own_prio(35);
}

/* The server has the message, of priority 0, and the client is about to leave its CPU to it: it must not just sleep. */
KTEST(ipc, a_priority_that_changes_before_the_direct_switch_is_lent)
{
	int cpu = last_cpu();
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .words = {20, 22}};

	stay_on_cpu(0);
	scene_start(&s, cpu, cpu);
	actor_post(&s.server, do_receive, &t);
	wait_blocked(s.port, &t.task, IPC_RECEIVE);
	race_on("sched_handing_off", cpu, 1, raise_running, NULL);
	actor_post(&s.client, do_call, &c);
	wait_blocked(s.port, &c.task, IPC_REPLY);
	actor_wait(&s.server);
	expect_inherited_soon(&t, 35);
	actor_run(&s.server, do_reply, &t);
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(inherited_by(&t), 0);
	race_reset();
	scene_stop(&s);
	stay_on_cpu(-1);
}

/* The same on its way to an ordinary sleep, the message received meanwhile. */
KTEST(ipc, a_priority_that_changes_before_the_sleep_is_lent)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .words = {20, 22}};

	if (cpus_online() == 1)
		KTEST_SKIP("needs two CPUs");
	stay_on_cpu(0);
	scene_start(&s, last_cpu(), 0);
	race_park("ipc_sent", RACE_ANY_CPU, 1);
	actor_post(&s.client, do_call, &c);
	(void)race_wait_parked("ipc_sent");
	actor_run(&s.server, do_receive, &t);
	actor_set_prio(&s.client, 35);
	KTEST_EXPECT_EQ(inherited_by(&t), 0);
	race_release("ipc_sent");
	wait_blocked(s.port, &c.task, IPC_REPLY);
	expect_inherited_soon(&t, 35);
	actor_run(&s.server, do_reply, &t);
	actor_wait(&s.client);
	race_reset();
	scene_stop(&s);
	stay_on_cpu(-1);
}

/* The client's time is over, and before it says so the server answers: what was lent goes back once, at the reply. */
KTEST(ipc, a_reply_before_the_client_leaves_gives_the_priority_back)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .words = {20, 22}, .timeout = 1000000};

	if (cpus_online() == 1)
		KTEST_SKIP("needs two CPUs");
	stay_on_cpu(0);
	scene_start(&s, last_cpu(), 0);
	actor_set_prio(&s.client, 35);
	race_park("ipc_leaving", RACE_ANY_CPU, 1);
	actor_post(&s.client, do_call, &c);
	actor_run(&s.server, do_receive, &t);
	(void)race_wait_parked("ipc_leaving");
	KTEST_EXPECT_EQ(inherited_by(&t), 35);
	actor_run(&s.server, do_reply, &t);
	KTEST_EXPECT_EQ(t.token, 0);
	KTEST_EXPECT_EQ(inherited_by(&t), 0);
	race_release("ipc_leaving");
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, 42);
	KTEST_EXPECT_EQ(inherited_by(&t), 0);
	race_reset();
	scene_stop(&s);
	stay_on_cpu(-1);
}

/* It is told of a change when the answer is there: nobody is lent anything any more. */
KTEST(ipc, a_change_after_the_reply_is_lent_to_nobody)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .words = {20, 22}};

	if (cpus_online() == 1)
		KTEST_SKIP("needs two CPUs");
	stay_on_cpu(0);
	scene_start(&s, last_cpu(), 0);
	race_park("inherit_telling", RACE_ANY_CPU, 1);
	actor_post(&s.client, do_call, &c);
	actor_run(&s.server, do_receive, &t);
	wait_blocked(s.port, &c.task, IPC_REPLY);
	actor_set_prio(&s.client, 35);
	(void)race_wait_parked("inherit_telling");
	actor_run(&s.server, do_reply, &t);
	race_release("inherit_telling");
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, 42);
	KTEST_EXPECT_EQ(inherited_by(&t), 0);
	KTEST_EXPECT_EQ(c.task->ipc.lends, 0);
	race_reset();
	scene_stop(&s);
	stay_on_cpu(-1);
}
