/* The server that the tests of the file layer talk to: see files.h. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "user/tests/files.h"

struct script *script;

/* What came in a word is beside it too, for a server that wants it later. */
static void check_short(const struct fs_request *r, const struct script_seen *s)
{
	char beside[FS_SHORT_MAX + 1];

	CHECK_EQ(ipc_read(r->server->port, r->token, 0, beside, sizeof(beside)),
		 (long)s->data_bytes);
	CHECK_EQ(memcmp(beside, s->data, s->data_bytes), 0);
}

static void keep_seen(struct script_seen *s, const struct fs_request *r,
		      const struct ipc_info *info)
{
	size_t bytes = r->data_bytes < sizeof(s->data) ? r->data_bytes : sizeof(s->data);

	s->cookie = r->cookie;
	s->op = r->op;
	s->flags = r->flags;
	memcpy(s->arg, r->arg, sizeof(s->arg));
	CHECK(strlen(r->path) < sizeof(s->path));
	strcpy(s->path, r->path);
	s->data_bytes = r->data_bytes;
	s->in_bytes = info->in_bytes;
	(void)fs_data((struct fs_request *)r, 0, s->data, bytes);
	if (r->flags & FS_SHORT && r->op == FS_WRITE)
		check_short(r, s);
}

static int object_with(const char *data, size_t bytes)
{
	int fd = (int)memobj_create(PAGE_SIZE, 0);
	char *p = mmap(NULL, PAGE_SIZE, PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	memcpy(p, data, bytes);
	CHECK_EQ(munmap(p, PAGE_SIZE), 0);
	return fd;
}

/* The reply as the script has it. */
static long reply_as_said(const struct fs_request *r, const struct script_answer *a)
{
	struct ipc_reply reply = {.addr = (uintptr_t)a->data, .bytes = a->data_bytes};
	int port = a->alien ? (int)ipc_port(0) : r->server->port;
	long ret;

	for (; reply.nr_handles < a->connections; reply.nr_handles++)
		reply.handles[reply.nr_handles] = (int)ipc_connect(port, ++script->next_cookie, 0);
	if (a->map) {
		reply.handles[reply.nr_handles++] = object_with(a->data, a->data_bytes);
		reply.bytes = 0;
	}
	ret = ipc_reply(r->server->port, r->token, a->status, a->word, a->word1, &reply);
	for (unsigned int i = 0; i < reply.nr_handles; i++)
		CHECK_EQ(close(reply.handles[i]), 0);
	return ret;
}

static long answer(struct fs_request *r)
{
	static const struct script_answer fine;
	unsigned int n = script->nr_seen;
	const struct script_answer *a = n < script->nr_answers ? &script->answers[n] : &fine;
	struct ipc_info info;
	struct script_seen *seen = &script->seen[n % SCRIPT_MAX];

	CHECK_EQ(fs_client(r, &info), 0);
	keep_seen(seen, r, &info);
	seen->answered = 1;
	script->nr_seen = n + 1;
	if (a->die)
		_exit(1);
	if (a->send_signal)
		CHECK_EQ(kill(info.pid, a->send_signal), 0);
	while (a->wait_gone && fs_client(r, &info) == 0)
		nap_ns(100000);
	if (a->linger)
		nap_ns(10000000);
	if (a->status != FS_DEFERRED)
		seen->answered = reply_as_said(r, a);
	/* As a server says it: the caller's memory is the caller's error. */
	if (seen->answered == -EFAULT)
		CHECK_EQ(ipc_reply(r->server->port, r->token, -EFAULT, 0, 0, NULL), 0);
	if (a->notify)
		CHECK_EQ(fs_notify(r->server, r->arg[1]), 0);
	return FS_DEFERRED;
}

static void count_closed(struct fs_server *s, uint64_t cookie, uint64_t code, uint64_t value)
{
	(void)s;
	(void)value;
	if (code == IPC_PULSE_CLOSED && cookie != ROOT_COOKIE)
		script->nr_closed++;
}

static int serve_script(int port)
{
	struct fs_server s = {.port = port, .pulse = count_closed};

	for (unsigned int op = 0; op < FS_OPS; op++)
		s.handlers[op] = answer;
	return fs_serve(&s) == 0;
}

void script_start(void)
{
	struct server s;

	need_ipc();
	script = mmap(NULL, sizeof(*script), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	CHECK(script != MAP_FAILED);
	/* All its pages are there from now on: tests of memory count them. */
	memset(script, 0, sizeof(*script));
	s = start_server_with(serve_script);
	script->server = s.pid;
	script->connection = s.connection;
	CHECK_EQ(fs_root(s.connection), 0);
	/* A server that begins has everybody ask anew who polls: not in the middle of a test. */
	CHECK_EQ(call1(script->connection, FS_OP(FS_SYNC, 0, 0), 0), 0);
	script->nr_seen = 0;
}

void script_end(unsigned int messages)
{
	/* An answer to this one comes after all pulses of what was closed before. */
	CHECK_EQ(call1(script->connection, FS_OP(FS_SYNC, 0, 0), 0), 0);
	CHECK_EQ(script->nr_seen, messages + 1);
	CHECK_EQ(script->nr_closed, script->next_cookie);
	CHECK_EQ(kill(script->server, SIGKILL), 0);
	CHECK_EQ(status_of_pid(script->server), KILLED(SIGKILL));
}

struct script_answer *script_answer(long status)
{
	struct script_answer *a;

	if (script->nr_answers < script->nr_seen)
		script->nr_answers = script->nr_seen;
	a = &script->answers[script->nr_answers++];
	CHECK(script->nr_answers <= SCRIPT_MAX);
	a->status = status;
	return a;
}

const struct script_seen *script_last(unsigned int back)
{
	CHECK(script->nr_seen > back && back < SCRIPT_MAX);
	return &script->seen[(script->nr_seen - 1 - back) % SCRIPT_MAX];
}

void check_seen(const struct script_seen *seen, unsigned int op, unsigned int flags,
		const char *path, uint64_t a1, uint64_t a2, uint64_t a3)
{
	CHECK_EQ(seen->op, op);
	CHECK_EQ(seen->flags, flags | (path ? FS_BY_PATH : 0));
	if (path && strcmp(seen->path, path) != 0) {
		say("# path \"%s\", not \"%s\"", seen->path, path);
		CHECK_EQ(strcmp(seen->path, path), 0);
	}
	CHECK_EQ(seen->arg[0], a1);
	CHECK_EQ(seen->arg[1], a2);
	CHECK_EQ(seen->arg[2], a3);
}
