/* ABI tests: messages that do not arrive: bad arguments, deaths, time-outs, handles that are closed meanwhile. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "user/tests/ipc.h"

#define MS 1000000ul

TEST(ipc, what_is_no_handle)
{
	struct ipc_msg m = {0};
	struct ipc_message r;
	uint64_t words[IPC_WORDS] = {0};
	int port, connection;

	need_ipc();
	port = ipc_port(0);
	connection = ipc_connect(port, 0, 0);
	/* No handle, or one of another kind. */
	for (int i = 0; i < 4; i++) {
		int none[] = {-1, 900, (int)memobj_create(1, 0), port}, sender = none[i];
		int no_port = i == 3 ? connection : none[i];

		CHECK_EQ(ipc_call(sender, words), -EBADF);
		CHECK_EQ(ipc_send(sender, &m), -EBADF);
		CHECK_EQ(ipc_pulse(sender, 1), -EBADF);
		CHECK_EQ(ipc_connect(no_port, 0, 0), -EBADF);
		CHECK_EQ(ipc_receive(no_port, &r, NULL), -EBADF);
		CHECK_EQ(ipc_reply(no_port, 1, 0, 0, 0, NULL), -EBADF);
		CHECK_EQ(ipc_reply_receive(no_port, 1, 0, &r, NULL), -EBADF);
		CHECK_EQ(ipc_read(no_port, 1, 0, words, 1), -EBADF);
		CHECK_EQ(ipc_write(no_port, 1, 0, words, 1), -EBADF);
		CHECK_EQ(ipc_take(no_port, 1, NULL, 0), -EBADF);
		CHECK_EQ(ipc_info(no_port, 1, NULL), -EBADF);
		CHECK_EQ(ipc_requeue(no_port), -EBADF);
	}
	CHECK_EQ(ipc_port(2), -EINVAL);
	CHECK_EQ(ipc_connect(port, 0, 1), -EINVAL);
	CHECK_EQ(memobj_create(0, 0), -EINVAL);
	CHECK_EQ(memobj_create(-1ul, 0), -EINVAL);
	CHECK_EQ(memobj_create(1, 1), -EINVAL);
	/* The right to receive is this process's alone. */
	CHECK_EQ(dup(port), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(dup2(port, 50), -1);
	CHECK_EQ(fcntl(port, F_DUPFD, 0), -1);
	m.nr_handles = 1;
	m.handles[0] = port;
	CHECK_EQ(ipc_send(connection, &m), -EPERM);
	CHECK_EQ(write(port, "x", 1), -1);
	CHECK_EQ(fcntl(ipc_port(IPC_CLOEXEC), F_GETFD), FD_CLOEXEC);
}

