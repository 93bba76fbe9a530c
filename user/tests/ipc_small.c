/* ABI tests: messages of few bytes, which go through the kernel, and their border to those that do not. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/tests/ipc.h"

#define RW      (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define BUFFER  600 /* of the echo's server */

static const unsigned int sizes[] = {0,  1,   2,   7,   8,   9,   63,  64,
				     65, 255, 256, 257, 599, 600, 601, 1000};

/* Its words say how many bytes of what it brings are to come back, each of them one more. */
static int echo(int port)
{
	static char buffer[BUFFER], answer[2048];
	struct ipc_serve s = {.buffer = (uintptr_t)buffer, .room = sizeof(buffer)};
	struct ipc_message m = {0};
	long token = ipc_serve(port, 0, 0, &m, &s);

	while (token > 0 && m.words[0]) {
		uint64_t n = m.bytes;

		CHECK(n <= sizeof(answer));
		memcpy(answer, buffer, n < BUFFER ? n : BUFFER);
		if (n > BUFFER)
			CHECK_EQ(ipc_read(port, token, BUFFER, answer + BUFFER, n - BUFFER),
				 n - BUFFER);
		for (unsigned int i = 0; i < n; i++)
			answer[i]++;
		memset(buffer, 0x55, sizeof(buffer));
		s.addr = (uintptr_t)answer;
		s.bytes = m.words[1];
		m.words[1] = m.words[2];
		token = ipc_serve(port, token, (long)n, &m, &s);
	}
	CHECK(token > 0);
	return ipc_reply(port, token, 0, 0, 0, NULL) != 0;
}

/* Sends n bytes in `parts` segments, and wants `back` of them. */
static void send_some(int connection, unsigned int n, unsigned int back, unsigned int parts)
{
	static char out[2048], in[2048];
	struct ipc_segment from[2] = {{(uintptr_t)out, n}}, to = {(uintptr_t)in, back};
	struct ipc_msg m = {
		.words = {1, back, n},
		.out = (uintptr_t)from,
		.in = (uintptr_t)&to,
		.nr_out = parts,
		.nr_in = 1,
	};

	for (unsigned int i = 0; i < n; i++)
		out[i] = (char)(i * 5 + n);
	memset(in, 0, sizeof(in));
	if (parts == 2) {
		from[0].bytes = n / 3;
		from[1] = (struct ipc_segment){(uintptr_t)out + n / 3, n - n / 3};
	}
	CHECK_EQ(ipc_send(connection, &m), n);
	CHECK_EQ(m.reply[1], n);
	for (unsigned int i = 0; i < back; i++)
		CHECK_EQ(in[i], (char)(i * 5 + n + 1));
	CHECK_EQ(in[back], 0);
}

static void end_echo(struct server *s)
{
	uint64_t words[IPC_WORDS] = {0};

	CHECK_EQ(ipc_call(s->connection, words), 0);
	CHECK_EQ(status_of_pid(s->pid), EXITED(0));
	CHECK_EQ(close(s->connection), 0);
}

TEST(ipc, few_bytes_and_more_go_there_and_back)
{
	struct server s;

	need_ipc();
	s = start_server_with(echo);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		send_some(s.connection, sizes[i], sizes[i], 1);
		send_some(s.connection, sizes[i], 0, 1);
		send_some(s.connection, sizes[i], sizes[i] / 2, 2);
	}
	end_echo(&s);
}

/* A send of one byte each way. */
static long send_byte(int connection, void *out, void *in)
{
	struct ipc_segment from = {(uintptr_t)out, 1}, to = {(uintptr_t)in, 1};
	struct ipc_msg m = {
		.words = {1, 1},
		.out = (uintptr_t)&from,
		.in = (uintptr_t)&to,
		.nr_out = 1,
		.nr_in = 1,
	};

	return ipc_send(connection, &m);
}

/* One message, whose reply the client has no memory for: a byte is none the more taken for that. */
static int reply_in_vain(int port)
{
	char byte = 'x';
	struct ipc_serve s = {.buffer = (uintptr_t)&byte, .room = 1};
	struct ipc_message m = {0};
	long token = ipc_serve(port, 0, 0, &m, &s);

	CHECK(token > 0);
	CHECK_EQ(byte, 'o');
	s.addr = (uintptr_t)&byte;
	s.bytes = 1;
	CHECK_EQ(ipc_serve(port, token, 1, &m, &s), -EFAULT);
	return ipc_reply(port, token, -ENOMSG, 0, 0, NULL) != 0;
}

