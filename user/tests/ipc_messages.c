/* ABI tests: messages that arrive, and their data, handles and pulses. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "user/tests/ipc.h"

TEST(ipc, words_go_there_and_back)
{
	uint64_t words[IPC_WORDS] = {SERVE_ADD, 1ul << 62, -5ul, 0xfedcba9876543210};
	struct server s;

	need_ipc();
	s = start_server();
	CHECK_EQ(ipc_call(s.connection, words), (1l << 62) - 5);
	CHECK_EQ(words[0], 0xfedcba9876543210);
	CHECK_EQ(words[1], FIRST_COOKIE);
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t w[IPC_WORDS] = {SERVE_ADD, i, i, i};

		CHECK_EQ(ipc_call(s.connection, w), 2 * i);
		CHECK_EQ(w[0], i);
	}
	CHECK_EQ(call1(s.connection, 99, 0), -EINVAL);
	end_server(&s);
}

/* --- data --- */

static char text[3 * PAGE_SIZE];

static char pattern(unsigned int i)
{
	return (char)(i * 7 + i / 251);
}

static int check_data(int port)
{
	char head[100], all[3 * PAGE_SIZE];
	struct ipc_buffer buffer = {.addr = (uintptr_t)head, .bytes = sizeof(head)};
	struct ipc_message m;
	struct ipc_info info;
	long token = ipc_receive(port, &m, &buffer);

	CHECK(token > 0);
	CHECK_EQ(m.bytes, sizeof(text));
	for (unsigned int i = 0; i < sizeof(head); i++)
		CHECK_EQ(head[i], pattern(i));
	CHECK_EQ(ipc_info(port, token, &info), 0);
	CHECK_EQ(info.out_bytes, sizeof(text));
	CHECK_EQ(info.in_bytes, 1000 + 5000);
	CHECK_EQ(info.pid, getppid());
	CHECK_EQ(info.pgid, getpgrp());
	CHECK_EQ(info.sid, getsid(0));
	CHECK_EQ(info.cookie, FIRST_COOKIE);
	CHECK_EQ(ipc_read(port, token, 0, all, sizeof(all)), sizeof(all));
	for (unsigned int i = 0; i < sizeof(all); i++)
		CHECK_EQ(all[i], pattern(i));
	/* From the middle of one segment into another, and to the end. */
	CHECK_EQ(ipc_read(port, token, 5, all, 4000), 4000);
	CHECK_EQ(memcmp(all, text + 5, 4000), 0);
	CHECK_EQ(ipc_read(port, token, sizeof(text) - 3, all, 100), 3);
	CHECK_EQ(ipc_read(port, token, sizeof(text), all, 100), 0);
	CHECK_EQ(ipc_read(port, token, -1ul, all, 100), 0);
	CHECK_EQ(ipc_write(port, token, 10, text, 2000), 2000);
	CHECK_EQ(ipc_write(port, token, 5990, text, 100), 10);
	CHECK_EQ(ipc_write(port, token, 6000, text, 100), 0);
	CHECK_EQ(ipc_read(port, token, 0, (void *)16, 100), -EFAULT);
	CHECK_EQ(ipc_write(port, token, 0, (void *)16, 100), -EFAULT);
	CHECK_EQ(ipc_reply(port, token, 55, 6, 7, NULL), 0);
	return 0;
}

TEST(ipc, data_in_segments)
{
	static char in[6000];
	struct ipc_segment out_seg[] = {
		{(uintptr_t)text, 10},
		{0, 0},
		{(uintptr_t)text + 10, 3000},
		{(uintptr_t)text + 3010, 1},
		{(uintptr_t)text + 3011, sizeof(text) - 3011},
		{0, 0},
	};
	struct ipc_segment in_seg[] = {{(uintptr_t)in + 5000, 1000}, {(uintptr_t)in, 5000}};
	struct ipc_msg m = {
		.out = (uintptr_t)out_seg,
		.nr_out = ARRAY_SIZE(out_seg),
		.in = (uintptr_t)in_seg,
		.nr_in = ARRAY_SIZE(in_seg),
	};
	struct server s;

	need_ipc();
	for (unsigned int i = 0; i < sizeof(text); i++)
		text[i] = pattern(i);
	s = start_server_with(check_data);
	CHECK_EQ(ipc_send(s.connection, &m), 55);
	CHECK_EQ(m.reply[0], 6);
	CHECK_EQ(m.reply[1], 7);
	CHECK_EQ(memcmp(in + 5010, text, 990), 0);
	CHECK_EQ(memcmp(in, text + 990, 1010), 0);
	CHECK_EQ(memcmp(in + 4990, text, 10), 0);
	CHECK(in[1010] == 0 && in[4989] == 0 && in[5009] == 0);
	CHECK_EQ(status_of_pid(s.pid), EXITED(0));
}

/* --- handles --- */

