/* ABI tests: interrupts as pulses, by a driver of the keyboard controller. */
#include "user/lib/keyboard.h"
#include "user/tests/machine.h"

#include <sched.h>
#include <signal.h>

#define MS     1000000ul
#define COOKIE 0xb0a7

struct driver {
	int irq, port;
};

/*
 * A driver of the keyboard, in this process, on the CPU that is interrupted: so each interrupt is taken before the
 * driver's next instructions. On another CPU they would come later, and several as one, which loses nothing.
 */
static struct driver start_driver(void)
{
	int machine = need_machine();
	struct driver d = {
		.irq = machine_irq(machine, KEYBOARD_IRQ, MACHINE_IRQ_ISA),
		.port = ipc_port(0),
	};

	CHECK(d.irq > machine && d.port > d.irq);
	CHECK_EQ(pin_to_cpu(0), 0);
	CHECK_EQ(keyboard_start(machine), 0);
	CHECK_EQ(irq_attach(d.irq, d.port, COOKIE), 0);
	return d;
}

static void expect_interrupt(const struct driver *d)
{
	struct ipc_message m;

	CHECK_EQ(ipc_receive(d->port, &m, NULL), 0);
	CHECK_EQ(m.words[0], IPC_PULSE_INTERRUPT);
	CHECK_EQ(m.cookie, COOKIE);
	CHECK_EQ(m.words[1], 1);
}

static void expect_silence(const struct driver *d)
{
	struct ipc_buffer b = {.timeout = 3 * MS};
	struct ipc_message m;

	CHECK_EQ(ipc_receive(d->port, &m, &b), -ETIMEDOUT);
}

TEST(machine, interrupts_are_pulses)
{
	struct driver d = start_driver();

	expect_silence(&d);
	for (unsigned int i = 0; i < 100; i++) {
		keyboard_send((uint8_t)i);
		expect_interrupt(&d);
		CHECK_EQ(keyboard_read(), (uint8_t)i);
		CHECK_EQ(irq_ack(d.irq), 0);
	}
	expect_silence(&d);
}

/* What comes before the acknowledgement is one more pulse, after it. */
TEST(machine, no_interrupt_is_lost_before_the_acknowledgement)
{
	struct driver d = start_driver();

	keyboard_send(1);
	expect_interrupt(&d);
	CHECK_EQ(keyboard_read(), 1);
	/* The driver has looked, finds nothing more, and then: */
	keyboard_send(2);
	expect_silence(&d);
	CHECK_EQ(irq_ack(d.irq), 0);
	expect_interrupt(&d);
	CHECK_EQ(keyboard_read(), 2);
	CHECK_EQ(irq_ack(d.irq), 0);
	expect_silence(&d);
	/* Five of them, and nobody acknowledges: the line is masked meanwhile, and open again afterwards. */
	for (int i = 0; i < 5; i++) {
		keyboard_send(3);
		CHECK_EQ(keyboard_read(), 3);
	}
	expect_interrupt(&d);
	expect_silence(&d);
	CHECK_EQ(irq_ack(d.irq), 0);
	expect_interrupt(&d);
	CHECK_EQ(irq_ack(d.irq), 0);
	keyboard_send(4);
	expect_interrupt(&d);
	CHECK_EQ(keyboard_read(), 4);
	CHECK_EQ(irq_ack(d.irq), 0);
	expect_silence(&d);
}

TEST(machine, a_line_has_one_driver)
{
	struct driver d = start_driver();
	int second = machine_irq(MACHINE_HANDLE, KEYBOARD_IRQ, MACHINE_IRQ_ISA), again = dup(d.irq);
	int port = ipc_port(0);
	struct driver moved = {.irq = again, .port = port};

	CHECK(second > 0 && again > 0 && port > 0);
	CHECK_EQ(irq_attach(second, d.port, 1), -EBUSY);
	CHECK_EQ(irq_ack(second), -EINVAL);
	/* The right is in the handle: whoever has it may move the line to another port. */
	CHECK_EQ(irq_attach(again, port, COOKIE), 0);
	CHECK_EQ(close(d.irq), 0);
	keyboard_send(9);
	expect_silence(&d);
	expect_interrupt(&moved);
	CHECK_EQ(keyboard_read(), 9);
	CHECK_EQ(irq_ack(again), 0);
	CHECK_EQ(close(again), 0);
	keyboard_send(10);
	expect_silence(&moved);
	CHECK_EQ(keyboard_read(), 10);
	/* It is free now. */
	moved.irq = second;
	CHECK_EQ(irq_attach(second, port, COOKIE), 0);
	keyboard_send(11);
	expect_interrupt(&moved);
	CHECK_EQ(keyboard_read(), 11);
}

static int killed_server(int port)
{
	struct driver d = {.irq = MACHINE_HANDLE + 1, .port = port};
	struct ipc_message m;
	long token = ipc_receive(port, &m, NULL);

	CHECK_EQ(keyboard_start(MACHINE_HANDLE), 0);
	CHECK_EQ(irq_attach(d.irq, port, COOKIE), 0);
	ipc_reply(port, token, 0, 0, 0, NULL);
	expect_interrupt(&d);
	/* It neither reads the byte nor acknowledges. */
	for (;;)
		pause();
}