TEST(ipc, few_bytes_for_memory_that_is_not_there)
{
	static const char constant;
	char out = 'o', *gone = mmap(NULL, 2 * PAGE_SIZE, RW, PRIVATE, -1, 0);
	void *const targets[] = {(void *)&constant, NULL, gone, gone + PAGE_SIZE - 1};

	need_ipc();
	CHECK_EQ(munmap(gone, 2 * PAGE_SIZE), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(targets); i++) {
		struct server s = start_server_with(reply_in_vain);

		CHECK_EQ(send_byte(s.connection, &out, targets[i]), -ENOMSG);
		CHECK_EQ(status_of_pid(s.pid), EXITED(0));
		CHECK_EQ(close(s.connection), 0);
	}
}

/* Only its first page is there: what fits is not enough. */
static int reply_across(int port)
{
	char bytes[4] = "abc";
	struct ipc_serve s = {.addr = (uintptr_t)bytes, .bytes = 4};
	struct ipc_message m;
	long token = ipc_receive(port, &m, NULL);

	CHECK(token > 0);
	CHECK_EQ(ipc_serve(port, token, 4, &m, &s), -EFAULT);
	s.bytes = 2;
	CHECK_EQ(ipc_reply(port, token, 2, 0, 0, &(struct ipc_reply){.addr = s.addr, .bytes = 2}),
		 0);
	return 0;
}

TEST(ipc, few_bytes_across_the_end_of_memory)
{
	char *pages = mmap(NULL, 2 * PAGE_SIZE, RW, PRIVATE, -1, 0), *edge = pages + PAGE_SIZE - 2;
	struct ipc_segment to = {(uintptr_t)edge, 4};
	struct ipc_msg m = {.in = (uintptr_t)&to, .nr_in = 1};
	struct server s;

	need_ipc();
	CHECK_EQ(munmap(pages + PAGE_SIZE, PAGE_SIZE), 0);
	s = start_server_with(reply_across);
	CHECK_EQ(ipc_send(s.connection, &m), 2);
	CHECK_EQ(memcmp(edge, "ab", 2), 0);
	CHECK_EQ(status_of_pid(s.pid), EXITED(0));
}

TEST(ipc, few_bytes_from_memory_that_is_not_there)
{
	char in;
	struct server s;

	need_ipc();
	s = start_server_with(echo);
	/* The server does not hear of it. */
	CHECK_EQ(send_byte(s.connection, NULL, &in), -EFAULT);
	CHECK_EQ(send_byte(s.connection, &s, &in), 1);
	end_echo(&s);
}

/* A buffer that is not there is the server's error, and the client hears that there was one. */
static int wild_buffer(int port)
{
	struct ipc_serve s = {.buffer = 16, .room = 1};
	struct ipc_message m = {0};
	const struct ipc_serve *wild = (const struct ipc_serve *)16;
	long token;

	CHECK_EQ(ipc_serve(port, 0, 0, &m, &s), -EFAULT);
	token = ipc_receive(port, &m, NULL);
	CHECK(token > 0);
	CHECK_EQ(ipc_serve(port, token, 0, &m, wild), -EFAULT);
	s.nr_handles = IPC_HANDLES_MAX + 1;
	CHECK_EQ(ipc_serve(port, token, 0, &m, &s), -EINVAL);
	s.nr_handles = 1;
	s.handles = 16;
	CHECK_EQ(ipc_serve(port, token, 0, &m, &s), -EFAULT);
	s.nr_handles = 0;
	s.flags = 1;
	CHECK_EQ(ipc_serve(port, token, 0, &m, &s), -EINVAL);
	CHECK_EQ(ipc_serve(port, token + 1, 0, &m, &(struct ipc_serve){0}), -ESRCH);
	/* The reply is made, and nothing comes in time. */
	CHECK_EQ(ipc_serve(port, token, 7, &m, &(struct ipc_serve){.timeout = 1000000}),
		 -ETIMEDOUT);
	CHECK_EQ(ipc_reply(port, token, 0, 0, 0, NULL), -ESRCH);
	return 0;
}

TEST(ipc, wild_turns_of_a_server)
{
	char byte = 1;
	struct server s;

	need_ipc();
	s = start_server_with(wild_buffer);
	CHECK_EQ(send_byte(s.connection, &byte, &byte), -EIO);
	CHECK_EQ(call1(s.connection, 1, 2), 7);
	CHECK_EQ(status_of_pid(s.pid), EXITED(0));
}