/* fork leaves ports out; their numbers are free in the child, and are given first. */
TEST(ipc, a_port_stays_with_its_process)
{
	int fds[12], port;
	pid_t pid;

	need_ipc();
	for (unsigned int i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = i % 3 ? dup(1) : ipc_port(0);
	port = fds[9];
	pid = fork();
	if (pid == 0) {
		for (unsigned int i = 0; i < ARRAY_SIZE(fds); i++)
			CHECK_EQ(fcntl(fds[i], F_GETFD), i % 3 ? 0 : -1);
		for (unsigned int i = 0; i < ARRAY_SIZE(fds); i += 3)
			CHECK_EQ(dup(1), fds[i]);
		CHECK_EQ(dup(1), fds[ARRAY_SIZE(fds) - 1] + 1);
		CHECK_EQ(ipc_connect(port, 0, 0), -EBADF);
		_exit(0);
	}
	CHECK_EQ(status_of_pid(pid), EXITED(0));
	CHECK(ipc_connect(port, 0, 0) >= 0);
}

TEST(ipc, replies_to_nobody)
{
	struct ipc_message m = {0};
	int port, other;

	need_ipc();
	port = ipc_port(0);
	other = ipc_port(0);
	for (uint64_t token = 0; token < 3; token++) {
		CHECK_EQ(ipc_reply(port, token, 0, 0, 0, NULL), -ESRCH);
		CHECK_EQ(ipc_read(port, token, 0, NULL, 0), -ESRCH);
		CHECK_EQ(ipc_info(port, token, NULL), -ESRCH);
	}
	CHECK_EQ(ipc_reply_receive(port, 12345, 0, &m, NULL), -ESRCH);
	int connection = ipc_connect(port, 0, 0);
	pid_t pid = fork();

	if (pid == 0)
		_exit(call1(connection, 0, 0) == 42 ? 0 : 1);
	long token = ipc_receive(port, &m, NULL);

	CHECK(token > 0);
	CHECK_EQ(ipc_reply(other, token, 0, 0, 0, NULL), -ESRCH);
	CHECK_EQ(ipc_reply(port, token + 1, 0, 0, 0, NULL), -ESRCH);
	CHECK_EQ(ipc_reply(port, token + (1l << 32), 0, 0, 0, NULL), -ESRCH);
	CHECK_EQ(ipc_reply(port, token, 42, 0, 0, NULL), 0);
	CHECK_EQ(ipc_reply(port, token, 43, 0, 0, NULL), -ESRCH);
	CHECK_EQ(ipc_reply_receive(port, token, 44, &m, NULL), -ESRCH);
	CHECK_EQ(status_of_pid(pid), EXITED(0));
}

/* --- malformed messages: none gets to the server --- */

TEST(ipc, malformed_messages)
{
	static struct ipc_segment many[IPC_SEGMENTS_MAX + 1];
	struct ipc_segment seg = {0, IPC_DATA_MAX}, two[2] = {{0, IPC_DATA_MAX}, {0, 1}};
	struct ipc_msg m;
	struct server s;

	need_ipc();
	s = start_server();
	for (unsigned int kind = 0; kind < NR_WILD; kind++) {
		uintptr_t wild = wild_address(kind);

		CHECK_EQ(ipc_send(s.connection, (struct ipc_msg *)wild), -EFAULT);
		m = (struct ipc_msg){.out = wild, .nr_out = 1};
		CHECK_EQ(ipc_send(s.connection, &m), -EFAULT);
		m = (struct ipc_msg){.in = wild, .nr_in = 20};
		CHECK_EQ(ipc_send(s.connection, &m), -EFAULT);
	}
	m = (struct ipc_msg){.out = (uintptr_t)many, .nr_out = IPC_SEGMENTS_MAX + 1};
	CHECK_EQ(ipc_send(s.connection, &m), -EINVAL);
	m = (struct ipc_msg){.in = (uintptr_t)many, .nr_in = -1u};
	CHECK_EQ(ipc_send(s.connection, &m), -EINVAL);
	m = (struct ipc_msg){.out = (uintptr_t)two, .nr_out = 2};
	CHECK_EQ(ipc_send(s.connection, &m), -EINVAL);
	two[1].bytes = -1ul;
	CHECK_EQ(ipc_send(s.connection, &m), -EINVAL);
	m = (struct ipc_msg){.nr_handles = IPC_HANDLES_MAX + 1};
	CHECK_EQ(ipc_send(s.connection, &m), -EINVAL);
	m = (struct ipc_msg){.room = -1u};
	CHECK_EQ(ipc_send(s.connection, &m), -EINVAL);
	m = (struct ipc_msg){.nr_handles = 2, .handles = {1, 500}};
	CHECK_EQ(ipc_send(s.connection, &m), -EBADF);
	/* The memory that the segments name is looked at when it is copied, and no earlier. */
	m = (struct ipc_msg){.words = {SERVE_ADD, 1, 2}, .out = (uintptr_t)&seg, .nr_out = 1};
	CHECK_EQ(ipc_send(s.connection, &m), 3);
	m = (struct ipc_msg){
		.words = {SERVE_ADD, 1, 2}, .out = (uintptr_t)many, .nr_out = IPC_SEGMENTS_MAX};
	CHECK_EQ(ipc_send(s.connection, &m), 3);
	end_server(&s);
}

/* The result does not fit where it should go: an error, and no handle is left over. */
TEST(ipc, results_that_cannot_be_written)
{
	struct ipc_msg *m;
	struct server s;
	int next;

	need_ipc();
	s = start_server();
	m = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(m != MAP_FAILED);
	*m = (struct ipc_msg){.words = {SERVE_CONNECT, 7}, .room = 1};
	CHECK_EQ(mprotect(m, PAGE_SIZE, PROT_READ), 0);
	next = dup(1);
	CHECK_EQ(close(next), 0);
	CHECK_EQ(ipc_send(s.connection, m), -EFAULT);
	CHECK_EQ(dup(1), next);
	CHECK_EQ(call1(s.connection, SERVE_CLOSED, 0), 1);
	end_server(&s);
}

TEST(ipc, the_client_has_no_handle_left)
{
	struct ipc_msg m = {.words = {SERVE_CONNECT, 7}, .room = 1};
	struct server s;
	int fd;

	need_ipc();
	s = start_server();
	while ((fd = dup(1)) >= 0)
		;
	CHECK_EQ(ipc_send(s.connection, &m), -EMFILE);
	CHECK_EQ(ipc_port(0), -EMFILE);
	CHECK_EQ(memobj_create(1, 0), -EMFILE);
	/* The connection that nobody got is closed. */
	CHECK_EQ(call1(s.connection, SERVE_CLOSED, 0), 1);
	/* Nor has it room for one: the server is told, and the client goes on waiting. */
	m.room = 0;
	m.timeout = 20 * MS;
	CHECK_EQ(kill(s.pid, SIGKILL), 0);
	CHECK_EQ(status_of_pid(s.pid), KILLED(SIGKILL));
	CHECK_EQ(ipc_send(s.connection, &m), -EPIPE);
}

/* --- the client's memory is not there --- */

static int copy_from_nowhere(int port)
{
	char buffer[51];
	struct ipc_buffer b = {.addr = (uintptr_t)buffer, .bytes = 50};
	struct ipc_message m;
	/* The first message vanishes: its client is told, and the server nothing. */
	long token = ipc_receive(port, &m, &b);

	CHECK(token > 0);
	CHECK_EQ(m.words[0], 2);
	CHECK_EQ(ipc_read(port, token, 0, buffer, 50), 50);
	CHECK_EQ(ipc_read(port, token, 50, buffer, 50), -EFAULT);
	CHECK_EQ(ipc_write(port, token, 0, buffer, 50), -EFAULT);
	struct ipc_reply r = {.addr = (uintptr_t)buffer, .bytes = 50};

	/* An error, and the client still waits. */
	CHECK_EQ(ipc_reply(port, token, 0, 0, 0, &r), -EFAULT);
	r.bytes = 51;
	CHECK(ipc_reply(port, token, 0, 0, 0, &r) < 0);
	r = (struct ipc_reply){.addr = 8, .bytes = 1};
	CHECK_EQ(ipc_reply(port, token, 0, 0, 0, &r), -EFAULT);
	r = (struct ipc_reply){.nr_handles = 1, .handles = {1}};
	CHECK_EQ(ipc_reply(port, token, 0, 0, 0, &r), -ENOSPC);
	r = (struct ipc_reply){.nr_handles = 9};
	CHECK_EQ(ipc_reply(port, token, 0, 0, 0, &r), -EINVAL);
	CHECK_EQ(ipc_reply(port, token, 0, 0, 0, (void *)8), -EFAULT);
	CHECK_EQ(ipc_reply(port, token, 9, 0, 0, NULL), 0);
	return 0;
}

TEST(ipc, memory_that_is_not_there)
{
	char *page;
	struct ipc_segment out[2], in;
	struct ipc_msg m;
	struct server s;

	need_ipc();
	s = start_server_with(copy_from_nowhere);
	page = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	CHECK(page != MAP_FAILED);
	page[0] = 1;
	CHECK_EQ(mprotect(page + PAGE_SIZE, PAGE_SIZE, PROT_NONE), 0);
	out[0] = (struct ipc_segment){(uintptr_t)page + PAGE_SIZE, 100};
	m = (struct ipc_msg){.words = {1}, .out = (uintptr_t)out, .nr_out = 1};
	CHECK_EQ(ipc_send(s.connection, &m), -EFAULT);
	/* What no user can have is not sent. */
	out[1] = (struct ipc_segment){0xffff888000000000, 100};
	m = (struct ipc_msg){.words = {1}, .out = (uintptr_t)out, .nr_out = 2};
	CHECK_EQ(ipc_send(s.connection, &m), -EFAULT);
	m = (struct ipc_msg){.words = {1}, .in = (uintptr_t)(out + 1), .nr_in = 1};
	CHECK_EQ(ipc_send(s.connection, &m), -EFAULT);
	/* The receiver's buffer takes all of the first segment, which is there, and none of the second. */
	out[0] = (struct ipc_segment){(uintptr_t)page, 50};
	out[1] = (struct ipc_segment){(uintptr_t)page + PAGE_SIZE, 100};
	in = (struct ipc_segment){(uintptr_t)page + PAGE_SIZE, 50};
	m = (struct ipc_msg){
		.words = {2}, .out = (uintptr_t)out, .nr_out = 2, .in = (uintptr_t)&in, .nr_in = 1};
	CHECK_EQ(ipc_send(s.connection, &m), 9);
	CHECK_EQ(status_of_pid(s.pid), EXITED(0));
}

/* --- deaths --- */

/* Child processes that are blocked in a call with words[0] = op. Each exits with the errno. */
static void start_callers(pid_t *pids, unsigned int n, int connection, uint64_t op)
{
	for (unsigned int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit((int)-call1(connection, op, 0));
	}
}

TEST(ipc, a_dead_server_wakes_its_clients)
{
	pid_t pids[8];
	struct server s;

	need_ipc();
	s = start_server();
	start_callers(pids, 8, s.connection, SERVE_NEVER);
	nap_ns(5 * MS);
	CHECK_EQ(call1(s.connection, SERVE_DIE, 0), -EPIPE);
	for (unsigned int i = 0; i < 8; i++)
		CHECK_EQ(status_of_pid(pids[i]), EXITED(EPIPE));
	CHECK_EQ(status_of_pid(s.pid), EXITED(1));
	CHECK_EQ(call1(s.connection, SERVE_ADD, 0), -EPIPE);
	CHECK_EQ(close(s.connection), 0);
}

static int never_receive(int port)
{
	(void)port;
	nap_ns(1000000 * MS);
	return 1;
}

TEST(ipc, a_killed_server_wakes_who_it_never_received)
{
	pid_t pids[4];
	struct server s;

	need_ipc();
	s = start_server_with(never_receive);
	start_callers(pids, 4, s.connection, SERVE_ADD);
	nap_ns(2 * MS);
	CHECK_EQ(kill(s.pid, SIGKILL), 0);
	for (unsigned int i = 0; i < 4; i++)
		CHECK_EQ(status_of_pid(pids[i]), EXITED(EPIPE));
	CHECK_EQ(status_of_pid(s.pid), KILLED(SIGKILL));
}

TEST(ipc, clients_die_while_they_wait)
{
	pid_t pids[8];
	struct server s;

	need_ipc();
	s = start_server();
	start_callers(pids, 8, s.connection, SERVE_NEVER);
	nap_ns(5 * MS);
	for (unsigned int i = 0; i < 8; i++) {
		CHECK_EQ(kill(pids[i], SIGKILL), 0);
		CHECK_EQ(status_of_pid(pids[i]), KILLED(SIGKILL));
	}
	/* Their tokens are nobody's now. */
	CHECK_EQ(call1(s.connection, SERVE_FORGET, 0), 0);
	end_server(&s);
	s = start_server_with(never_receive);
	start_callers(pids, 8, s.connection, SERVE_NEVER);
	nap_ns(5 * MS);
	for (unsigned int i = 0; i < 8; i++) {
		CHECK_EQ(kill(pids[i], SIGKILL), 0);
		CHECK_EQ(status_of_pid(pids[i]), KILLED(SIGKILL));
	}
	CHECK_EQ(kill(s.pid, SIGKILL), 0);
	CHECK_EQ(status_of_pid(s.pid), KILLED(SIGKILL));
}

/* --- time-outs --- */

TEST(ipc, time_outs)
{
	uint64_t words[IPC_WORDS] = {SERVE_NEVER};
	struct ipc_buffer b = {.timeout = 2 * MS};
	struct ipc_message m;
	struct server s;
	uint64_t before;
	int port;

	need_ipc();
	s = start_server();
	before = now_ns();
	CHECK_EQ(ipc_call_timed(s.connection, words, 3 * MS), -ETIMEDOUT);
	CHECK(now_ns() - before >= 3 * MS);
	/* In time. */
	words[0] = SERVE_ADD;
	words[1] = words[2] = 4;
	CHECK_EQ(ipc_call_timed(s.connection, words, 1000000 * MS), 8);
	CHECK_EQ(call1(s.connection, SERVE_FORGET, 0), 0);
	end_server(&s);
	s = start_server_with(never_receive);
	words[0] = SERVE_ADD;
	CHECK_EQ(ipc_call_timed(s.connection, words, 1), -ETIMEDOUT);
	CHECK_EQ(kill(s.pid, SIGKILL), 0);
	CHECK_EQ(status_of_pid(s.pid), KILLED(SIGKILL));
	port = ipc_port(0);
	CHECK_EQ(ipc_receive(port, &m, &b), -ETIMEDOUT);
	CHECK_EQ(ipc_reply_receive(port, 0, 0, &m, &b), -ETIMEDOUT);
}

/* --- handles that are closed meanwhile --- */

static int shared_connection, shared_port;

static void *call_thread(void *result)
{
	*(long *)result = call1(shared_connection, SERVE_NEVER, 0);
	return NULL;
}

TEST(ipc, a_handle_is_closed_during_its_call)
{
	struct ipc_msg m = {.words = {SERVE_CONNECT, 9}, .room = 1};
	pthread_t thread;
	struct server s;
	long result = 0;

	need_ipc();
	s = start_server();
	CHECK_EQ(ipc_send(s.connection, &m), 0);
	shared_connection = m.got[0];
	thread = start_thread(call_thread, &result);
	nap_ns(5 * MS);
	CHECK_EQ(close(shared_connection), 0);
	/* The call is still under way, so its connection is. */
	CHECK_EQ(call1(s.connection, SERVE_CLOSED, 0), 0);
	CHECK_EQ(call1(s.connection, SERVE_FORGET, 0), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(result, -ENOMSG);
	CHECK_EQ(call1(s.connection, SERVE_CLOSED, 0), 1);
	end_server(&s);
}

static void *receive_thread(void *result)
{
	struct ipc_message m;

	*(long *)result = ipc_receive(shared_port, &m, NULL);
	return NULL;
}

TEST(ipc, a_port_is_closed_while_it_is_received_from)
{
	pthread_t threads[3];
	long results[3] = {0};

	need_ipc();
	shared_port = ipc_port(0);
	for (unsigned int i = 0; i < 3; i++)
		threads[i] = start_thread(receive_thread, &results[i]);
	nap_ns(5 * MS);
	CHECK_EQ(close(shared_port), 0);
	for (unsigned int i = 0; i < 3; i++) {
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
		CHECK_EQ(results[i], -EBADF);
	}
}