/* The driver dies in the middle of an interrupt; its parent, who has the handle too, starts another one. */
TEST(machine, a_driver_dies_and_is_followed)
{
	int irq = machine_irq(need_machine(), KEYBOARD_IRQ, MACHINE_IRQ_ISA);
	struct driver d = {.irq = irq, .port = ipc_port(0)};
	struct server s;

	CHECK_EQ(irq, MACHINE_HANDLE + 1);
	CHECK_EQ(keyboard_start(MACHINE_HANDLE), 0);
	for (int i = 0; i < 10; i++) {
		s = start_server_with(killed_server);
		CHECK_EQ(call1(s.connection, 0, 0), 0);
		keyboard_send(1);
		nap_ns(MS / 10);
		CHECK_EQ(irq_attach(machine_irq(MACHINE_HANDLE, KEYBOARD_IRQ, MACHINE_IRQ_ISA),
				    d.port, 1),
			 -EBUSY);
		CHECK_EQ(kill(s.pid, SIGKILL), 0);
		CHECK_EQ(status_of_pid(s.pid), KILLED(SIGKILL));
		CHECK_EQ(close(s.connection), 0);
		CHECK_EQ(irq_ack(irq), -EINVAL);
		CHECK_EQ(keyboard_read(), 1);
	}
	CHECK_EQ(irq_attach(irq, d.port, COOKIE), 0);
	keyboard_send(2);
	expect_interrupt(&d);
	CHECK_EQ(keyboard_read(), 2);
}

/* The driver waits on another CPU than the one that is interrupted, with clients that call it meanwhile. */
static int echo_server(int port)
{
	struct driver d = {.irq = MACHINE_HANDLE + 1, .port = port};
	uint64_t interrupts = 0;
	struct ipc_message m;
	long token = ipc_receive(port, &m, NULL);

	CHECK_EQ(keyboard_start(MACHINE_HANDLE), 0);
	CHECK_EQ(irq_attach(d.irq, port, COOKIE), 0);
	while (token != 0 ? m.words[0] != SERVE_END : true) {
		if (!token) {
			CHECK_EQ(m.words[0], IPC_PULSE_INTERRUPT);
			interrupts++;
			(void)keyboard_read();
			CHECK_EQ(irq_ack(d.irq), 0);
		}
		m.words[0] = 0;
		token = ipc_reply_receive(port, token, (long)interrupts, &m, NULL);
	}
	ipc_reply(port, token, 0, 0, 0, NULL);
	return 0;
}

TEST(machine, interrupts_and_messages_of_one_server)
{
	long interrupts = 0;
	struct server s;

	CHECK_EQ(machine_irq(need_machine(), KEYBOARD_IRQ, MACHINE_IRQ_ISA), MACHINE_HANDLE + 1);
	CHECK_EQ(keyboard_start(MACHINE_HANDLE), 0);
	s = start_server_with(echo_server);
	CHECK_EQ(call1(s.connection, 1, 0), 0);
	for (int i = 1; i <= 200; i++) {
		keyboard_send(7);
		while (interrupts < i) {
			interrupts = call1(s.connection, 1, 0);
			CHECK(interrupts <= i);
			sched_yield();
		}
	}
	end_server(&s);
}

TEST(machine, interrupts_badly_asked_for)
{
	int machine = need_machine(), irq, port = ipc_port(0);

	CHECK_EQ(machine_irq(machine, 16, MACHINE_IRQ_ISA), -EINVAL);
	CHECK_EQ(machine_irq(machine, 1, MACHINE_IRQ_ISA | MACHINE_IRQ_LEVEL), -EINVAL);
	CHECK_EQ(machine_irq(machine, 1, 8), -EINVAL);
	CHECK_EQ(machine_irq(machine, 1000, 0), -ENODEV);
	CHECK_EQ(raw_syscall3(SYS_machine_irq, machine, 1ul << 32 | 1, 0), -ENODEV);
	CHECK_EQ(machine_irq(0, 1, 0), -EBADF);
	irq = machine_irq(machine, 23, MACHINE_IRQ_LEVEL | MACHINE_IRQ_LOW | MACHINE_CLOEXEC);
	CHECK(irq > port);
	CHECK_EQ(irq_ack(irq), -EINVAL);
	CHECK_EQ(irq_ack(machine), -EBADF);
	CHECK_EQ(irq_ack(-1), -EBADF);
	CHECK_EQ(irq_attach(irq, irq, 0), -EBADF);
	CHECK_EQ(irq_attach(irq, ipc_connect(port, 0, 0), 0), -EBADF);
	CHECK_EQ(irq_attach(port, port, 0), -EBADF);
	CHECK_EQ(irq_attach(irq, port, 0), 0);
	CHECK_EQ(close(port), 0);
	CHECK_EQ(irq_ack(irq), -EINVAL);
}