/* A reply with data and a handle, and the next message in one call. */
static int give(int port)
{
	int32_t fd = (int32_t)ipc_connect(port, 99, 0);
	const char byte[2] = "b";
	struct ipc_serve s = {
		.addr = (uintptr_t)byte, .bytes = 1, .handles = (uintptr_t)&fd, .nr_handles = 1};
	struct ipc_message m = {0};
	long token = ipc_receive(port, &m, NULL);

	CHECK(token > 0);
	s.bytes = 2;
	CHECK_EQ(ipc_serve(port, token, 1, &m, &s), -ENOSPC);
	s.bytes = 1;
	token = ipc_serve(port, token, 1, &m, &s);
	CHECK(token > 0);
	CHECK_EQ(m.cookie, 99);
	return ipc_reply(port, token, 5, 0, 0, NULL) != 0;
}

TEST(ipc, a_turn_brings_bytes_and_a_handle)
{
	char in = 0;
	struct ipc_segment to = {(uintptr_t)&in, 1};
	struct ipc_msg m = {.in = (uintptr_t)&to, .nr_in = 1, .room = 1};
	struct server s;

	need_ipc();
	s = start_server_with(give);
	CHECK_EQ(ipc_send(s.connection, &m), 1);
	CHECK_EQ(in, 'b');
	CHECK_EQ(m.nr_got, 1);
	CHECK_EQ(call1(m.got[0], 0, 0), 5);
	CHECK_EQ(status_of_pid(s.pid), EXITED(0));
}

/* --- memory that changes while the call waits --- */

static char *page;
static volatile int *arrived; /* shared with the server: how many messages it has */

static void *take_away(void *connection)
{
	while (!*arrived)
		sched_yield();
	CHECK_EQ(munmap(page, PAGE_SIZE), 0);
	CHECK_EQ(call1((int)(intptr_t)connection, 0, 0), 0);
	return NULL;
}

/* Answers the first message when a second one has come, and then that. */
static int answer_late(int port)
{
	const char byte = 'z';
	const struct ipc_reply r = {.addr = (uintptr_t)&byte, .bytes = 1};
	struct ipc_message m;
	long first = ipc_receive(port, &m, NULL), second;

	*arrived = 1;
	second = ipc_receive(port, &m, NULL);
	CHECK(first > 0 && second > 0);
	(void)ipc_reply(port, first, 1, 0, 0, &r);
	return ipc_reply(port, second, 0, 0, 0, NULL) != 0;
}

/* The program has taken its own memory away: it hears of it, and nobody else. */
TEST(ipc, few_bytes_for_memory_that_goes)
{
	struct ipc_segment to;
	struct ipc_msg m = {.in = (uintptr_t)&to, .nr_in = 1};
	struct server s;
	pthread_t thread;

	need_ipc();
	page = mmap(NULL, PAGE_SIZE, RW, PRIVATE, -1, 0);
	to = (struct ipc_segment){(uintptr_t)page, 1};
	arrived = mmap(NULL, PAGE_SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(arrived != MAP_FAILED);
	s = start_server_with(answer_late);
	thread = start_thread(take_away, (void *)(intptr_t)s.connection);
	CHECK_EQ(ipc_send(s.connection, &m), -EFAULT);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(status_of_pid(s.pid), EXITED(0));
}

/* A fork meanwhile has made the page read-only: the byte arrives in the caller's own copy. */
TEST(ipc, few_bytes_for_a_page_that_is_shared)
{
	struct server s;

	need_ipc();
	page = mmap(NULL, PAGE_SIZE, RW, PRIVATE, -1, 0);
	s = start_server_with(echo);
	for (int i = 0; i < 3; i++) {
		char out = (char)(10 * i);
		pid_t pid;

		page[0] = 77;
		pid = fork();
		if (pid == 0) {
			while (page[0] == 77 && getppid() != 1)
				usleep(1000);
			_exit(1);
		}
		CHECK_EQ(send_byte(s.connection, &out, page), 1);
		CHECK_EQ(page[0], 10 * i + 1);
		CHECK_EQ(kill(pid, SIGKILL), 0);
		CHECK_EQ(status_of_pid(pid), SIGKILL);
	}
	end_echo(&s);
}
