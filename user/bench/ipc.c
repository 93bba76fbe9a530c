/*
 * Messages between two processes of one CPU: a call and its reply, with a byte each, and 64 KiB by copy and by grant.
 */
#include <errno.h>
#include <sys/mman.h>

#include "user/bench/bench.h"
#include "user/lib/ipc.h"

#define BULK 65536

static int port, connection, object;
/* Not in the program: the process that forks above has few pages. */
static char *bulk;

/* What the server does with a message, by its first word. */
enum { OP_NOTHING, OP_BYTE, OP_COPY, OP_MAP };

static long map_object(long token)
{
	int32_t fd;
	long at;

	if (ipc_take(port, token, &fd, 1) != 1)
		return -1;
	at = raw_syscall6(SYS_mmap, 0, BULK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	raw_syscall1(SYS_close, fd);
	if (at < 0)
		return at;
	/* Each page is looked at, as a server would. */
	for (unsigned int i = 0; i < BULK; i += 4096)
		*(volatile char *)(at + i);
	return raw_syscall2(SYS_munmap, at, BULK);
}

/* Until the client is gone: the last handle of its connection closes. */
static void serve(void)
{
	struct ipc_buffer whole = {.addr = (uintptr_t)bulk, .bytes = BULK};
	struct ipc_serve byte = {
		.addr = (uintptr_t)bulk, .bytes = 1, .buffer = (uintptr_t)bulk, .room = 1};
	struct ipc_message m;
	long token = ipc_receive(port, &m, &whole);

	while (token > 0) {
		long status = m.words[0] == OP_MAP ? map_object(token) : 0;

		if (m.words[0] == OP_BYTE)
			token = ipc_serve(port, token, status, &m, &byte);
		else
			token = ipc_reply_receive(port, token, status, &m,
						  m.words[0] == OP_COPY ? &whole : NULL);
	}
}

static bool call_reply(void)
{
	uint64_t words[IPC_WORDS] = {OP_NOTHING, 1, 2, 3};

	return ipc_call(connection, words) == 0;
}

static bool call_1_byte(void)
{
	struct ipc_segment byte = {(uintptr_t)bulk, 1};
	struct ipc_msg m = {.words = {OP_BYTE},
			    .out = (uintptr_t)&byte,
			    .in = (uintptr_t)&byte,
			    .nr_out = 1,
			    .nr_in = 1};

	return ipc_send(connection, &m) == 0;
}

static bool copy_64k(void)
{
	struct ipc_segment out = {(uintptr_t)bulk, BULK};
	struct ipc_msg m = {.words = {OP_COPY}, .out = (uintptr_t)&out, .nr_out = 1};

	return ipc_send(connection, &m) == 0;
}

static bool grant_64k(void)
{
	struct ipc_msg m = {.words = {OP_MAP}, .handles = {object}, .nr_handles = 1};

	return ipc_send(connection, &m) == 0;
}

static int measure_calls(unsigned int n)
{
	int failed = report("call_reply", call_reply, n, "instructions");

	failed += report("call_1_byte", call_1_byte, n, "instructions");
	failed += report("message_64k_by_copy", copy_64k, n / 10 + 1, "instructions");
	return failed + report("message_64k_by_grant", grant_64k, n / 10 + 1, "instructions");
}

/* This process serves, a child measures: each has handles of its own. */
int bench_ipc(unsigned int n)
{
	int status = -1;
	long pid, at;

	port = ipc_port(0);
	if (port == -ENOSYS) {
		put("bench-note: this kernel has no messages");
		put_line();
		return 0;
	}
	connection = ipc_connect(port, 7, 0);
	object = memobj_create(BULK, 0);
	at = raw_syscall6(SYS_mmap, 0, BULK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	bulk = (char *)at;
	if (port < 0 || connection < 0 || object < 0 || at < 0)
		return 1;
	pid = raw_syscall0(SYS_fork);
	if (pid == 0)
		raw_exit(measure_calls(n));
	raw_syscall1(SYS_close, connection);
	serve();
	raw_syscall4(SYS_wait4, pid, (uintptr_t)&status, 0, 0);
	raw_syscall1(SYS_close, port);
	raw_syscall1(SYS_close, object);
	raw_syscall2(SYS_munmap, at, BULK);
	return status != 0;
}
