/*
 * An interrupt on its way to a driver in user space. The device is the keyboard controller, which interrupts when the
 * driver writes a byte to it: at once, so that all that happens is between two reads of the clock.
 */
#include <errno.h>

#include "user/bench/bench.h"
#include "user/lib/ipc.h"
#include "user/lib/keyboard.h"

static int irq, port;
static uint8_t value;

/* The controller is to send the next byte that is written to it. */
static bool announce(void)
{
	keyboard_write(KEYBOARD_COMMAND, KEYBOARD_SEND);
	value++;
	return true;
}

/* The last store before the interrupt; then all that a driver does. */
static bool interrupt_served(void)
{
	struct ipc_message m;

	port_write(KEYBOARD_DATA, value);
	return ipc_receive(port, &m, NULL) == 0 && m.words[0] == IPC_PULSE_INTERRUPT &&
	       port_read(KEYBOARD_DATA) == value && irq_ack(irq) == 0;
}

static bool interrupt_alone(void)
{
	port_write(KEYBOARD_DATA, value);
	return true;
}

/* For it: the rest of the last one first. */
static bool serve_and_announce(void)
{
	struct ipc_buffer now = {.timeout = 1};
	struct ipc_message m;

	if (ipc_receive(port, &m, &now) == 0 &&
	    (port_read(KEYBOARD_DATA) != value || irq_ack(irq) != 0))
		return false;
	return announce();
}

int bench_irq(unsigned int n)
{
	int failed;

	irq = machine_irq(MACHINE_HANDLE, KEYBOARD_IRQ, MACHINE_IRQ_ISA);
	if (irq == -EBADF || irq == -ENOSYS) {
		put("bench-note: no machine handle, so no interrupts: init keeps it unless it is "
		    "told `machine`");
		put_line();
		return 0;
	}
	port = ipc_port(0);
	if (irq < 0 || port < 0 || keyboard_start(MACHINE_HANDLE) != 0 ||
	    irq_attach(irq, port, 1) != 0)
		return 1;
	failed = report_prepared("interrupt_served", announce, interrupt_served, 1, n);
	failed += report_prepared("interrupt_alone", serve_and_announce, interrupt_alone, 1, n);
	raw_syscall1(SYS_close, irq);
	raw_syscall1(SYS_close, port);
	put("bench-note: interrupt_served is a device's interrupt, the receive of its pulse, a "
	    "byte read from the device, "
	    "and irq_ack; interrupt_alone is the interrupt");
	put_line();
	return failed;
}
