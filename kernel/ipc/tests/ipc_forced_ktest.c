/* Races of messages with their ends, by forced schedules: a reply, a close and a death come between two steps. */
#include "arch/smp.h"
#include "kernel/base/errno.h"
#include "kernel/base/ktest.h"
#include "kernel/ipc/tests/support.h"
#include "kernel/racepoint.h"
#include "kernel/sched.h"

#define MS 1000000UL

/* The reply comes when the client's time is over already, but before it has left: it counts. */
KTEST(ipc, a_reply_beats_a_time_out)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .words = {20, 22}, .timeout = MS};

	stay_on_cpu(0);
	scene_start(&s, -1, -1);
	race_park("ipc_leaving", RACE_ANY_CPU, 1);
	actor_post(&s.client, do_call, &c);
	actor_run(&s.server, do_receive, &t);
	(void)race_wait_parked("ipc_leaving");
	actor_run(&s.server, do_reply, &t);
	KTEST_EXPECT_EQ(t.token, 0);
	race_release("ipc_leaving");
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, 42);
	race_reset();
	scene_stop(&s);
	stay_on_cpu(-1);
}

/* A call whose task has a signal to take when it is over. */
static void call_with_signal(void *call)
{
	do_call(call);
	(void)atomic_fetch_and(&current->work, ~WORK_SIGNAL);
}

/* The same with a signal: the client wants to leave because of it, and the reply is faster. */
KTEST(ipc, a_reply_beats_a_signal)
{
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .words = {20, 22}};

	stay_on_cpu(0);
	scene_start(&s, -1, -1);
	race_park("ipc_leaving", RACE_ANY_CPU, 1);
	actor_post(&s.client, call_with_signal, &c);
	actor_run(&s.server, do_receive, &t);
	(void)atomic_fetch_or(&c.task->work, WORK_SIGNAL);
	(void)task_wake_killable(c.task);
	(void)race_wait_parked("ipc_leaving");
	actor_run(&s.server, do_reply, &t);
	KTEST_EXPECT_EQ(t.token, 0);
	race_release("ipc_leaving");
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, 42);
	race_reset();
	scene_stop(&s);
	stay_on_cpu(-1);
}

/* The port closes when the client has sent and does not sleep yet: the wake-up is not lost. */
KTEST(ipc, a_port_closes_before_its_sender_sleeps)
{
	struct scene s;
	struct call c = {.scene = &s};
	struct port *port;

	stay_on_cpu(0);
	scene_start(&s, -1, -1);
	race_park("ipc_sent", RACE_ANY_CPU, 1);
	actor_post(&s.client, do_call, &c);
	(void)race_wait_parked("ipc_sent");
	port = s.port;
	s.port = NULL;
	object_close(&port->object);
	race_release("ipc_sent");
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, -EPIPE);
	race_reset();
	scene_stop(&s);
	stay_on_cpu(-1);
}

/* A fatal signal comes to the running client between its message and its direct switch. */
static void die(void *unused)
{
	(void)unused;
	(void)atomic_fetch_or(&current->work, WORK_FATAL);
	sched_kick_task(current);
}

static void call_and_revive(void *call)
{
	do_call(call);
	(void)atomic_fetch_and(&current->work, ~WORK_FATAL);
}

KTEST(ipc, who_must_die_does_not_switch_away)
{
	int cpu = (int)cpus_online() - 1;
	struct scene s;
	struct turn t = {.scene = &s};
	struct call c = {.scene = &s, .words = {20, 22}};

	stay_on_cpu(0);
	scene_start(&s, cpu, cpu);
	actor_post(&s.server, do_receive, &t);
	wait_blocked(s.port, &t.task, IPC_RECEIVE);
	race_on("sched_handing_off", cpu, 1, die, NULL);
	actor_post(&s.client, call_and_revive, &c);
	actor_wait(&s.server);
	/* It leaves. Asleep it would wait for the reply, which comes now. */
	while (READ_ONCE(c.task->ipc.state) == IPC_REPLY && READ_ONCE(c.task->on_rq))
		yield_and_relax();
	actor_run(&s.server, do_reply, &t);
	actor_wait(&s.client);
	KTEST_EXPECT_EQ(c.status, -EINTR);
	race_reset();
	scene_stop(&s);
	stay_on_cpu(-1);
}