TEST(ipc, a_connection_comes_with_a_reply)
{
	struct ipc_msg m = {.words = {SERVE_CONNECT, 77}, .room = 1};
	uint64_t words[IPC_WORDS] = {SERVE_ADD, 1, 2, 3};
	struct server s;

	need_ipc();
	s = start_server();
	CHECK_EQ(ipc_send(s.connection, &m), 0);
	CHECK_EQ(m.nr_got, 1);
	CHECK_EQ(ipc_call(m.got[0], words), 3);
	CHECK_EQ(words[1], 77);
	CHECK_EQ(call1(s.connection, SERVE_CLOSED, 0), 0);
	CHECK_EQ(close(m.got[0]), 0);
	CHECK_EQ(call1(s.connection, SERVE_CLOSED, 0), 1);
	end_server(&s);
}

/* A connection is closed with its last handle, wherever that is. */
TEST(ipc, the_last_close_is_told)
{
	struct ipc_msg m = {.words = {SERVE_CONNECT, 88}, .room = 1};
	uint64_t words[IPC_WORDS] = {SERVE_CLOSED};
	struct server s;
	pid_t pid;
	int other;

	need_ipc();
	s = start_server();
	CHECK_EQ(ipc_send(s.connection, &m), 0);
	other = dup(m.got[0]);
	CHECK(other >= 0);
	pid = fork();
	if (pid == 0) {
		CHECK_EQ(close(other), 0);
		CHECK_EQ(close(m.got[0]), 0);
		CHECK_EQ(call1(s.connection, SERVE_CLOSED, 0), 0);
		_exit(0);
	}
	CHECK_EQ(status_of_pid(pid), EXITED(0));
	CHECK_EQ(close(m.got[0]), 0);
	CHECK_EQ(call1(s.connection, SERVE_CLOSED, 0), 0);
	/* And when the last one that has it dies. */
	pid = fork();
	if (pid == 0)
		for (;;)
			nap_ns(1000000000);
	CHECK_EQ(close(other), 0);
	CHECK_EQ(call1(s.connection, SERVE_CLOSED, 0), 0);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(status_of_pid(pid), KILLED(SIGKILL));
	CHECK_EQ(ipc_call(s.connection, words), 1);
	CHECK_EQ(words[0], 88);
	end_server(&s);
}

static int take_memory(int port)
{
	struct ipc_message m;
	long token = ipc_receive(port, &m, NULL);
	int32_t fds[2];
	uint32_t *shared;

	CHECK_EQ(m.handles, 2);
	CHECK_EQ(ipc_take(port, token, fds, 1), -ENOSPC);
	CHECK_EQ(ipc_take(port, token, (int32_t *)8, 2), -EFAULT);
	CHECK_EQ(ipc_take(port, token, fds, 2), 2);
	shared = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	CHECK(shared != MAP_FAILED);
	CHECK_EQ(close(fds[0]), 0);
	CHECK_EQ(close(fds[1]), 0);
	CHECK_EQ(shared[0], 1234);
	shared[PAGE_SIZE / 4] = 5678;
	return ipc_reply(port, token, 0, 0, 0, NULL) != 0;
}

TEST(ipc, memory_is_granted)
{
	struct ipc_msg m = {.nr_handles = 2};
	uint32_t *shared;
	struct server s;

	need_ipc();
	s = start_server_with(take_memory);
	m.handles[0] = memobj_create(2 * PAGE_SIZE - 1, 0);
	m.handles[1] = s.connection;
	CHECK(m.handles[0] >= 0);
	shared = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, m.handles[0], 0);
	CHECK(shared != MAP_FAILED);
	shared[0] = 1234;
	CHECK_EQ(ipc_send(s.connection, &m), 0);
	CHECK_EQ(shared[PAGE_SIZE / 4], 5678);
	CHECK_EQ(status_of_pid(s.pid), EXITED(0));
	/* The second page alone, privately. */
	CHECK_EQ(munmap(shared, 2 * PAGE_SIZE), 0);
	shared =
		mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, m.handles[0], PAGE_SIZE);
	CHECK(shared != MAP_FAILED);
	CHECK_EQ(shared[0], 5678);
	/* Its server would be asked, and is gone. A port is nothing that can be mapped. */
	CHECK(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, s.connection, 0) == MAP_FAILED);
	CHECK_EQ(errno, EIO);
	CHECK(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, (int)ipc_port(0), 0) == MAP_FAILED);
	CHECK_EQ(errno, EACCES);
	CHECK(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, 77, 0) == MAP_FAILED);
	CHECK_EQ(errno, EBADF);
}

static volatile char *granted;

static void touch_second_page(void)
{
	granted[PAGE_SIZE]++;
}

