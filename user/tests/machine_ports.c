/*
 * ABI tests: rights to I/O ports: who has them, and who dies of not having them. The port is the scratch register of
 * the first serial port: it keeps what is written to it, and does nothing.
 */
#include "user/tests/machine.h"

#include <signal.h>
#include <sched.h>

#define SCRATCH        0x3ff
#define SIGNAL(status) NO_CORE(status)

static void use_port(void)
{
	(void)port_read(SCRATCH);
}

/* The test's process may use the port from here on; the handle. */
static int enable_scratch(void)
{
	int ports = machine_ioports(need_machine(), SCRATCH, 1, 0);

	CHECK(ports > MACHINE_HANDLE);
	CHECK_EQ(ioports_enable(ports), 0);
	return ports;
}

static void check_scratch(uint8_t value)
{
	port_write(SCRATCH, value);
	CHECK_EQ(port_read(SCRATCH), value);
}

static void read_below(void)
{
	(void)port_read(SCRATCH - 1);
}

static void read_above(void)
{
	(void)port_read(SCRATCH + 1);
}

static void read_word_across_the_end(void)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "d"((uint16_t)SCRATCH));
}

static void read_last_port(void)
{
	(void)port_read(0xffff);
}

static void (*enabled_body)(void);

/* In a child: with the right to the scratch register. */
static void with_scratch(void)
{
	CHECK_EQ(ioports_enable(machine_ioports(MACHINE_HANDLE, SCRATCH, 1, 0)), 0);
	use_port();
	enabled_body();
}

static int status_with_scratch(void (*body)(void))
{
	enabled_body = body;
	return status_of(with_scratch);
}

TEST(machine, ports_are_for_who_has_enabled_them)
{
	CHECK(need_machine() >= 0);
	CHECK_EQ(SIGNAL(status_of(use_port)), KILLED(SIGSEGV));
	CHECK_EQ(status_with_scratch(use_port), EXITED(0));
	CHECK_EQ(SIGNAL(status_with_scratch(read_below)), KILLED(SIGSEGV));
	CHECK_EQ(SIGNAL(status_with_scratch(read_above)), KILLED(SIGSEGV));
	CHECK_EQ(SIGNAL(status_with_scratch(read_word_across_the_end)), KILLED(SIGSEGV));
	CHECK_EQ(SIGNAL(status_with_scratch(read_last_port)), KILLED(SIGSEGV));
	/* The handle alone is no right of the process, and a child does not inherit what its parent has. */
	enable_scratch();
	check_scratch(0x5a);
	CHECK_EQ(SIGNAL(status_of(use_port)), KILLED(SIGSEGV));
	check_scratch(0xa5);
}

static void enable_and_use(void)
{
	CHECK_EQ(ioports_enable(MACHINE_HANDLE + 1), 0);
	check_scratch(0x11);
}

TEST(machine, ports_by_an_inherited_handle)
{
	int ports = machine_ioports(need_machine(), SCRATCH, 1, 0);

	CHECK_EQ(ports, MACHINE_HANDLE + 1);
	CHECK_EQ(status_of(enable_and_use), EXITED(0));
	CHECK_EQ(SIGNAL(status_of(use_port)), KILLED(SIGSEGV));
}

/* More of them, one after the other: the first and the last that there are. */
TEST(machine, ports_add_up)
{
	int machine = need_machine(), ports = enable_scratch();

	check_scratch(1);
	CHECK_EQ(ioports_enable(machine_ioports(machine, 0xfffe, 2, 0)), 0);
	(void)port_read(0xffff);
	(void)port_read(0xfffe);
	check_scratch(2);
	CHECK_EQ(ioports_enable(machine_ioports(machine, 0x80, 1, 0)), 0);
	(void)port_read(0x80);
	/* A right that is closed stays a right. */
	CHECK_EQ(close(ports), 0);
	check_scratch(3);
}

