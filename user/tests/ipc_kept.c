/* ABI tests: a port that outlives its servers. */
#include <signal.h>
#include <sched.h>
#include <stdlib.h>

#include "user/tests/ipc.h"

#define CLIENTS 3

/* Answers `n` messages with `id`; with `dies` it ends after it has received that many instead. */
static void serve(int port, int n, long id, bool dies)
{
	struct ipc_message m;

	for (int i = 0; i < n; i++) {
		long token = ipc_receive(port, &m, NULL);

		if (token <= 0)
			_exit(1);
		if (!dies && ipc_reply(port, token, id + (long)m.words[0], m.cookie, 0, NULL))
			_exit(2);
	}
	if (dies)
		kill(getpid(), SIGKILL);
	_exit(0);
}

static pid_t start(int port, int n, long id, bool dies)
{
	pid_t pid = fork();

	if (pid == 0)
		serve(port, n, id, dies);
	return pid;
}

static pid_t start_client(int connection, uint64_t word)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(call1(connection, word, 0) == 100 + (long)word ? 0 : 3);
	return pid;
}

/* Two of three have been received when the server dies; the next one answers all. */
TEST(ipc, messages_go_on_to_the_next_server)
{
	pid_t clients[CLIENTS], first, second;
	int port, connection;

	need_ipc();
	port = ipc_port(IPC_INHERIT);
	connection = ipc_connect(port, 7, 0);
	CHECK_EQ(ipc_requeue(port), 0);
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = start_client(connection, (uint64_t)i);
	first = start(port, CLIENTS - 1, 0, true);
	CHECK_EQ(status_of_pid(first), SIGKILL);
	CHECK_EQ(ipc_requeue(port), CLIENTS - 1);
	CHECK_EQ(ipc_requeue(port), 0);
	second = start(port, CLIENTS, 100, false);
	for (int i = 0; i < CLIENTS; i++)
		CHECK_EQ(status_of_pid(clients[i]), EXITED(0));
	CHECK_EQ(status_of_pid(second), EXITED(0));
	/* A client whose message lies there has the token that it had. */
	clients[0] = start_client(connection, 1);
	CHECK_EQ(status_of_pid(start(port, 1, 0, true)), SIGKILL);
	CHECK_EQ(kill(clients[0], SIGKILL), 0);
	CHECK_EQ(status_of_pid(clients[0]), SIGKILL);
	CHECK_EQ(ipc_requeue(port), 0);
}

/* The port ends with its last handle, wherever that is. */
TEST(ipc, a_kept_port_ends_with_its_last_handle)
{
	int port, connection, ends[2];
	uint64_t words[IPC_WORDS] = {0};
	struct ipc_message m;
	pid_t child;

	need_ipc();
	port = ipc_port(IPC_INHERIT);
	ends[0] = ipc_port(0);
	ends[1] = ipc_connect(ends[0], 0, 0);
	connection = ipc_connect(port, 7, 0);
	child = fork();
	if (child == 0) {
		/* The parent's handle is closed when it says so. */
		if (ipc_call(ends[1], words) != 0)
			_exit(1);
		_exit(ipc_receive(port, &m, NULL) > 0 ? 0 : 2);
	}
	CHECK_EQ(close(port), 0);
	CHECK_EQ(ipc_reply(ends[0], ipc_receive(ends[0], &m, NULL), 0, 0, 0, NULL), 0);
	/* It is received there, and then the last handle goes with its process. */
	CHECK_EQ(ipc_call(connection, words), -EPIPE);
	CHECK_EQ(status_of_pid(child), EXITED(0));
	CHECK_EQ(ipc_call(connection, words), -EPIPE);
}
