/* ABI tests: pulses that come by themselves: timers, and the death of a server that is watched. */
#include <signal.h>

#include "user/tests/ipc.h"

#define MS 1000000ul

static void expect_pulse(int port, enum ipc_pulse code, uint64_t cookie)
{
	struct ipc_message m;

	CHECK_EQ(ipc_receive(port, &m, NULL), 0);
	CHECK_EQ(m.words[0], code);
	CHECK_EQ(m.cookie, cookie);
	CHECK_EQ(m.words[1], 1);
}

static void expect_nothing(int port)
{
	struct ipc_buffer b = {.timeout = 3 * MS};
	struct ipc_message m;

	CHECK_EQ(ipc_receive(port, &m, &b), -ETIMEDOUT);
}

TEST(ipc, a_timer_fires_once)
{
	uint64_t before;
	int port, timer;

	need_ipc();
	port = ipc_port(0);
	timer = ipc_timer(port, 66, 0);
	CHECK(timer >= 0);
	expect_nothing(port);
	before = now_ns();
	CHECK_EQ(ipc_timer_set(timer, 2 * MS), 0);
	expect_pulse(port, IPC_PULSE_TIMER, 66);
	CHECK(now_ns() - before >= 2 * MS);
	expect_nothing(port);
	/* Set again before it has fired; set to nothing. */
	CHECK_EQ(ipc_timer_set(timer, 1000000 * MS), 0);
	CHECK_EQ(ipc_timer_set(timer, 1), 0);
	expect_pulse(port, IPC_PULSE_TIMER, 66);
	CHECK_EQ(ipc_timer_set(timer, MS), 0);
	CHECK_EQ(ipc_timer_set(timer, 0), 0);
	expect_nothing(port);
	/* Fired twice, and not received: it is one. */
	CHECK_EQ(ipc_timer_set(timer, 1), 0);
	nap_ns(2 * MS);
	CHECK_EQ(ipc_timer_set(timer, 1), 0);
	nap_ns(2 * MS);
	expect_pulse(port, IPC_PULSE_TIMER, 66);
	expect_nothing(port);
}

/* Closing takes a pulse back, and a timer that is set does not outlive its handle or its port. */
TEST(ipc, a_closed_timer_is_silent)
{
	int port, timer, other;

	need_ipc();
	port = ipc_port(0);
	timer = ipc_timer(port, 1, 0);
	CHECK_EQ(ipc_timer_set(timer, 1), 0);
	nap_ns(2 * MS);
	CHECK_EQ(close(timer), 0);
	expect_nothing(port);
	timer = ipc_timer(port, 1, 0);
	CHECK_EQ(ipc_timer_set(timer, MS), 0);
	CHECK_EQ(close(timer), 0);
	expect_nothing(port);
	timer = ipc_timer(port, 1, 0);
	other = ipc_timer(port, 1, 0);
	CHECK_EQ(ipc_timer_set(timer, 1), 0);
	CHECK_EQ(ipc_timer_set(other, MS), 0);
	nap_ns(MS / 2);
	CHECK_EQ(close(port), 0);
	nap_ns(2 * MS);
	CHECK_EQ(close(timer), 0);
	CHECK_EQ(close(other), 0);
	CHECK_EQ(ipc_timer(port, 0, 0), -EBADF);
	CHECK_EQ(ipc_timer_set(timer, 1), -EBADF);
	CHECK_EQ(ipc_timer_set(1, 1), -EBADF);
	port = ipc_port(0);
	CHECK_EQ(ipc_timer(port, 0, 1), -EINVAL);
	CHECK_EQ(ipc_timer_set(ipc_timer(port, 5, 0), -1ul), 0);
	expect_nothing(port);
}

TEST(ipc, a_server_is_watched)
{
	struct server s;
	int port, watch, other;

	need_ipc();
	port = ipc_port(0);
	s = start_server();
	watch = ipc_watch(s.connection, port, 5, 0);
	other = ipc_watch(s.connection, port, 6, 0);
	CHECK(watch >= 0 && other >= 0);
	expect_nothing(port);
	CHECK_EQ(close(other), 0);
	CHECK_EQ(kill(s.pid, SIGKILL), 0);
	expect_pulse(port, IPC_PULSE_DIED, 5);
	expect_nothing(port);
	CHECK_EQ(status_of_pid(s.pid), KILLED(SIGKILL));
	/* A dead one is told of at once; its pulse goes with its handle. */
	other = ipc_watch(s.connection, port, 7, 0);
	expect_pulse(port, IPC_PULSE_DIED, 7);
	CHECK_EQ(close(other), 0);
	other = ipc_watch(s.connection, port, 8, 0);
	CHECK_EQ(close(other), 0);
	CHECK_EQ(close(watch), 0);
	expect_nothing(port);
	CHECK_EQ(ipc_watch(port, port, 0, 0), -EBADF);
	CHECK_EQ(ipc_watch(s.connection, s.connection, 0, 0), -EBADF);
	CHECK_EQ(ipc_watch(s.connection, port, 0, 1), -EINVAL);
}

/* Two servers watch each other, and one itself: they end, and so do the watches. */
TEST(ipc, watches_in_a_circle)
{
	int a, b, to_a, to_b;

	need_ipc();
	a = ipc_port(0);
	b = ipc_port(0);
	to_a = ipc_connect(a, 0, 0);
	to_b = ipc_connect(b, 0, 0);
	CHECK(ipc_watch(to_a, b, 1, 0) >= 0);
	CHECK(ipc_watch(to_b, a, 2, 0) >= 0);
	CHECK(ipc_watch(to_a, a, 3, 0) >= 0);
	CHECK_EQ(close(a), 0);
	expect_pulse(b, IPC_PULSE_DIED, 1);
	CHECK_EQ(close(b), 0);
}
