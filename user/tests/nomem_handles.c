/*
 * ABI tests: every allocation fails once of the calls about handles, messages and files, and of those that look at
 * other processes; see nomem.c.
 */
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "kernel/abi/machine.h"
#include "user/lib/ipc.h"
#include "user/lib/procinfo.h"
#include "user/tests/files.h"
#include "user/tests/nomem.h"
#include "user/tests/procinfo.h"

#define RW      (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define P       PAGE_SIZE
#define AWAY    ((char *)((16ul << 30) - 8 * P)) /* a border of page tables is 8 pages on */

static char written[3 * PAGE_SIZE] = {1}; /* of the program's file */

/* What the last call has made, and a port for those that need one. */
static long made = -1, port = -1;

static void make_port(void)
{
	port = ipc_port(0);
	CHECK(port >= 0);
}

static void close_made(void)
{
	if (made >= 0)
		raw_syscall1(SYS_close, made);
	made = -1;
}

static long try_port(void)
{
	return made = ipc_port(0);
}

static long try_connect(void)
{
	return made = ipc_connect(port, 1, 0);
}

static long try_far_dup(void)
{
	return made = raw_syscall2(SYS_dup2, 1, 900);
}

static long try_object(void)
{
	return made = raw_syscall2(SYS_memobj_create, 100 * P, 0);
}

static void make_object(void)
{
	made = raw_syscall2(SYS_memobj_create, 100 * P, 0);
	CHECK(made >= 0);
}

static long view = -1;

static long try_view(void)
{
	return view = memobj_view((int)made, 0);
}

static void close_view(void)
{
	if (view >= 0)
		raw_syscall1(SYS_close, view);
	view = -1;
}

static long map_object(void)
{
	return raw_syscall6(SYS_mmap, (uintptr_t)AWAY, 100 * P, RW, MAP_SHARED | MAP_FIXED, made,
			    0);
}

static void unmap_object(void)
{
	munmap(AWAY, 100 * P);
}

/* A client that waits for good, with the program's own pages as its data; and where they are to go. */
static long token;

static void make_place(void)
{
	CHECK(mmap(AWAY, 16 * P, RW, PRIVATE | MAP_FIXED, -1, 0) == AWAY);
}

static void make_client(void)
{
	struct ipc_segment out = {(uintptr_t)written, 2 * P};
	struct ipc_msg m = {.out = (uintptr_t)&out, .nr_out = 1};
	struct ipc_message head;

	make_port();
	made = ipc_connect((int)port, 1, 0);
	if (fork() == 0)
		_exit(ipc_send((int)made, &m) != 0);
	token = ipc_receive((int)port, &head, NULL);
	CHECK(token > 0);
	make_place();
}

/* To both sides of a border of page tables. It can be tried again: the client still waits. */
static long read_message(void)
{
	return ipc_read((int)port, token, 0, AWAY + 7 * P, 2 * P);
}

/* Looking on: what the kernel gathers goes through a page of its own. */
static struct procinfo_map maps[4];
static struct procinfo_root roots[4];

static void make_right(void)
{
	made = machine_processes(MACHINE_HANDLE, 0);
	CHECK(made >= 0);
	make_place();
}

static long look_at_maps(void)
{
	return procinfo_maps((int)made, getpid(), 0, maps, 4);
}

static long look_at_roots(void)
{
	return procinfo_roots((int)made, 0, roots, 4);
}

static long look_at_arguments(void)
{
	return procinfo_args((int)made, getpid(), PROCINFO_ARGV, 0, AWAY + 7 * P, 4);
}

/* --- the file layer, whose server says 0 to everything --- */

static long try_stat(void)
{
	return raw_syscall2(SYS_stat, (uintptr_t) "/file", (uintptr_t)AWAY);
}

static long try_symlink(void)
{
	return raw_syscall2(SYS_symlink, (uintptr_t) "to", (uintptr_t) "from");
}

static long try_rename(void)
{
	return raw_syscall2(SYS_rename, (uintptr_t) "from", (uintptr_t) "to");
}

static long try_readv(void)
{
	struct iovec in[8];

	for (unsigned int i = 0; i < ARRAY_SIZE(in); i++)
		in[i] = (struct iovec){AWAY, 1};
	return raw_syscall3(SYS_readv, script->connection, (uintptr_t)in, ARRAY_SIZE(in));
}

static long try_poll(void)
{
	struct pollfd fds[8];

	for (unsigned int i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = (struct pollfd){.fd = script->connection, .events = POLLIN};
	return raw_syscall3(SYS_poll, (uintptr_t)fds, ARRAY_SIZE(fds), 0);
}

static const struct attempt handles[] = {
	{"port", NULL, try_port, close_made, .least = 1},
	{"connection", make_port, try_connect, close_made, .least = 1},
	{"dup2", NULL, try_far_dup, close_made, .least = 1, .kills = true, .once = true},
	{"memory object", NULL, try_object, close_made, .least = 1},
	{"view of an object", make_object, try_view, close_view, .least = 1},
	{"mmap of an object", make_object, map_object, unmap_object, .least = 1},
	{"data of a message", make_client, read_message, make_place, .least = 4},
};

static const struct attempt file_calls[] = {
	{"stat", make_place, try_stat, NULL, .least = 1},
	{"symlink", NULL, try_symlink, NULL, .least = 2},
	{"rename", NULL, try_rename, NULL, .least = 2},
	{"readv", make_place, try_readv, NULL, .least = 1},
	{"poll", NULL, try_poll, NULL, .least = 1},
};

static const struct attempt looks[] = {
	{"maps", make_right, look_at_maps, NULL, .least = 1},
	{"roots", make_right, look_at_roots, NULL, .least = 1},
	{"arguments", make_right, look_at_arguments, make_place, .least = 2},
};

TEST(nomem, handles)
{
	fail_all(handles, ARRAY_SIZE(handles));
}

TEST(nomem, files)
{
	script_start();
	fail_all(file_calls, ARRAY_SIZE(file_calls));
	CHECK_EQ(kill(script->server, SIGKILL), 0);
	CHECK_EQ(status_of_pid(script->server), KILLED(SIGKILL));
}

TEST(nomem, looks)
{
	CHECK_EQ(close(need_procinfo()), 0);
	fail_all(looks, ARRAY_SIZE(looks));
}