TEST(ipc, memory_has_an_end)
{
	int object, view, read_only;

	need_ipc();
	object = (int)memobj_create(3 * PAGE_SIZE, 0);
	view = (int)memobj_view(object, IPC_CLOEXEC);
	read_only = (int)memobj_view(view, MEMOBJ_READ_ONLY);
	CHECK(view > object && read_only > view);
	CHECK_EQ(fcntl(view, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(memobj_view(object, 2), -EINVAL);
	CHECK_EQ(memobj_view(77, 0), -EBADF);
	CHECK_EQ(memobj_view((int)ipc_port(0), 0), -EBADF);
	CHECK_EQ(memobj_end(77, 0), -EBADF);
	CHECK_EQ(memobj_end(object, 3 * PAGE_SIZE + 1), -EINVAL);
	CHECK_EQ(memobj_end(object, -1ul), -EINVAL);
	/* Who was given it cannot take the pages away from under its owner. */
	CHECK_EQ(memobj_end(view, 0), -EPERM);
	CHECK_EQ(memobj_end(read_only, 0), -EPERM);
	granted = mmap(NULL, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, view, 0);
	CHECK(granted != MAP_FAILED);
	CHECK_EQ(memobj_end(object, 1), 0);
	granted[0] = 7;
	CHECK_EQ(NO_CORE(status_of(touch_second_page)), KILLED(SIGBUS));
	CHECK_EQ(memobj_end(object, PAGE_SIZE + 1), 0);
	CHECK_EQ(status_of(touch_second_page), EXITED(0));
	CHECK_EQ(granted[PAGE_SIZE], 1);
	/* By the other view it is only looked at, or copied. */
	CHECK(mmap(NULL, PAGE_SIZE, PROT_WRITE, MAP_SHARED, read_only, 0) == MAP_FAILED);
	CHECK_EQ(errno, EACCES);
	granted = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, read_only, 0);
	CHECK_EQ(granted[0], 7);
	CHECK_EQ(mprotect((void *)granted, PAGE_SIZE, PROT_READ | PROT_WRITE), -1);
	granted = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, read_only, 0);
	granted[0]++;
	CHECK_EQ(granted[0], 8);
}

/* --- pulses --- */

TEST(ipc, pulses_gather_bits)
{
	int port, connection;
	struct ipc_message m;

	need_ipc();
	port = ipc_port(0);
	connection = ipc_connect(port, 5, 0);
	CHECK_EQ(ipc_pulse(connection, 1), 0);
	CHECK_EQ(ipc_pulse(connection, 4), 0);
	CHECK_EQ(ipc_receive(port, &m, NULL), 0);
	CHECK_EQ(m.cookie, 5);
	CHECK_EQ(m.words[0], IPC_PULSE_BITS);
	CHECK_EQ(m.words[1], 5);
	CHECK_EQ(ipc_pulse(connection, 2), 0);
	CHECK_EQ(close(connection), 0);
	CHECK_EQ(ipc_receive(port, &m, NULL), 0);
	CHECK_EQ(m.words[0], IPC_PULSE_BITS);
	CHECK_EQ(m.words[1], 2);
	CHECK_EQ(ipc_receive(port, &m, NULL), 0);
	CHECK_EQ(m.words[0], IPC_PULSE_CLOSED);
	CHECK_EQ(m.cookie, 5);
	connection = ipc_connect(port, 5, 0);
	CHECK_EQ(ipc_pulse(connection, 2), 0);
	CHECK_EQ(close(port), 0);
	CHECK_EQ(ipc_pulse(connection, 2), -EPIPE);
}

/* --- several threads on one port --- */

#define POOL    4
#define CLIENTS 6
#define ROUNDS  300

static int pool_port;

static void *pool_thread(void *unused)
{
	struct ipc_message m;
	long token = ipc_receive(pool_port, &m, NULL);

	(void)unused;
	while (token != -EBADF) {
		long status = m.words[0];

		if (token == 0 && m.words[0] == IPC_PULSE_BITS)
			break;
		token = ipc_reply_receive(pool_port, token, status, &m, NULL);
	}
	return NULL;
}

static int client_of_pool(int connection, unsigned int number)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t words[IPC_WORDS] = {number * 1000 + i, i};

		if (ipc_call(connection, words) != (long)(number * 1000 + i) || words[1] != i)
			return 1;
	}
	return 0;
}

TEST(ipc, a_pool_of_threads_serves)
{
	pthread_t pool[POOL];
	pid_t clients[CLIENTS];
	int connection;

	need_ipc();
	pool_port = ipc_port(0);
	connection = ipc_connect(pool_port, 0, 0);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		if (clients[i] == 0)
			_exit(client_of_pool(connection, i));
	}
	for (unsigned int i = 0; i < POOL; i++)
		pool[i] = start_thread(pool_thread, NULL);
	for (unsigned int i = 0; i < CLIENTS; i++)
		CHECK_EQ(status_of_pid(clients[i]), EXITED(0));
	CHECK_EQ(close(pool_port), 0);
	for (unsigned int i = 0; i < POOL; i++)
		CHECK_EQ(pthread_join(pool[i], NULL), 0);
	CHECK_EQ(call1(connection, 0, 0), -EPIPE);
}
