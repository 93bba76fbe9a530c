/* The server that the tests of messages talk to: see ipc.h. */
#include <sys/wait.h>

#include "user/tests/ipc.h"

#define NEVER_MAX 64

void need_ipc(void)
{
	long port = ipc_port(0);

	if (port == -ENOSYS)
		SKIP("needs Freewalk's messages");
	CHECK(port >= 0);
	CHECK_EQ(close(port), 0);
}

int status_of_pid(pid_t pid)
{
	int status = -1;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return NO_CORE(status);
}

long call1(int connection, uint64_t w0, uint64_t w1)
{
	uint64_t words[IPC_WORDS] = {w0, w1};

	return ipc_call(connection, words);
}

/* Passes its connection to the parent by the parent's. */
static void introduce(int parent, int port)
{
	struct ipc_msg m = {.nr_handles = 1};

	m.handles[0] = ipc_connect(port, FIRST_COOKIE, 0);
	CHECK(m.handles[0] >= 0);
	CHECK_EQ(ipc_send(parent, &m), 0);
	CHECK_EQ(close(m.handles[0]), 0);
	CHECK_EQ(close(parent), 0);
}

struct server start_server_with(int (*body)(int port))
{
	int port = ipc_port(0), connection = ipc_connect(port, 0, 0);
	struct server s = {.pid = fork()};
	struct ipc_message m;
	long token;

	if (s.pid == 0) {
		int own = ipc_port(0);

		introduce(connection, own);
		_exit(body(own));
	}
	CHECK_EQ(close(connection), 0);
	token = ipc_receive(port, &m, NULL);
	CHECK(token > 0);
	CHECK_EQ(m.handles, 1);
	CHECK_EQ(ipc_take(port, token, &s.connection, 1), 1);
	CHECK_EQ(ipc_reply(port, token, 0, 0, 0, NULL), 0);
	/* The server has closed its end. */
	CHECK_EQ(ipc_receive(port, &m, NULL), 0);
	CHECK_EQ(m.words[0], IPC_PULSE_CLOSED);
	CHECK_EQ(close(port), 0);
	return s;
}

static struct {
	int port;
	long never[NEVER_MAX];
	unsigned int nr_never;
	unsigned int closed;
	uint64_t last_closed;
} state;

static void reply_connection(long token, uint64_t cookie)
{
	struct ipc_reply r = {.nr_handles = 1};
	long ret;

	r.handles[0] = ipc_connect(state.port, cookie, 0);
	ret = ipc_reply(state.port, token, 0, 0, 0, &r);
	CHECK(ret == 0 || ret == -ESRCH);
	CHECK_EQ(close(r.handles[0]), 0);
}

static void forget(void)
{
	for (unsigned int i = 0; i < state.nr_never; i++)
		(void)ipc_reply(state.port, state.never[i], -ENOMSG, 0, 0, NULL);
	state.nr_never = 0;
}

/* What is replied at once goes into *m and the returned status; *token = 0: nothing is. */
static long serve_one(struct ipc_message *m, long *token)
{
	uint64_t op = m->words[0];

	switch (op) {
	case SERVE_ADD:
		m->words[0] = m->words[3];
		long sum = (long)(m->words[1] + m->words[2]);
		m->words[1] = m->cookie;
		return sum;
	case SERVE_NEVER:
		CHECK(state.nr_never < NEVER_MAX);
		state.never[state.nr_never++] = *token;
		*token = 0;
		return 0;
	case SERVE_DIE:
		_exit(1);
	case SERVE_CONNECT:
		reply_connection(*token, m->words[1]);
		*token = 0;
		return 0;
	case SERVE_CLOSED:
		m->words[0] = state.last_closed;
		return state.closed;
	case SERVE_FORGET:
		forget();
		return 0;
	default:
		return -EINVAL;
	}
}

static int serve(int port)
{
	struct ipc_message m;
	long token, status;

	state.port = port;
	token = ipc_receive(port, &m, NULL);
	for (;;) {
		status = 0;
		if (token == 0 && m.words[0] == IPC_PULSE_CLOSED) {
			state.closed++;
			state.last_closed = m.cookie;
		} else if (token > 0 && m.words[0] == SERVE_END) {
			CHECK_EQ(ipc_reply(port, token, 0, 0, 0, NULL), 0);
			return 0;
		} else if (token > 0) {
			status = serve_one(&m, &token);
		} else {
			CHECK_EQ(token, -ESRCH); /* the client that we replied to is gone */
			token = 0;
		}
		token = ipc_reply_receive(port, token, status, &m, NULL);
	}
}

struct server start_server(void)
{
	return start_server_with(serve);
}

void end_server(struct server *s)
{
	CHECK_EQ(call1(s->connection, SERVE_END, 0), 0);
	CHECK_EQ(status_of_pid(s->pid), EXITED(0));
	CHECK_EQ(close(s->connection), 0);
}
