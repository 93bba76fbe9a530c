/*
 * ABI tests: servers and clients that die at random, by a seed. Whoever is left gets an answer or an error, and in
 * the end nothing is left: neither a process nor a page.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "user/tests/inventory.h"
#include "user/tests/ipc.h"

#define MS      1000000ul
#define CLIENTS 6
#define CALLS   60
#define BULK    (3 * PAGE_SIZE)

static char bulk[BULK];

/* Replies somehow, or not at all; dies now and then. */
static long answer(int port, struct rng *r, struct ipc_message *m, long token)
{
	struct ipc_reply reply = {.addr = (uintptr_t)bulk, .bytes = rng_below(r, BULK)};
	int32_t fds[IPC_HANDLES_MAX];
	long n;

	switch (rng_below(r, 40)) {
	case 0:
		raise(SIGKILL);
		return token;
	case 1:
		return 0; /* its client waits for its time-out, or for our end */
	case 2 ... 8:
		reply.handles[0] = ipc_connect(port, m->words[1], 0);
		reply.nr_handles = reply.handles[0] >= 0;
		if (ipc_reply(port, token, m->words[1], 0, 0, &reply) == 0)
			token = 0;
		if (reply.nr_handles)
			CHECK_EQ(close(reply.handles[0]), 0);
		return token;
	case 9 ... 20:
		(void)ipc_read(port, token, rng_below(r, BULK), bulk, BULK);
		(void)ipc_write(port, token, rng_below(r, BULK), bulk, BULK);
		return token;
	case 21 ... 25:
		n = ipc_take(port, token, fds, IPC_HANDLES_MAX);
		while (n > 0)
			CHECK_EQ(close(fds[--n]), 0);
		return token;
	default:
		return token;
	}
}

static uint64_t server_seed;

static int serve_at_random(int port)
{
	struct ipc_buffer b = {.addr = (uintptr_t)bulk, .bytes = 100, .timeout = 200 * MS};
	struct ipc_message m;
	struct rng r;
	long token;
	int timer = ipc_timer(port, 0, 0);

	CHECK(timer >= 0);
	rng_seed(&r, server_seed, 1000);
	token = ipc_receive(port, &m, &b);
	while (token >= 0 || token == -ESRCH) {
		if (token > 0)
			token = answer(port, &r, &m, token);
		if (!rng_below(&r, 4))
			CHECK_EQ(ipc_timer_set(timer, 1 + rng_below(&r, MS)), 0);
		token = ipc_reply_receive(port, token, m.words[1], &m, &b);
	}
	CHECK_EQ(token, -ETIMEDOUT);
	return 0;
}

/* One message. False: the server is gone. */
static bool send_one(int connection, struct rng *r)
{
	uint64_t words[IPC_WORDS] = {1, rng_below(r, 1000)};
	struct ipc_segment seg[2] = {{(uintptr_t)bulk, rng_below(r, PAGE_SIZE)},
				     {(uintptr_t)bulk, PAGE_SIZE}};
	struct ipc_msg m = {
		.words = {2, rng_below(r, 1000)},
		.out = (uintptr_t)seg,
		.in = (uintptr_t)seg,
		.nr_out = 2,
		.nr_in = 2,
		.timeout = (1 + rng_below(r, 3)) * MS,
		.handles = {connection, connection},
		.nr_handles = rng_below(r, 3),
		.room = 1,
	};
	long ret;

	if (rng_below(r, 2))
		ret = ipc_call_timed(connection, words, rng_below(r, 2) ? MS : 3 * MS);
	else
		ret = ipc_send(connection, &m);
	CHECK(ret >= 0 || ret == -EPIPE || ret == -ETIMEDOUT);
	if (ret >= 0)
		CHECK_EQ(ret, words[0] == 1 && m.nr_got == 0 ? ret : (long)m.words[1]);
	if (m.nr_got)
		CHECK_EQ(close(m.got[0]), 0);
	if (!rng_below(r, 8))
		(void)ipc_pulse(connection, 1);
	return ret != -EPIPE;
}

/* A server that is gone is told of, be it a little later. */
static int hears_of_the_end(int port, unsigned int number)
{
	struct ipc_message m;

	CHECK_EQ(ipc_receive(port, &m, NULL), 0);
	CHECK_EQ(m.words[0], IPC_PULSE_DIED);
	CHECK_EQ(m.cookie, number);
	return 0;
}

static int be_a_client(int connection, uint64_t seed, unsigned int number)
{
	struct rng r;
	int port = ipc_port(0);

	CHECK(ipc_watch(connection, port, number, 0) >= 0);
	rng_seed(&r, seed, number);
	for (unsigned int i = 0; i < CALLS; i++) {
		if (!send_one(connection, &r))
			return hears_of_the_end(port, number);
		if (!rng_below(&r, 50))
			raise(SIGKILL);
	}
	return 0;
}

static void one_round(uint64_t seed)
{
	pid_t clients[CLIENTS];
	struct server s;
	struct rng r;

	rng_seed(&r, seed, 2000);
	server_seed = seed;
	s = start_server_with(serve_at_random);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		if (clients[i] == 0)
			_exit(be_a_client(s.connection, seed, i));
	}
	CHECK_EQ(close(s.connection), 0);
	for (unsigned int kills = rng_below(&r, 4); kills; kills--) {
		nap_ns(rng_below(&r, 3 * MS));
		(void)kill(clients[rng_below(&r, CLIENTS)], SIGKILL);
	}
	if (rng_below(&r, 2))
		(void)kill(s.pid, SIGKILL);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		int status = status_of_pid(clients[i]);

		CHECK(status == EXITED(0) || status == KILLED(SIGKILL));
	}
	int status = status_of_pid(s.pid);

	CHECK(status == EXITED(0) || status == KILLED(SIGKILL));
}

TEST(ipc, a_stress_of_deaths_leaves_nothing)
{
	static struct inventory before;

	need_ipc();
	memset(bulk, 7, sizeof(bulk));
	for (uint64_t seed = 1; seed <= 12; seed++) {
		one_round(seed);
		/* What is kept for good is there after the first rounds. */
		if (seed == 4 && options.pgctl)
			inventory_take(&before);
	}
	if (options.pgctl)
		CHECK(inventory_comes_back(&before));
}