TEST(machine, ports_badly_asked_for)
{
	int machine = need_machine();

	CHECK_EQ(machine_ioports(machine, 0, 0, 0), -EINVAL);
	CHECK_EQ(machine_ioports(machine, 0x10000, 1, 0), -EINVAL);
	CHECK_EQ(machine_ioports(machine, 0xffff, 2, 0), -EINVAL);
	CHECK_EQ(machine_ioports(machine, 1, -1u, 0), -EINVAL);
	CHECK_EQ(machine_ioports(machine, 1, 1, 1), -EINVAL);
	CHECK_EQ(machine_ioports(0, 1, 1, 0), -EBADF);
	CHECK_EQ(ioports_enable(machine), -EBADF);
	CHECK_EQ(ioports_enable(-1), -EBADF);
	CHECK_EQ(ioports_enable(0), -EBADF);
}

/* --- threads --- */

static volatile bool go;

static void *use_when_told(void *arg)
{
	pin_to_cpu((unsigned int)(uintptr_t)arg);
	while (!go)
		sched_yield();
	for (int i = 0; i < 50; i++) {
		use_port();
		sched_yield();
	}
	return NULL;
}

/* They run already, on every CPU, when one of them gets the right. */
TEST(machine, ports_are_for_all_threads)
{
	unsigned int cpus[8];
	int n = cpus_allowed(cpus, 8);
	pthread_t threads[8];

	CHECK(need_machine() >= 0);
	CHECK(n > 0);
	for (int i = 0; i < n; i++)
		threads[i] = start_thread(use_when_told, (void *)(uintptr_t)cpus[i]);
	enable_scratch();
	go = true;
	for (int i = 0; i < n; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

/* --- switches: on one CPU somebody with ports and somebody without take turns --- */

static int ports_server(int port)
{
	struct ipc_message m;
	long token = ipc_receive(port, &m, NULL);

	pin_to_cpu(0);
	CHECK_EQ(ioports_enable(MACHINE_HANDLE + 1), 0);
	while (m.words[0] != SERVE_END) {
		port_write(SCRATCH, (uint8_t)m.words[1]);
		token = ipc_reply_receive(port, token, port_read(SCRATCH), &m, NULL);
	}
	ipc_reply(port, token, 0, 0, 0, NULL);
	return 0;
}

static struct server peer;

/* Straight back from the one who has just used the port. */
static void call_and_use(void)
{
	pin_to_cpu(0);
	CHECK_EQ(call1(peer.connection, 0x100, 7), 7);
	use_port();
}

TEST(machine, ports_go_with_the_switch)
{
	CHECK_EQ(machine_ioports(need_machine(), SCRATCH, 1, 0), MACHINE_HANDLE + 1);
	pin_to_cpu(0);
	peer = start_server_with(ports_server);
	for (unsigned int i = 0; i < 50; i++) {
		CHECK_EQ(call1(peer.connection, 0x100, i), i);
		CHECK_EQ(SIGNAL(status_of(call_and_use)), KILLED(SIGSEGV));
	}
	end_server(&peer);
}

/* Two drivers of different ports, and neither gets the other's. */
static void other_port(void)
{
	pin_to_cpu(0);
	CHECK_EQ(ioports_enable(machine_ioports(MACHINE_HANDLE, 0x80, 1, 0)), 0);
	for (int i = 0; i < 20; i++) {
		(void)port_read(0x80);
		CHECK_EQ(call1(peer.connection, 0x100, 3), 3);
	}
	use_port();
}

TEST(machine, ports_of_two_drivers)
{
	CHECK_EQ(machine_ioports(need_machine(), SCRATCH, 1, 0), MACHINE_HANDLE + 1);
	peer = start_server_with(ports_server);
	CHECK_EQ(SIGNAL(status_of(other_port)), KILLED(SIGSEGV));
	end_server(&peer);
}

/* --- exec --- */

int use_port_after_exec(void)
{
	use_port();
	return 0;
}

static void exec_and_use(void)
{
	char *argv[] = {"abitest", "helper", "ports", NULL}, *envp[] = {NULL};

	enable_scratch();
	check_scratch(4);
	execve(options.self, argv, envp);
}

TEST(machine, ports_end_with_exec)
{
	CHECK(need_machine() >= 0);
	CHECK_EQ(SIGNAL(status_of(exec_and_use)), KILLED(SIGSEGV));
}
